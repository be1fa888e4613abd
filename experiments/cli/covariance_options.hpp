// The options of `fit` and `interval` that say how covariances are made.
#pragma once

#include <optional>

#include "jacobench/inference/interval_method.hpp"

#include "options/options.hpp"

namespace jacobench::cli {

class CovarianceChoice {
 public:
  // --rank_policy, --ridge, --dof, --sigma
  void add_options(harness::OptionTable& table);

  // Throws InputError where --sigma and --dof do not go together.
  IntervalOptions options() const;

 private:
  RankPolicy rank_policy_ = RankPolicy::refuse;
  double ridge_ = 1e-6;
  DofRule dof_rule_ = DofRule::n_minus_rank;
  std::optional<double> sigma_;
};

}  // namespace jacobench::cli
