// The options of `fit` and `interval` that say which covariance is meant.
#pragma once

#include <optional>
#include <string>

#include "jacobench/inference/covariance.hpp"

#include "options/options.hpp"

namespace jacobench::cli {

class CovarianceChoice {
 public:
  // --rank_policy, --ridge, --dof, --sigma
  void add_options(harness::OptionTable& table);

  // Throws InputError where --sigma and --dof do not go together.
  CovarianceOptions options(CovarianceKind kind) const;

 private:
  std::string rank_policy_ = "refuse";
  double ridge_ = 1e-6;
  std::string dof_rule_ = "n_minus_rank";
  std::optional<double> sigma_;
};

}  // namespace jacobench::cli
