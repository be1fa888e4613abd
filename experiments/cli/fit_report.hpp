// What `jacobench fit` prints: the fit as a statistician reads it.
#pragma once

#include <iosfwd>

#include "jacobench/files/fit_file.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/inference/covariance.hpp"
#include "jacobench/inference/decay_choice.hpp"

namespace jacobench::cli {

struct ReportOptions {
  double level = 0.95;
  const DecayChoice* choice = nullptr;  // of the decay; null where it was given
};

// The data and the network, how the fit ended and whether it has settled, its decay and how that was chosen, units that
// run to infinity, sigma, the parameters with standard errors and intervals, what the data leave undetermined, and the
// stored curvature beside its rule of thumb.
void print_fit_report(std::ostream& out, const StoredFit& stored, Tangent& at, const Covariance& cov,
                      const ReportOptions& options);

}  // namespace jacobench::cli
