// What stands in the middle of each kind of covariance: V = T B B' T'. The formulas are in inference/covariance.hpp.
#pragma once

#include <string>

#include "jacobench/inference/covariance.hpp"

namespace jacobench {

struct Middle {
  Matrix B;  // [m x any]
  CovarianceStatus status = CovarianceStatus::ok;
  std::string reason = {};
};

// From what `so_far` holds: tangent, trace_h and sigma.
Middle middle_of(CovarianceKind kind, const Linearisation& at, const Covariance& so_far);

}  // namespace jacobench
