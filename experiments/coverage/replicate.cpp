#include "coverage/replicate.hpp"

#include <cmath>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "jacobench/inference/quantiles.hpp"

namespace jacobench::coverage {
// Quantiles are dear, and most of the time the same as in the replicate before.
class Multipliers {
 public:
  Multipliers() { known_.reserve(most_kept); }

  // n_directions: of Scheffe.
  double of(const IntervalRequest& request, Index n_points, Index n_directions, double dof) {
    const Key key{request.simultaneous, request.level, n_points, n_directions, dof};
    for (const auto& [known, q] : known_)
      if (known == key) return q;
    if (known_.size() == most_kept) known_.clear();
    return known_.emplace_back(key, compute(key)).second;
  }

 private:
  using Key = std::tuple<Simultaneous, double, Index, Index, double>;
  static constexpr std::size_t most_kept = 64;  // degrees of freedom may differ from replicate to replicate

  static double compute(const Key& key) {
    const auto [simultaneous, level, n_points, n_directions, dof] = key;
    return interval_multiplier(simultaneous, level, 2, n_points, static_cast<double>(n_directions), dof);
  }

  std::vector<std::pair<Key, double>> known_;
};

namespace {

Eigen::Map<Vector> part(std::span<double> record, std::size_t at, Index n) { return {&record[at], n}; }

std::vector<Region> regions_of(const Scenario& scenario) {
  std::vector<Region> regions{{0, scenario.n_inside}};
  if (scenario.n_beyond > 0) regions.push_back({scenario.n_inside, scenario.n_beyond});
  return regions;
}

double sup_t(const MethodRequest& request, const IntervalRequest& interval, const Region& region,
             const FittedReplicate& fitted, Index n_simulations) {
  const Scenario& scenario = fitted.scenario;
  const Covariance cov =
      covariance(linearisation(fitted), covariance_options(*request.method->kind, scenario, request.options));
  const Matrix points = fitted.points.middleRows(region.begin, region.size);
  const JointError error{cov.factor_of(gradients_at(scenario.network, fitted.theta, points, fitted.jacobian)),
                         Vector::Zero(region.size)};
  return sup_t_multiplier(error, cov.dof,
                          {.level = interval.level,
                           .seed = cell_number(fmt::format("sup_t {} {}", scenario.seed, fitted.replicate)),
                           .n_simulations = n_simulations})
      .value;
}

}  // namespace

RecordLayout::RecordLayout(const ReplicatePlan& plan)
    : n_strategies_(plan.strategies.size()),
      n_methods_(plan.methods.size()),
      n_intervals_(plan.intervals.size()),
      n_points_(plan.scenario.n_points()) {}

ReplicateContext::ReplicateContext(ReplicatePlan the_plan)
    : plan(std::move(the_plan)),
      layout(plan),
      regions(regions_of(plan.scenario)),
      first_data(plan.scenario),
      starts(starts_of(plan.scenario, first_data)) {}

// Fits with one strategy's Jacobian.
class ReplicateRunner::Fitter {
 public:
  Fitter(const ReplicateContext& context, const JacobianChoice& jacobian)
      : scenario(context.plan.scenario),
        choice(jacobian),
        refitter(scenario.network, {context.first_data.data().X, context.first_data.truth_at_rows(), {}, {}},
                 {.decay = scenario.decay,
                  .jacobian = jacobian,
                  .max_iterations = scenario.max_iterations,
                  .relative_offset = scenario.tolerance}),
        errors(scenario.network, context.first_data.data(), context.first_data.points(), scenario.decay,
               jacobian) {}

