// What theory says of the rows of a study, stated in its config and held by `check`.
//
// A rule is a list of column=value pairs, with blanks between them, that a row must all have: method=hc3 noise=normal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/row.hpp"

namespace jacobench::coverage {

// The rules of a study, by what they say of the rows they match.
struct Expectations {
  using Rules = std::optional<std::vector<std::string>>;

  Rules nominal = {}, under = {}, over = {};  // of the coverage, at 99.9 %
  Rules calibrated = {};                      // model SE over empirical SE is 1, within three standard errors
  Rules no_claim = {};  // too many replicates without an interval, full rank or a settled fit
};

// Throws InputError "KEY: ..." where a rule is not made of column=value pairs, names a column that is not an identity
// column, or matches none of these cells.
void check_rules(const Expectations& expectations, const harness::ColumnList& columns,
                 const std::vector<harness::Row>& cells);

// The figures of a row that rules are about.
struct Findings {
  double coverage, coverage_se, level;
  std::optional<double> se_ratio, se_ratio_se;
  bool is_claim = true;  // not the verdict `no claim`, which meets no rule about the coverage
};

// How far the row is from what is expected, 1 being as far as chance takes it; nothing where no rule matches.
struct Held {
  std::string expected;  // "nominal, calibrated"
  double over_allowance;
};
std::optional<Held> hold(const Expectations& expectations, const harness::ColumnList& columns,
                         const harness::Row& cell, const Findings& findings);

}  // namespace jacobench::coverage
