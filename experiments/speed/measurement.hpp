// One group of the speed experiment: what every kind of work on one network costs, side by side.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jacobench/jacobian/backward_pass.hpp"
#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/verification/reference.hpp"

#include "networks/network_sweep.hpp"
#include "speed/timing.hpp"

namespace jacobench::speed {

inline const std::string values_work = "values";
inline const std::string write_limit_work = "write_limit";
inline const std::string arithmetic_work = "arithmetic";

// What was measured of one kind of work, or why nothing was.
struct Measured {
  std::string failure;  // the Jacobian is not what its strategy promises: it is not timed
  std::string skipped;  // no timing, for a reason that is nobody's fault
  std::optional<Timing> timing;
  std::int64_t bytes_written = 0;
  std::int64_t network_evaluations = 0;
  std::int64_t allocations = 0;
  std::optional<double> over_promise;
};

class Measurement {
 public:
  // `n_rows` observations of the network, Jacobians with respect to `wrt`, on n_threads threads.
  Measurement(const harness::NetworkSweep& sweep, const harness::NetworkCase& network_case,
              std::int64_t n_rows, Wrt wrt, std::int64_t n_threads);

  // The time of one evaluation, estimated from a few rows.
  double estimated_seconds(const StrategyInfo& strategy) const;

  // Each is evaluated once, checked, and then joins those that are timed.
  void add_values();
  void add_write_limit();
  void add_arithmetic();
  void add(const StrategyInfo& strategy);

  // Leaves a kind of work out of the timing, for this reason.
  void skip(const std::string& work, const std::string& reason) { measured_[work].skipped = reason; }

  // Times all that was added, side by side; then every kind of work has its figures.
  const std::map<std::string, Measured>& run(const TimingOptions& options);

 private:
  Outputs jacobian_to(Matrix& J) const;
  void check(const StrategyInfo& strategy, Measured& measured);
  void join(const std::string& work, std::function<void()> call);

  const harness::NetworkCase& network_case_;
  const Wrt wrt_;
  const Index n_threads_;
  harness::Problem problem_;
  Matrix values_, J_;
  // A few observations, from the first to the last, and the truth at them.
  std::vector<Index> checked_rows_;
  harness::Problem checked_;
  Reference reference_;

  std::vector<std::unique_ptr<Evaluator>> evaluators_;
  std::vector<ForwardPass> forward_;  // of each thread
  std::vector<BackwardPass> backward_;
  std::map<std::string, Measured> measured_;
  std::vector<std::string> names_;
  std::vector<std::function<void()>> calls_;
};

}  // namespace jacobench::speed
