#include "jacobench/network/activation.hpp"

#include <array>
#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
namespace {

constexpr std::array table{
    ActivationInfo{.id = Activation::identity, .name = "identity", .summary = "z", .bends = false},
    ActivationInfo{.id = Activation::logistic,
                   .name = "logistic",
                   .summary = "1 / (1 + exp(-z))",
                   .value_ulp = 3,
                   .derivative_ulp = 3},
    ActivationInfo{
        .id = Activation::tanh, .name = "tanh", .summary = "tanh(z)", .value_ulp = 2.5, .derivative_ulp = 3},
    ActivationInfo{.id = Activation::relu,
                   .name = "relu",
                   .summary = "max(z, 0), with derivative 0 at z = 0",
                   .slope_jump = 1,
                   .bends = false},
    ActivationInfo{.id = Activation::softplus,
                   .name = "softplus",
                   .summary = "log(1 + exp(z))",
                   .value_ulp = 2,
                   .derivative_ulp = 3},
    ActivationInfo{
        .id = Activation::exp, .name = "exp", .summary = "exp(z)", .value_ulp = 1, .derivative_ulp = 1},
    ActivationInfo{.id = Activation::mish,
                   .name = "mish",
                   .summary = "z tanh(softplus(z))",
                   .value_ulp = 3.5,
                   .derivative_ulp = 4,
                   .derivative_scale = DerivativeScale::cancelling_terms},
    ActivationInfo{.id = Activation::leaky_relu,
                   .name = "leaky_relu",
                   .summary = "z for z > 0, 0.01 z otherwise",
                   .value_ulp = 0.5,
                   .derivative_ulp = 0,
                   .slope_jump = 0.99,
                   .bends = false},
    ActivationInfo{.id = Activation::elu,
                   .name = "elu",
                   .summary = "z for z > 0, exp(z) - 1 otherwise",
                   .value_ulp = 2,
                   .derivative_ulp = 1},
    ActivationInfo{.id = Activation::selu,
                   .name = "selu",
                   .summary = "1.0507 z for z > 0, 1.7581 (exp(z) - 1) otherwise",
                   .value_ulp = 2,
                   .derivative_ulp = 2.5,
                   .slope_jump = 1.0507 - 1.7581},
    ActivationInfo{.id = Activation::silu,
                   .name = "silu",
                   .summary = "z / (1 + exp(-z))",
                   .value_ulp = 3.5,
                   .derivative_ulp = 4,
                   .derivative_scale = DerivativeScale::cancelling_terms},
    ActivationInfo{.id = Activation::gelu,
                   .name = "gelu",
                   .summary = "z Phi(z), Phi the normal distribution, by erfc",
                   .value_ulp = 4,
                   .derivative_ulp = 4,
                   .derivative_scale = DerivativeScale::cancelling_terms},
    ActivationInfo{.id = Activation::softsign,
                   .name = "softsign",
                   .summary = "z / (1 + |z|)",
                   .value_ulp = 2,
                   .derivative_ulp = 4},
    ActivationInfo{.id = Activation::arctan,
                   .name = "arctan",
                   .summary = "arctan(z)",
                   .value_ulp = 1,
                   .derivative_ulp = 2.5},
    ActivationInfo{
        .id = Activation::sin, .name = "sin", .summary = "sin(z)", .value_ulp = 1, .derivative_ulp = 1},
    ActivationInfo{.id = Activation::gaussian,
                   .name = "gaussian",
                   .summary = "exp(-z^2 / 2)",
                   .value_ulp = 3,
                   .derivative_ulp = 3.5},
};

constexpr bool rows_stand_in_enum_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].id) != i) return false;
  return true;
}
static_assert(rows_stand_in_enum_order());
static_assert(table.size() == n_activations);

const kernel::ActivationKernels& kernels_of(Activation id) {
  return kernel::kernels().activations[static_cast<std::size_t>(id)];
}

}  // namespace

std::span<const ActivationInfo> activation_table() { return table; }

const ActivationInfo& info(Activation id) {
  const auto row = static_cast<std::size_t>(id);
  JB_EXPECT(row < table.size(), "activation {} is not in the table of {}", row, table.size());
  return table[row];
}

void ActivationInfo::value(const double* z, double* a, Index n) const { kernels_of(id).value(z, a, n); }

void ActivationInfo::value_and_derivative(const double* z, double* a, double* d, Index n) const {
  kernels_of(id).value_and_derivative(z, a, d, n);
}

void ActivationInfo::all(const double* z, double* a, double* d, double* d2, Index n) const {
  kernels_of(id).all(z, a, d, d2, n);
}

double derivative_magnitude(const ActivationInfo& phi, double z, double value, double slope) {
  if (phi.derivative_scale == DerivativeScale::itself || z == 0) return std::abs(slope);
  const double t = value / z;
  return std::abs(t) + std::abs(slope - t);
}

Activation activation_from_name(std::string_view name) {
  return find_by_name(activation_table(), name, "activation").id;
}

}  // namespace jacobench
