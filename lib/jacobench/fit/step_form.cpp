#include "jacobench/fit/step_form.hpp"

#include <array>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/machine_memory.hpp"
#include "jacobench/fit/dual_factor.hpp"

namespace jacobench {
namespace {

constexpr std::array forms{
    StepFormInfo{StepForm::automatic, "auto", "what suits the numbers of parameters and observations"},
    StepFormInfo{StepForm::normal, "normal", "J'J and, at the end, a QR of J: memory of P x P"},
    StepFormInfo{StepForm::dual, "dual", "J K^-1 J' without J, of a penalty on all weights: memory of n x n"},
    StepFormInfo{StepForm::matrix_free, "matrix_free", "LSMR by products with J: memory of neither"},
};

// A form that is better in nothing but its work is to take so many times less of it.
constexpr double worth = 8;

// Iterations of LSMR that a step usually takes.
constexpr double usual_iterations = 200;

}  // namespace

std::span<const StepFormInfo> step_form_table() { return forms; }

double flops_of_step(const Perceptron& network, Index n_values, StepForm form) {
  constexpr double products = 10, passes_of_product = 3;
  const auto n = static_cast<double>(n_values), P = static_cast<double>(network.n_params());
  const double of_product = 2 * n * P;
  switch (form) {
    case StepForm::dual:
      return products * passes_of_product * of_product + n * n * n / 3;
    case StepForm::matrix_free:
      return usual_iterations * passes_of_product * of_product;
    default:
      return 2 * n * P * P + P * P * P / 3;
  }
}

double memory_of_step(const Perceptron& network, const Vector& decay, Index n_values, StepForm form) {
  const auto n = static_cast<double>(n_values), P = static_cast<double>(network.n_params());
  const double n_free = P - static_cast<double>((decay.array() > 0).count());
  constexpr double vectors = 30;  // of LSMR or of conjugate gradients, and of the fit
  switch (form) {
    case StepForm::dual:
      return sizeof(double) * (2 * n * n + 2 * n * n_free + n_free * n_free + vectors * (n + P));
    case StepForm::matrix_free:
      return sizeof(double) * vectors * (n + P);
    default:
      return sizeof(double) * 3 * P * P;
  }
}

StepForm form_of_steps(const Perceptron& network, const Vector& decay, Index n_values, StepForm wanted) {
  const bool has_dual = DualFactor::is_possible(network, decay);
  if (wanted == StepForm::dual && !has_dual)
    throw InputError(
        "the dual form takes a penalty on every weight, in each layer the product of a number an input and "
        "one "
        "a unit; give a decay, or choose another form");
  if (wanted != StepForm::automatic) return wanted;
  // A step of the dual form takes some eight times what its own equations cost: products with second derivatives, many
  // a step.
  const auto n = static_cast<double>(n_values), P = static_cast<double>(network.n_params());
  const double normal = n * P * P + P * P * P / 3, dual = n * n * P + n * n * n / 3;
  const StepForm by_matrices = has_dual && normal > worth * dual ? StepForm::dual : StepForm::normal;
  const double polishing = by_matrices == StepForm::normal ? 4 : 1;  // takes three times what a step does
  const bool takes_too_much =
      polishing * memory_of_step(network, decay, n_values, by_matrices) > machine_memory();
  return takes_too_much ? StepForm::matrix_free : by_matrices;
}

}  // namespace jacobench
