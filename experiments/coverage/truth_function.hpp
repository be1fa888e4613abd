// Named functions that a study can take for the truth instead of a teacher network.
//
// Model:  y = f(x), x in [-1, 1]^D, as a design of scale 1 draws it
//           linear    1 + sum_d x_d
//           sine      sin(pi x_1)
//           two_bump  exp(-((x_1 + 0.4) / 0.3)^2) + 0.6 exp(-((x_1 - 0.5) / 0.2)^2)
//           friedman  10 sin(pi u_1 u_2) + 20 (u_3 - 1/2)^2 + 10 u_4 + 5 u_5,  u = (x + 1) / 2
//           step      1 for x_1 > 0, else 0
//         sine, two_bump and step leave the inputs after the first one without effect.
// Source: in the table
#pragma once

#include <span>
#include <string_view>

#include "jacobench/base/matrix.hpp"

namespace jacobench::coverage {

struct TruthFunctionInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  Index n_inputs;  // 0: any number
  double (*f)(std::span<const double> x);
};

std::span<const TruthFunctionInfo> truth_function_table();

// What a study can take for the truth: a teacher network, or a function.
struct TruthInfo {
  std::string_view name;
  std::string_view summary;
  const TruthFunctionInfo* function;  // null: a teacher
};

// The teacher first.
std::span<const TruthInfo> truth_table();

// Throws InputError where f is not a function of n_inputs inputs.
void check_n_inputs(const TruthFunctionInfo& truth, Index n_inputs);

// y = f(X), row by row.
// Shapes: X [N x D], y [N]
// Cost:   no allocation up to 16 inputs
// Errors: InputError as check_n_inputs, logic_error for shapes
void evaluate(const TruthFunctionInfo& truth, const MatrixView& X, Eigen::Ref<Vector> y);

}  // namespace jacobench::coverage
