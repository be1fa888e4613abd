// The options of `fit` and `interval` that say how covariances are made.
#pragma once

#include <optional>
#include <string>

#include "jacobench/inference/interval_method.hpp"

#include "options/options.hpp"

namespace jacobench::cli {

class CovarianceChoice {
 public:
  // --rank_policy, --ridge, --dof, --sigma; `otherwise` says in words what they are where they are not given.
  void add_options(harness::OptionTable& table, const std::string& otherwise);

  // What was given, and the rest as it is in `otherwise`.
  // Throws InputError where --sigma and --dof do not go together.
  IntervalOptions options(IntervalOptions otherwise) const;

 private:
  std::optional<RankPolicy> rank_policy_;
  std::optional<double> ridge_;
  std::optional<DofRule> dof_rule_;
  std::optional<double> sigma_;
};

}  // namespace jacobench::cli
