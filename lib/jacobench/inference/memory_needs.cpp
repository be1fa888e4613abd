#include "jacobench/inference/memory_needs.hpp"

#include <algorithm>

#include "jacobench/fit/penalised_jacobian.hpp"
#include "jacobench/fit/solvers.hpp"
#include "jacobench/inference/inverse_forms.hpp"
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

// J, its factorised copy, its orthogonal factor and what that is made in (fit/output_scales.hpp).
double own_scales(const ProblemSize& size) { return 4 * (size.n_values + size.n_penalised) * size.n_params; }

double factor_of_data(double n, double P) { return n < P ? 6 * n * P : 3 * n * P + P * P; }

// Of jacobian/held_products.hpp, along one direction, with all that stays there.
double passes(const ProblemSize& size) {
  constexpr double held = 6;
  const double all = held * size.n_activations;
  return size.form == StepForm::matrix_free ? std::min(all, PenalisedJacobian::usual_memory() / bytes) : all;
}

double primal_factor(const ProblemSize& size) {
  const double P = size.n_params;
  return 2 * (size.n_values + size.n_penalised) * P + P * P + size.n_values * P;
}

}  // namespace

ProblemSize::ProblemSize(const Perceptron& network, Index n_values_, const Vector& decay, StepForm wanted,
                         OutputNoise noise)
    : n_values(static_cast<double>(n_values_)),
      n_activations(activations_of(network, n_values)),
      n_params(static_cast<double>(network.n_params())),
      n_penalised(static_cast<double>((decay.array() > 0).count())),
      form(form_of_steps(network, decay, n_values_, wanted)),
      of_step(memory_of_step(network, decay, n_values_, form)),
      has_own_noise(network.n_outputs() > 1 && noise == OutputNoise::own) {}

double memory_of_fit(const ProblemSize& size, Index n_threads) {
  const auto workers = static_cast<double>(std::max<Index>(n_threads, 1));
  // Of X, Y and the values: those that are given, those of the result, and those of each thread, in its units.
  const double data = (2 + workers) * size.n_activations + (size.has_own_noise ? own_scales(size) : 0);
  if (size.form != StepForm::normal) {
    // The n x n form goes on in the network of the units that a penalty leaves in use, beside that of all.
    const double networks = size.form == StepForm::dual ? 2 : 1;
    // Points, gradients, steps and their bends; beside n x n matrices they count where P is much more than n.
    constexpr double vectors = 24;
    return bytes * (data + vectors * size.n_params) +
           workers * networks * (bytes * passes(size) + size.of_step);
  }
  return bytes * (data + polishing(size)) + workers * size.of_step;
}

double memory_of_inference(const ProblemSize& size, Inference what) {
  const double n = size.n_values, P = size.n_params;
  if (what == Inference::usual && InverseForms::are_possible(size.form, P, size.n_penalised, n)) {
    constexpr double matrices = 2;  // beside those of a step: H, and what it is made from
    const double more = size.form == StepForm::dual ? matrices * n * n : 0;
    return bytes * (2 * size.n_activations + passes(size) + more) + size.of_step;
  }
  double doubles = n * P + factor_of_data(n, P);
  const bool is_dual = TangentFactor::is_dual_cheaper(n, P, size.n_penalised);
  if (size.n_penalised > 0) doubles += is_dual ? 6 * n * P : primal_factor(size);
  if (what == Inference::by_second_derivatives) doubles += 4 * P * P + (is_dual ? primal_factor(size) : 0);
  return bytes * doubles;
}

}  // namespace jacobench