  const Scenario& scenario;
  const JacobianChoice& choice;
  Refitter refitter;
  StandardErrors errors;
  Multipliers multipliers;
  Vector theta;  // of the fit
};

ReplicateRunner::ReplicateRunner(const ReplicateContext& context)
    : context_(context),
      source_(context.plan.scenario),
      lower_(context.layout.n_points()),
      upper_(context.layout.n_points()) {
  for (const JacobianChoice& jacobian : context.plan.strategies)
    fitters_.push_back(std::make_unique<Fitter>(context, jacobian));
  errors_.resize(context.plan.methods.size());
  for (Errors& errors : errors_) errors.se.resize(context.layout.n_points());
}

ReplicateRunner::~ReplicateRunner() = default;

void ReplicateRunner::run(Index replicate, std::span<double> record, std::vector<std::string>* failures) {
  std::fill(record.begin(), record.end(), std::numeric_limits<double>::quiet_NaN());
  source_.draw(replicate);
  for (std::size_t s = 0; s < fitters_.size(); ++s) {
    try {
      run_strategy(s, replicate, record, failures);
    } catch (const std::exception& error) {
      if (failures) failures->push_back(error.what());
    }
  }
}

void ReplicateRunner::run_strategy(std::size_t strategy, Index replicate, std::span<double> record,
                                   std::vector<std::string>* failures) {
  const auto fail = [&](std::string_view why) {
    if (failures) failures->push_back(fmt::format("{}: {}", fitters_[strategy]->choice.strategy, why));
  };
  const RecordLayout& layout = context_.layout;
  Fitter& fitter = *fitters_[strategy];
  const Scenario& scenario = context_.plan.scenario;
  const bool starts_at_own_truth = scenario.truth_is_redrawn && scenario.start == Start::truth;
  if (scenario.solver == Solver::linear_step) {
    if (starts_at_own_truth)
      fitter.theta = source_.teacher_parameters();
    else
      fitter.theta = context_.starts.col(0);
    record[layout.figure(strategy, RecordLayout::stop)] = static_cast<double>(Stop::converged);
    record[layout.figure(strategy, RecordLayout::n_iterations)] = 1;
  } else {
    const Refit& refit = starts_at_own_truth
                             ? fitter.refitter.refit(source_.data(), source_.teacher_parameters())
                             : fitter.refitter.refit(source_.data(), context_.starts);
    record[layout.figure(strategy, RecordLayout::stop)] = static_cast<double>(refit.stop);
    record[layout.figure(strategy, RecordLayout::n_iterations)] = static_cast<double>(refit.n_iterations);
    if (!refit.is_finite()) return fail("the network is not finite at any start");
    fitter.theta = refit.theta;
  }
  StandardErrors& errors = fitter.errors;
  if (!errors.linearise(fitter.theta, source_.data())) return fail("the network is not finite at the fit");
  if (scenario.solver == Solver::linear_step && !errors.take_linear_step())
    return fail("the data do not determine the step");

  const auto n_left = static_cast<double>(source_.data().n_values() - scenario.network.n_params());
  if (n_left > 0)
    record[layout.figure(strategy, RecordLayout::variance_ratio)] =
        errors.rss() / n_left / source_.sd_at_rows().cwiseAbs2().mean();
  record[layout.figure(strategy, RecordLayout::rank)] = static_cast<double>(errors.rank());
  record[layout.figure(strategy, RecordLayout::condition)] = errors.condition();
  part(record, layout.fit(strategy), layout.n_points()) = errors.fit() - source_.truth_at_points();
  const FittedReplicate fitted{scenario,         fitter.choice, replicate, source_.data(),
                               source_.points(), fitter.theta,  errors};
  for (std::size_t m = 0; m < context_.plan.methods.size(); ++m) {
    const MethodRequest& request = context_.plan.methods[m];
    Errors& its = errors_[m];
    its.failure = nullptr;
    const auto method_fails = [&](std::string_view why) {
      fail(fmt::format("{}: {}", request.method->name, why));
    };
    try {
      if (request.method->has_errors()) {
        request.method->errors(fitted, request.options, its);
        if (!its.failure && !its.se.allFinite()) its.failure = "standard errors that are not finite";
        if (!its.failure) part(record, layout.se(strategy, m), layout.n_points()) = its.se;
      }
      if (!its.failure) make_intervals(strategy, m, fitted, record);
      if (its.failure) method_fails(its.failure);
    } catch (const std::exception& error) {
      method_fails(error.what());
    }
  }
}

void ReplicateRunner::make_intervals(std::size_t strategy, std::size_t method, const FittedReplicate& fitted,
                                     std::span<double> record) {
  const ReplicatePlan& plan = context_.plan;
  const RecordLayout& layout = context_.layout;
  const MethodRequest& request = plan.methods[method];
  Errors& errors = errors_[method];
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    const IntervalRequest& interval = plan.intervals[i];
    if (interval.method != method) continue;
    auto lower = part(record, layout.lower(strategy, i), layout.n_points());
    auto upper = part(record, layout.upper(strategy, i), layout.n_points());
    if (!request.method->has_errors()) {
      errors.failure = request.method->bounds(fitted, request.options, interval.level, lower_, upper_);
      if (errors.failure) return;
      lower = lower_ - source_.truth_at_points();
      upper = upper_ - source_.truth_at_points();
      continue;
    }
    const auto fit = part(record, layout.fit(strategy), layout.n_points());
    for (const Region& region : context_.regions) {
      const double q =
          interval.simultaneous == Simultaneous::sup_t
              ? sup_t(request, interval, region, fitted, plan.n_simulations)
              : fitters_[strategy]->multipliers.of(interval, region.size, fitted.errors.rank(), errors.dof);
      for (Index m = region.begin; m < region.begin + region.size; ++m) {
        const double se =
            interval.kind == IntervalKind::mean ? errors.se[m] : std::hypot(errors.se[m], errors.noise_sd);
        lower[m] = fit[m] - q * se;
        upper[m] = fit[m] + q * se;
      }
    }
  }
}

}  // namespace jacobench::coverage
