// Compiled once for each vector path, with JACOBENCH_PATH its name: see kernel/kernels.hpp for what may be included.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("schedule-insns", "sched-pressure")  // interleaves packs, see activation_kernels.hpp
#endif

#include "jacobench/kernel/path/activation_kernels.hpp"
#include "jacobench/kernel/path/batch_kernels.hpp"
#include "jacobench/kernel/path/cross_product_kernels.hpp"
#include "jacobench/kernel/path/lane_kernels.hpp"
#include "jacobench/kernel/path/qr_kernels.hpp"

#ifdef JACOBENCH_PATH_SCALAR
// <sleef.h> declares the first family only to those who compile for fused multiply-add.
#define JACOBENCH_FUNCTIONS(use) use(exp) use(expm1) use(log1p) use(tanh) use(sin) use(cos) use(atan)
#define JACOBENCH_DECLARE(name)                                \
  extern "C" double Sleef_finz_##name##d1_u10purecfma(double); \
  extern "C" double Sleef_cinz_##name##d1_u10purec(double);
JACOBENCH_FUNCTIONS(JACOBENCH_DECLARE)
#endif

namespace jacobench::kernel::JACOBENCH_PATH {

#ifdef JACOBENCH_PATH_SCALAR
#ifdef __x86_64__
// What the first of these calls needs is there before any constructor runs.
static bool has_fma() { return __builtin_cpu_init(), __builtin_cpu_supports("fma"); }
#define JACOBENCH_CHOOSE(name) has_fma() ? Sleef_finz_##name##d1_u10purecfma : Sleef_cinz_##name##d1_u10purec,
#else
#define JACOBENCH_CHOOSE(name) Sleef_finz_##name##d1_u10purecfma,
#endif
const ScalarFunctions scalar_functions = {JACOBENCH_FUNCTIONS(JACOBENCH_CHOOSE)};
#endif

extern const Kernels kernels;
constinit const Kernels kernels = {
    .lanes = lanes,
    .activations = {kernels_of<Identity>(), kernels_of<Logistic>(), kernels_of<Tanh>(), kernels_of<Relu>(),
                    kernels_of<Softplus>(), kernels_of<Exp>(), kernels_of<Mish>(), kernels_of<LeakyRelu>(),
                    kernels_of<Elu>(), kernels_of<Selu>(), kernels_of<Silu>(), kernels_of<Gelu>(),
                    kernels_of<Softsign>(), kernels_of<Arctan>(), kernels_of<Sin>(), kernels_of<Gaussian>()},
    .normal = normal,
    .multiply = multiply,
    .product = product,
    .add_product = add_product,
    .fill = fill<store>,
    .stream_fill = stream_fill,
    .write_columns = write_columns<true>,
    .write_ends = write_columns<false>,
    .stream_stretch = stream_stretch,
    .stream_shared = stream_shared,
    .stream_all = stream_all,
    .finish_streams = finish_streams,
    .dot = dot,
    .squares_of_columns = squares_of_columns,
    .add_scaled = add_scaled,
    .scale = scale,
    .add_cross_products = add_cross_products,
    .pivoted_qr = pivoted_qr,
    .invert_triangle = invert_triangle,
    .one_fit = lane_kernels_of<OneLane>(),
    .fits_side_by_side = lane_kernels_of<AllLanes>(),
};

}  // namespace jacobench::kernel::JACOBENCH_PATH
