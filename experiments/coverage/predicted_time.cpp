#include "coverage/predicted_time.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

namespace jacobench::coverage {

namespace {

// Of a bootstrap they are said; of the others, which need fewer, some tens a point.
double refits_of(const IntervalMethod& method, const IntervalOptions& options, double n_points) {
  constexpr double usual_refits_of_a_point = 20;
  return method.draws ? static_cast<double>(options.n_refits) : usual_refits_of_a_point * n_points;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// From the first replicates, one or as many as take a twentieth of a second, of at most so many.
double timed_seconds(const ReplicateContext& context, Index n_replicates) {
  constexpr double long_enough = 0.05;
  constexpr Index growth = 4;
  ReplicateRunner runner(context);
  std::vector<double> records;
  for (Index n = 1;; n = std::min(growth * n, n_replicates)) {
    records.resize(static_cast<std::size_t>(n) * context.layout.size());
    const Clock::time_point start = Clock::now();
    runner.run_all(0, records);
    const double seconds = seconds_since(start);
    if (seconds >= long_enough || n == n_replicates) return seconds / static_cast<double>(n);
  }
}

}  // namespace

// From counts of operations, good to a factor of three or so where fits converge in a few iterations; where they go on to
// their limit it is a thirtieth of what they take.
double predicted_seconds(const ReplicatePlan& plan) {
  constexpr double flops_per_second = 2e9, usual_iterations = 6;
  const Scenario& scenario = plan.scenario;
  const auto n = static_cast<double>(scenario.n_rows), P = static_cast<double>(scenario.network.n_params());
  const auto M = static_cast<double>(scenario.n_points());
  const double n_starts = scenario.start == Start::random ? static_cast<double>(scenario.n_starts) : 1;
  const double fit = usual_iterations * 2 * n * P * P;
  double seconds = 0;
  for (const JacobianChoice& strategy : plan.strategies) {
    const bool is_numeric = find_strategy(strategy.strategy).is_numeric();
    const double jacobian = (is_numeric ? 2 * P : 4) * 2 * n * P + 20 * n;
    double flops = n_starts * (fit + usual_iterations * jacobian) + 2 * n * P * P;
    for (const MethodRequest& request : plan.methods) {
      flops += 2 * n * P * P + 2 * M * P * P;
      if (request.method->refits)
        flops += refits_of(*request.method, request.options, M) * (fit + 8 * n * P * P);
      if (request.method->covariance && needs_second_derivatives(*request.method->covariance))
        flops += 12 * n * P * P;
    }
    for (const IntervalRequest& request : plan.intervals)
      if (request.simultaneous == Simultaneous::sup_t)
        flops +=
            static_cast<double>(plan.methods[request.method].options.n_simulations) * (2 * M * P + 40 * P);
    seconds += flops / flops_per_second;
  }
  return seconds;
}

double PredictedTimes::seconds_each(const ReplicatePlan& plan, const GetContext& context,
                                    Index n_replicates) {
  constexpr double most_to_time = 1, most_to_time_in_all = 10;  // s
  ++n_scenarios_;
  const double guess = predicted_seconds(plan);
  if (guess > most_to_time || spent_ > most_to_time_in_all) return guess;
  const Clock::time_point start = Clock::now();
  const double seconds = timed_seconds(*context(), n_replicates);
  spent_ += seconds_since(start);
  ++n_timed_;
  return seconds;
}

std::string PredictedTimes::how() const {
  if (n_timed_ == n_scenarios_) return "by the first replicates";
  return fmt::format(
      "by the first replicates of {} of {} scenarios; the others, whose replicates are long, are guessed to "
      "a factor "
      "of three, or thirty where fits do not converge",
      n_timed_, n_scenarios_);
}

}  // namespace jacobench::coverage
