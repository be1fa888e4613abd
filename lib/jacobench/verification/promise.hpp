// Whether a computed Jacobian keeps what its strategy promises (jacobian/strategy.hpp). Experiments, the command line
// and the tests all ask here.
//
//   analytic  every entry is to lie within the running error bound (error_bound.hpp)
//   numeric   every entry is to lie within numeric_error_bound (error_bound.hpp) of what the strategy promises for its
//             step and the steepness of the network; nothing is promised where that is empty
#pragma once

#include <optional>
#include <string>

#include "jacobench/verification/comparison.hpp"

namespace jacobench {

// In the order of how bad it is: of several Jacobians the largest counts.
enum class PromiseOutcome { not_promised, kept, broken };

// How a Jacobian was computed, and where.
struct JacobianOrigin {
  const StrategyInfo& strategy;
  std::optional<double> relative_step;  // numeric strategies; empty: the strategy's own
  std::optional<double> steepness;      // numeric strategies, as in StrategyInfo; empty: not known
  const Perceptron& network;
  const Vector& theta;
  const Matrix& X;
  Wrt wrt;
};

struct PromiseVerdict {
  PromiseOutcome outcome;
  ErrorSummary
      errors;  // max_over_bound is the largest error over what is promised, at most 1 where it is kept
  std::optional<double>
      promise;  // analytic: the largest bound over condition scale; numeric: the relative error
  std::string why_not_promised;  // empty where something is promised
};

// Shapes: J and the reference's Jacobian as in network/perceptron.hpp; the reference has at least the one of origin.wrt
// Cost:   that of error_scales and compare
// Errors: logic_error where the shapes differ
PromiseVerdict hold_to_promise(const JacobianOrigin& origin, const Matrix& J, const Reference& reference);

}  // namespace jacobench
