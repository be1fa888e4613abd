// The forms in which a damped step is solved for, and which of them suits a problem.
#pragma once

#include <span>
#include <string_view>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

enum class StepForm { automatic, normal, dual, matrix_free };

struct StepFormInfo {
  StepForm form;
  std::string_view name;
  std::string_view summary;
};
std::span<const StepFormInfo> step_form_table();

// The form that is taken: what was asked for; of automatic the n x n form where it is possible and takes much less work
// than that of J'J, and products with J alone where the better of the two takes memory that the machine does not have.
// decay [P] as in fit/fit.hpp.
// Errors: InputError where dual is asked for and the penalty does not allow it
StepForm form_of_steps(const Perceptron& network, const Vector& decay, Index n_values, StepForm wanted);

// About what a step of this form takes, second derivatives included.
double flops_of_step(const Perceptron& network, Index n_values, StepForm form);

// What its matrices take beside the passes over the data, of one thread, in bytes.
double memory_of_step(const Perceptron& network, const Vector& decay, Index n_values, StepForm form);

}  // namespace jacobench
