// A computed Jacobian held against the 50-digit reference.
#pragma once

#include <optional>

#include "jacobench/verification/error_bound.hpp"
#include "jacobench/verification/reference.hpp"

namespace jacobench {

// The error of a Jacobian J with reference J*, scale S, condition scale C and running error bound B
// (error_bound.hpp).
// A J with an entry that is not finite where J* is, or is finite where J* overflows, has infinite errors. Errors
// below 2^-960 count as none: there numbers underflow.
struct ErrorSummary {
  double max_scaled = 0;   // max |J - J*| / S, in units of 2^-53
  double mean_scaled = 0;  // the mean over entries
  double p99_scaled = 0;   // the 99th percentile over entries (the smallest error that 99% do not exceed)
  double max_relative_to_row = 0;  // max over entries of |J - J*| / ||row of J*||_2
  double correct_digits = 0;  // -log10(max_relative_to_row), at most the 15.95 digits of double precision
  Index n_overflows =
      0;  // entries that are infinite in J and beyond double precision in J*: no error is known of them
  Index worst_row = 0;  // where |J - J*| / S is largest
  Index worst_column = 0;
  double worst_computed = 0;
  double worst_reference = 0;
  std::optional<double> max_over_bound;  // max |J - J*| / B; empty without B
  Index over_bound_row = 0;              // where that is
  Index over_bound_column = 0;
  std::optional<double> max_bound;  // max B / C in units of 2^-53: what is promised; empty without B
};

// Errors: logic_error where the shapes differ.
ErrorSummary compare(const Matrix& J, const ReferenceMatrix& reference, const EntryScales& scales);

}  // namespace jacobench
