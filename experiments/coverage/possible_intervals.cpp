#include "coverage/possible_intervals.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/bootstrap.hpp"

namespace jacobench::coverage {

bool is_possible(const MethodRequest& method, const IntervalRequest& request, const Scenario& scenario) {
  const std::optional<CovarianceKind>& kind = method.method->kind;
  if (kind && info(*kind).decay == Decay::needed && scenario.decay.size() == 0) return false;
  if (request.simultaneous != Simultaneous::none && request.kind == IntervalKind::prediction) return false;
  if (request.simultaneous == Simultaneous::sup_t)
    return kind.has_value() && scenario.solver == Solver::least_squares;
  return method.method->has_errors() ||
         (request.simultaneous == Simultaneous::none && request.kind == IntervalKind::mean);
}

void expect_possible_intervals(const ReplicatePlan& plan) {
  const Scenario& scenario = plan.scenario;
  if (scenario.network.n_outputs() != 1)
    throw InputError("network.outputs: is {}; coverage is measured for one output",
                     scenario.network.n_outputs());
  if (plan.intervals.empty())
    throw InputError(
        "intervals.methods: with these kinds, simultaneous methods and decays there is no interval to make; "
        "change one of them");
  for (const auto& [method, options] : plan.methods)
    if (scenario.solver == Solver::linear_step &&
        (method->needs_nonlinear_fit || options.policy != RankPolicy::refuse))
      throw InputError(
          "fit.solver: linear_step does not go with the method {}{}; take least_squares", method->name,
          method->needs_nonlinear_fit
              ? ""
              : " and rank_policy " + name_in(rank_policy_table(), &RankPolicyInfo::policy, options.policy));
  for (const IntervalRequest& interval : plan.intervals)
    if (const MethodRequest& request = plan.methods[interval.method];
        request.method->is_bootstrap && !are_enough_refits(request.options.n_bootstrap, interval.level))
      throw InputError("intervals.bootstrap: {} refits are too few for level {}; 999 are usual",
                       request.options.n_bootstrap, interval.level);
}

}  // namespace jacobench::coverage
