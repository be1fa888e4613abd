// The memory that a fit and what is inferred from it take, before any of it is taken: what grows with parameters times
// observations or with parameters squared, route by route, the data and what units make of them, where neither is held
// the vectors of parameters as well, and nothing of what stays in the cache.
#pragma once

#include "jacobench/fit/dataset.hpp"
#include "jacobench/fit/step_form.hpp"

namespace jacobench {

// What counts of a problem. Of the penalty only which parameters it leaves free, and how steps are then solved for.
struct ProblemSize {
  double n_values;       // N K
  double n_activations;  // N (D + all units)
  double n_params;       // P
  double n_penalised;    // of these
  StepForm form;         // fit/step_form.hpp; never automatic
  double of_step;        // bytes of the matrices of a step
  bool has_own_noise;    // of several outputs, each

  // Errors: those of form_of_steps
  ProblemSize(const Perceptron& network, Index n_values, const Vector& decay,
              StepForm wanted = StepForm::automatic, OutputNoise noise = OutputNoise::own);
};

// In bytes. Of a fit: per thread J'J, what it is damped and bent to, or n x n and the activations with their
// derivatives, which the matrix-free form may have in batches only; and the workspaces of polishing. Where outputs have
// noise of their own, J and its orthogonal factor, by which that is estimated.
double memory_of_fit(const ProblemSize& size, Index n_threads);

// What is inferred: by the covariance that a penalised fit has without J, where its form allows that
// (inference/inverse_forms.hpp); by the tangent with J, its factors and any other kind; with the second derivatives of
// the hessian kinds.
enum class Inference { usual, by_jacobian, by_second_derivatives };
double memory_of_inference(const ProblemSize& size, Inference what);

}  // namespace jacobench
