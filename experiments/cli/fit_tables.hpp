// A fit as tables that programs read: one row a parameter, one row a fit, as R's broom has them (tidy, glance).
#pragma once

#include "cli/fit_report.hpp"
#include "study/row.hpp"

namespace jacobench::cli {

inline constexpr std::string_view no_parameters_words =
    "the matrix-free form has standard errors of fitted values only: those of parameters take a system of "
    "equations each";

// parameter, estimate, std_error, statistic (their ratio), lower, upper at the level; reason where a figure is missing.
harness::RowTable coefficients_table(const StoredFit& stored, Tangent& at, const Covariance& cov,
                                     const ReportOptions& options);

// What the report says of the fit as a whole. Null is what it does not have; `reason` says why there are no standard
// errors.
harness::RowTable summary_table(const StoredFit& stored, Tangent& at, const Covariance& cov,
                                const ReportOptions& options);

}  // namespace jacobench::cli
