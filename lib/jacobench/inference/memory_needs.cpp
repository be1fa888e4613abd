#include "jacobench/inference/memory_needs.hpp"

#include <algorithm>

#include "jacobench/fit/dual_equations.hpp"
#include "jacobench/fit/solvers.hpp"
#include "jacobench/inference/tangent_factor.hpp"

namespace jacobench {
namespace {

constexpr double bytes = sizeof(double);

// J in two workspaces, as it is and factorised; or the triangle of it, made by blocks.
double polishing(const ProblemSize& size) {
  const double P = size.n_params, rows = size.n_values + size.n_penalised;
  const bool is_held = holds_jacobian(rows, P);
  const double held = is_held ? rows : P + 1, triangle = is_held ? 0 : P * P;
  return 2 * (2 * held * P + triangle) + 2 * (std::min(held, P) + P) * P + 2 * P * P;
}

double activations_of(const Perceptron& network, double n_values) {
  Index n = network.n_inputs();
  for (const Layer& layer : network.layers()) n += layer.n_units;
  return n_values / static_cast<double>(network.n_outputs()) * static_cast<double>(n);
}

double factor_of_data(double n, double P) { return n < P ? 6 * n * P : 3 * n * P + P * P; }

double primal_factor(const ProblemSize& size) {
  const double P = size.n_params;
  return 2 * (size.n_values + size.n_penalised) * P + P * P + size.n_values * P;
}

}  // namespace

ProblemSize::ProblemSize(const Perceptron& network, Index n_values_, const Vector& decay)
    : n_values(static_cast<double>(n_values_)),
      n_activations(activations_of(network, n_values)),
      n_params(static_cast<double>(network.n_params())),
      n_penalised(static_cast<double>((decay.array() > 0).count())),
      has_dual_steps(prefer_dual(network, decay, n_values_)) {}

double memory_of_fit(const ProblemSize& size, Index n_threads) {
  const double n = size.n_values, P = size.n_params, n_free = P - size.n_penalised;
  const auto workers = static_cast<double>(std::max<Index>(n_threads, 1));
  // Of X, Y and the values: those that are given, those of the result, and those of each thread, in its units.
  const double data = (2 + workers) * size.n_activations;
  if (size.has_dual_steps) {
    constexpr double held = 6;  // of jacobian/held_products.hpp, along one direction
    return bytes *
           (data + workers * (2 * n * n + 2 * n * n_free + n_free * n_free + held * size.n_activations));
  }
  return bytes * (data + workers * 3 * P * P + polishing(size));
}

double memory_of_inference(const ProblemSize& size, bool with_second_derivatives) {
  const double n = size.n_values, P = size.n_params;
  double doubles = n * P + factor_of_data(n, P);
  const bool is_dual = n < P && size.n_penalised > 0 && TangentFactor::dual_is_cheaper(n, P);
  if (size.n_penalised > 0) doubles += is_dual ? 6 * n * P : primal_factor(size);
  if (with_second_derivatives) doubles += 4 * P * P + (is_dual ? primal_factor(size) : 0);
  return bytes * doubles;
}

}  // namespace jacobench
