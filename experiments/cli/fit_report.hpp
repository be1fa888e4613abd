// What `jacobench fit` prints: the fit as a statistician reads it.
#pragma once

#include <iosfwd>

#include "jacobench/files/fit_file.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/inference/covariance.hpp"

namespace jacobench::cli {

// The data and the network, how the fit ended, sigma, the parameters with standard errors and intervals, what the data
// leave undetermined, and curvature beside its rule of thumb.
void print_fit_report(std::ostream& out, const StoredFit& stored, Tangent& at, const Covariance& cov,
                      double level);

}  // namespace jacobench::cli
