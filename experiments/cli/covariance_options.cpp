#include "cli/covariance_options.hpp"

#include "jacobench/base/errors.hpp"

namespace jacobench::cli {

using namespace harness;

void CovarianceChoice::add_options(OptionTable& table, const CovarianceDefaults& otherwise) {
  table.add("rank_policy", "where the data leave directions open; auto: " + otherwise.rank_policy,
            rank_policy_, value_or("auto", one_of(rank_policy_table(), &RankPolicyInfo::policy)));
  table.add("ridge", "of rank policy ridge, relative to the largest singular value; auto: " + otherwise.ridge,
            ridge_, value_or("auto", real_number(1e-16, 1)));
  table.add("dof", "degrees of freedom left for sigma; auto: " + otherwise.dof, dof_rule_,
            value_or("auto", one_of(dof_rule_table(), &DofRuleInfo::rule)));
  table.add("sigma", "standard deviation of the noise, where it is known; auto: " + otherwise.sigma, sigma_,
            value_or("auto", real_number(1e-300, 1e300)));
}

IntervalOptions CovarianceChoice::options(IntervalOptions otherwise) const {
  otherwise.rank_policy = rank_policy_.value_or(otherwise.rank_policy);
  otherwise.ridge = ridge_.value_or(otherwise.ridge);
  if (dof_rule_) otherwise.dof_rule = *dof_rule_;
  if (sigma_) {
    otherwise.dof_rule = DofRule::known_sigma;
    otherwise.known_sigma = sigma_;
  }
  if (otherwise.dof_rule != DofRule::known_sigma) otherwise.known_sigma.reset();
  if (otherwise.dof_rule == DofRule::known_sigma && !otherwise.known_sigma)
    throw InputError("--dof known_sigma: needs --sigma, the standard deviation that is known");
  return otherwise;
}

namespace {

double scale_of_sigma(const StoredFit& stored) {
  const Vector& scale = stored.output_map.scale;
  if (scale.size() > 1 && (scale.array() != scale[0]).any())
    throw InputError("--sigma: the {} outputs are scaled by the model, each by its own; leave it out",
                     scale.size());
  return scale.size() > 0 ? scale[0] : 1;
}

}  // namespace

IntervalOptions in_units_of_network(IntervalOptions options, const StoredFit& stored) {
  if (options.known_sigma) options.known_sigma = *options.known_sigma / scale_of_sigma(stored);
  return options;
}

IntervalOptions in_units_of_data(IntervalOptions options, const StoredFit& stored) {
  if (options.known_sigma) options.known_sigma = *options.known_sigma * scale_of_sigma(stored);
  return options;
}

}  // namespace jacobench::cli
