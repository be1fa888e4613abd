#include "coverage/possible_intervals.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/bootstrap.hpp"

namespace jacobench::coverage {

namespace {

// Whether one linear step is not enough for it.
bool needs_nonlinear_fit(const IntervalMethod& method) {
  return method.refits || (method.covariance && needs_second_derivatives(*method.covariance));
}

}  // namespace

// Simultaneous coverage of new observations has no measure here.
bool is_possible(const MethodRequest& method, const IntervalRequest& request, const Scenario& scenario) {
  if (request.simultaneous != Simultaneous::none && request.kind == IntervalKind::prediction) return false;
  const Fit like{.network = scenario.network, .theta = {}, .data = {}, .decay = scenario.decay};
  return !method.method->why_not(like, method.options, request.band());
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
        (needs_nonlinear_fit(*method) || options.rank_policy != RankPolicy::refuse))
      throw InputError("fit.solver: linear_step does not go with the method {}{}; take least_squares",
                       method->name,
                       needs_nonlinear_fit(*method)
                           ? ""
                           : " and rank_policy " +
                                 name_in(rank_policy_table(), &RankPolicyInfo::policy, options.rank_policy));
  for (const IntervalRequest& interval : plan.intervals)
    if (const MethodRequest& request = plan.methods[interval.method];
        request.method->draws && !are_enough_refits(request.options.n_refits, interval.level))
      throw InputError("intervals.bootstrap: {} refits are too few for level {}; 999 are usual",
                       request.options.n_refits, interval.level);
}

}  // namespace jacobench::coverage
