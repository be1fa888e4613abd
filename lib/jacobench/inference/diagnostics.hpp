// How single observations bear on a fit.
//
// Model:  h the leverages, s the covariance's sigma, r the weighted residuals
//         studentised           r / (s sqrt(1 - h))
//         deleted studentised   r / (s_(i) sqrt(1 - h)),  s_(i)^2 = (dof s^2 - r^2 / (1 - h)) / (dof - 1): t with dof -
//                               1
//         leave-one-out         (y - f) / (1 - h), in the units of y: exact for a linear fit, to first order otherwise
// Shapes: [N K] each, row k N + n
// Errors: an entry that is not defined (h = 1: the fit passes through the observation whatever it is; a known sigma or
//         dof <= 1 for the deleted ones) is absent
// Source: Cook and Weisberg (1982), Residuals and Influence in Regression, ch. 2; St Laurent and Cook (1992), JASA 87
#pragma once

#include "jacobench/inference/covariance.hpp"

namespace jacobench {

using MaybeValues = std::vector<std::optional<double>>;

struct Diagnostics {
  Vector residuals;  // y - f
  Vector leverages;
  MaybeValues studentised;
  MaybeValues deleted_studentised;
  MaybeValues leave_one_out;
};

// Errors: logic_error unless cov.ok()
Diagnostics diagnose(const Tangent& at, const Covariance& cov);

}  // namespace jacobench
