#include "cli/covariance_options.hpp"

#include "jacobench/base/errors.hpp"

namespace jacobench::cli {

using namespace harness;

void CovarianceChoice::add_options(OptionTable& table) {
  table.add("rank_policy", "where the data leave directions open", rank_policy_,
            one_of(rank_policy_table(), &RankPolicyInfo::policy));
  table.add("ridge", "of --rank_policy ridge, relative to the largest singular value", ridge_,
            real_number(1e-16, 1));
  table.add("dof", "degrees of freedom left for sigma", dof_rule_, one_of(dof_rule_table(), &DofRuleInfo::rule));
  table.add("sigma", "standard deviation of the noise, where it is known", sigma_,
            value_or("unknown", real_number(1e-300, 1e300)));
}

IntervalOptions CovarianceChoice::options() const {
  const DofRule rule = sigma_ ? DofRule::known_sigma : dof_rule_;
  if (rule == DofRule::known_sigma && !sigma_)
    throw InputError("--dof known_sigma: needs --sigma, the standard deviation that is known");
  return {.dof_rule = rule,
          .known_sigma = sigma_,
          .rank_policy = rank_policy_,
          .ridge = ridge_};
}

}  // namespace jacobench::cli
