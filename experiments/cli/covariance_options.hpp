// The options of `fit` and `interval` that say how covariances are made.
#pragma once

#include <optional>
#include <string>

#include "jacobench/files/fit_file.hpp"

#include "options/options.hpp"

namespace jacobench::cli {

// What each option is where it is not given, in words.
struct CovarianceDefaults {
  std::string rank_policy, ridge, dof, sigma;
};

class CovarianceChoice {
 public:
  // --rank_policy, --ridge, --dof, --sigma
  void add_options(harness::OptionTable& table, const CovarianceDefaults& otherwise);

  // What was given, and the rest as it is in `otherwise`.
  // Throws InputError where --sigma and --dof do not go together.
  IntervalOptions options(IntervalOptions otherwise) const;

 private:
  std::optional<RankPolicy> rank_policy_;
  std::optional<double> ridge_;
  std::optional<DofRule> dof_rule_;
  std::optional<double> sigma_;
};

// Options whose sigma is in the units of the network, of those where it is in the units of the outputs, and the other
// way round. Throws InputError for a known sigma of several outputs that are scaled.
IntervalOptions in_units_of_network(IntervalOptions options, const StoredFit& stored);
IntervalOptions in_units_of_data(IntervalOptions options, const StoredFit& stored);

}  // namespace jacobench::cli
