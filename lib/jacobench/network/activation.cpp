#include "jacobench/network/activation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/network/activation_formulas.hpp"

namespace jacobench {
namespace {

using formula::Jet;
using formula::Order;

// Applies a formula to n doubles. The last, partial pack goes through a buffer and the same formula, so that
// the bits of a result do not depend on where in the array it stands.
template <class Formula, Order order, class Store>
void for_each_pack(const double* z, Index n, Store store) {
  Index i = 0;
  for (; i + simd::lanes <= n; i += simd::lanes)
    store(Formula::template at<order>(simd::load(z + i)), i, simd::lanes);
  if (i == n) return;
  std::array<double, simd::lanes> buffer{};
  std::copy(z + i, z + n, buffer.begin());
  store(Formula::template at<order>(simd::load(buffer.data())), i, n - i);
}

void store_first(simd::Pack pack, double* out, Index n) {
  if (n == simd::lanes) return simd::store(out, pack);
  std::array<double, simd::lanes> buffer;
  simd::store(buffer.data(), pack);
  std::copy_n(buffer.begin(), n, out);
}

template <class Formula>
void value(const double* z, double* a, Index n) {
  for_each_pack<Formula, Order::value>(
      z, n, [&](const Jet& jet, Index at, Index count) { store_first(jet.value, a + at, count); });
}

template <class Formula>
void value_and_derivative(const double* z, double* a, double* d, Index n) {
  for_each_pack<Formula, Order::first>(z, n, [&](const Jet& jet, Index at, Index count) {
    store_first(jet.value, a + at, count);
    store_first(jet.first, d + at, count);
  });
}

template <class Formula>
void all(const double* z, double* a, double* d, double* d2, Index n) {
  for_each_pack<Formula, Order::second>(z, n, [&](const Jet& jet, Index at, Index count) {
    store_first(jet.value, a + at, count);
    store_first(jet.first, d + at, count);
    store_first(jet.second, d2 + at, count);
  });
}

template <class Formula>
constexpr ActivationInfo with(ActivationInfo row) {
  row.value = value<Formula>;
  row.value_and_derivative = value_and_derivative<Formula>;
  row.all = all<Formula>;
  return row;
}

constexpr std::array table{
    with<formula::Identity>({.id = Activation::identity, .name = "identity", .summary = "z"}),
    with<formula::Logistic>({.id = Activation::logistic,
                             .name = "logistic",
                             .summary = "1 / (1 + exp(-z))",
                             .value_ulp = 3,
                             .derivative_ulp = 3}),
    with<formula::Tanh>({.id = Activation::tanh,
                         .name = "tanh",
                         .summary = "tanh(z)",
                         .value_ulp = 2.5,
                         .derivative_ulp = 3}),
    with<formula::Relu>({.id = Activation::relu,
                         .name = "relu",
                         .summary = "max(z, 0), with derivative 0 at z = 0",
                         .slope_jump = 1}),
    with<formula::Softplus>({.id = Activation::softplus,
                             .name = "softplus",
                             .summary = "log(1 + exp(z))",
                             .value_ulp = 2,
                             .derivative_ulp = 3}),
    with<formula::Exp>(
        {.id = Activation::exp, .name = "exp", .summary = "exp(z)", .value_ulp = 1, .derivative_ulp = 1}),
    with<formula::Mish>({.id = Activation::mish,
                         .name = "mish",
                         .summary = "z tanh(softplus(z))",
                         .value_ulp = 3.5,
                         .derivative_ulp = 4,
                         .derivative_scale = DerivativeScale::cancelling_terms}),
    with<formula::LeakyRelu>({.id = Activation::leaky_relu,
                              .name = "leaky_relu",
                              .summary = "z for z > 0, 0.01 z otherwise",
                              .value_ulp = 0.5,
                              .derivative_ulp = 0,
                              .slope_jump = 0.99}),
    with<formula::Elu>({.id = Activation::elu,
                        .name = "elu",
                        .summary = "z for z > 0, exp(z) - 1 otherwise",
                        .value_ulp = 2,
                        .derivative_ulp = 1}),
    with<formula::Selu>({.id = Activation::selu,
                         .name = "selu",
                         .summary = "1.0507 z for z > 0, 1.7581 (exp(z) - 1) otherwise",
                         .value_ulp = 2,
                         .derivative_ulp = 2.5,
                         .slope_jump = 1.0507 - 1.7581}),
    with<formula::Silu>({.id = Activation::silu,
                         .name = "silu",
                         .summary = "z / (1 + exp(-z))",
                         .value_ulp = 3.5,
                         .derivative_ulp = 4,
                         .derivative_scale = DerivativeScale::cancelling_terms}),
    with<formula::Gelu>({.id = Activation::gelu,
                         .name = "gelu",
                         .summary = "z Phi(z), Phi the normal distribution, by erfc",
                         .value_ulp = 4,
                         .derivative_ulp = 4,
                         .derivative_scale = DerivativeScale::cancelling_terms,
                         .accurate_above = -37.5}),
    with<formula::Softsign>({.id = Activation::softsign,
                             .name = "softsign",
                             .summary = "z / (1 + |z|)",
                             .value_ulp = 2,
                             .derivative_ulp = 4}),
    with<formula::Arctan>({.id = Activation::arctan,
                           .name = "arctan",
                           .summary = "arctan(z)",
                           .value_ulp = 1,
                           .derivative_ulp = 2.5}),
    with<formula::Sin>(
        {.id = Activation::sin, .name = "sin", .summary = "sin(z)", .value_ulp = 1, .derivative_ulp = 1}),
    with<formula::Gaussian>({.id = Activation::gaussian,
                             .name = "gaussian",
                             .summary = "exp(-z^2 / 2)",
                             .value_ulp = 3,
                             .derivative_ulp = 3.5}),
};

constexpr bool rows_stand_in_enum_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].id) != i) return false;
  return true;
}
static_assert(rows_stand_in_enum_order());

}  // namespace

std::span<const ActivationInfo> activation_table() { return table; }

const ActivationInfo& info(Activation id) {
  const auto row = static_cast<std::size_t>(id);
  JB_EXPECT(row < table.size(), "activation {} is not in the table of {}", row, table.size());
  return table[row];
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
