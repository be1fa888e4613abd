#include "harness/build_info.hpp"

#include "commit.hpp"
#include "compile_settings.hpp"

namespace jacobench::harness {
namespace {

constexpr std::string_view simd =
#if defined(__AVX512F__)
    "AVX-512";
#elif defined(__AVX2__)
    "AVX2";
#elif defined(__AVX__)
    "AVX";
#elif defined(__SSE2__)
    "SSE2";
#elif defined(__ARM_FEATURE_SVE)
    "SVE";
#elif defined(__ARM_NEON)
    "NEON";
#else
    "none";
#endif

constexpr LibraryVersion libraries[] = {
    {"Eigen", JACOBENCH_EIGEN_VERSION},        {"Ceres", JACOBENCH_CERES_VERSION},
    {"Boost", JACOBENCH_BOOST_VERSION},        {"fmt", JACOBENCH_FMT_VERSION},
    {"nlohmann_json", JACOBENCH_JSON_VERSION}, {"SLEEF", JACOBENCH_SLEEF_VERSION},
};

constexpr BuildInfo info = {
    .version = JACOBENCH_VERSION,
    .commit = JACOBENCH_COMMIT,
    .tree_state = JACOBENCH_TREE_STATE,
    .compiler = JACOBENCH_COMPILER,
    .flags = JACOBENCH_COMPILE_FLAGS,
    .build_type = JACOBENCH_BUILD_TYPE,
    .simd = simd,
    .libraries = libraries,
};

}  // namespace

const BuildInfo& build_info() { return info; }

}  // namespace jacobench::harness
