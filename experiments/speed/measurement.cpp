#include "speed/measurement.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/large_pages.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/jacobian/layerwise.hpp"

#include "networks/verification.hpp"
#include "options/value_text.hpp"
#include "speed/write_limit.hpp"

namespace jacobench::speed {
namespace {

std::vector<Index> rows_to_check(Index n_rows) {
  std::vector<Index> rows{0, n_rows / 2, n_rows - 1};
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

StrategyOptions with_threads(Index n_threads) {
  StrategyOptions options;
  options.n_threads = n_threads;
  return options;
}

template <class Call>
double seconds_of(const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Measurement::Measurement(const harness::NetworkSweep& sweep, const harness::NetworkCase& network_case,
                         std::int64_t n_rows, Wrt wrt, std::int64_t n_threads)
    : network_case_(network_case),
      wrt_(wrt),
      n_threads_(n_threads),
      problem_(sweep.problem(network_case, n_rows)),
      values_(n_rows, network_case.network.n_outputs()),
      J_(n_rows * network_case.network.n_outputs(), n_columns(network_case.network, wrt)),
      checked_rows_(rows_to_check(n_rows)),
      checked_{problem_.theta, problem_.X(checked_rows_, Eigen::all)},
      reference_(compute_reference(network_case.network, checked_.theta, checked_.X)) {
  prefer_large_pages(J_.data(), static_cast<std::size_t>(J_.size()) * sizeof(double));
}

Outputs Measurement::jacobian_to(Matrix& J) const {
  Outputs out;
  (wrt_ == Wrt::parameters ? out.J_y_theta : out.J_y_x) = &J;
  return out;
}

double Measurement::estimated_seconds(const StrategyInfo& strategy) const {
  constexpr double long_enough = 0.005;  // to tell by
  for (Index few = 8;; few *= 8) {
    few = std::min(few, problem_.X.rows());
    const Matrix X = problem_.X.topRows(few);
    Matrix J = Matrix::Zero(few * network_case_.network.n_outputs(), J_.cols());
    const auto evaluator = strategy.make(network_case_.network, few, {});
    const auto evaluate = [&] { evaluator->evaluate(problem_.theta, X, jacobian_to(J)); };
    double seconds = seconds_of(evaluate);
    // The first touches its workspace and moves J to large pages.
    if (seconds > long_enough) seconds = std::min(seconds, seconds_of(evaluate));
    if (seconds > long_enough || few == problem_.X.rows())
      return seconds * static_cast<double>(problem_.X.rows()) / static_cast<double>(few);
  }
}

void Measurement::join(const std::string& work, std::function<void()> call) {
  call();
  measured_[work].allocations = static_cast<std::int64_t>(allocations_of(call));
  names_.push_back(work);
  calls_.push_back(std::move(call));
}

void Measurement::add_values() {
  evaluators_.push_back(
      find_strategy("layerwise").make(network_case_.network, problem_.X.rows(), with_threads(n_threads_)));
  Measured& measured = measured_[values_work];
  measured.network_evaluations = 1;
  measured.bytes_written = values_.size() * static_cast<Index>(sizeof(double));
  join(values_work, [this, evaluator = evaluators_.back().get()] {
    evaluator->evaluate(problem_.theta, problem_.X, {.values = &values_});
  });
}

void Measurement::add_write_limit() {
  measured_[write_limit_work].bytes_written = J_.size() * static_cast<Index>(sizeof(double));
  join(write_limit_work, [this] { fill_at_write_limit(J_, n_threads_); });
}

// The passes of J_y_theta, batch by batch as `layerwise` has them, without the matrix.
void Measurement::add_arithmetic() {
  const Perceptron& network = network_case_.network;
  const Index n_rows = problem_.X.rows();
  const Index batch = std::min(layerwise_batch_rows(network, n_rows, n_threads_), n_rows);
  for (Index t = 0; t < n_threads_; ++t) {
    forward_.emplace_back(network, batch);
    backward_.emplace_back(network, batch);
  }
  measured_[arithmetic_work].network_evaluations = 1;
  join(arithmetic_work, [this, n_rows, batch] {
    parallel_for(n_threads_, n_threads_, [&](Index t) {
      ForwardPass& up = forward_[static_cast<std::size_t>(t)];
      BackwardPass& down = backward_[static_cast<std::size_t>(t)];
      for (Index row = n_rows * t / n_threads_, end = n_rows * (t + 1) / n_threads_; row < end;
           row += batch) {
        const Index n = std::min(batch, end - row);
        up.run(problem_.theta, problem_.X, row, n, Slopes::kept);
        for (Index k = 0; k < network_case_.network.n_outputs(); ++k)
          down.run_from_output(k, problem_.theta, up, n);
      }
    });
  });
}

void Measurement::add(const StrategyInfo& strategy) {
  const std::string work(strategy.name);
  Measured& measured = measured_[work];
  if (n_threads_ > 1 && !strategy.takes_threads) {
    measured.skipped = "runs on one thread";
    return;
  }
  evaluators_.push_back(strategy.make(network_case_.network, problem_.X.rows(), with_threads(n_threads_)));
  Evaluator* evaluator = evaluators_.back().get();
  J_.setConstant(std::nan(""));
  evaluator->evaluate(problem_.theta, problem_.X, jacobian_to(J_));
  check(strategy, measured);
  if (!measured.failure.empty() || !measured.skipped.empty()) return;
  measured.network_evaluations =
      evaluator->counts().layers / (network_case_.network.n_layers() * problem_.X.rows());
  measured.bytes_written = J_.size() * static_cast<Index>(sizeof(double));
  join(work, [this, evaluator] { evaluator->evaluate(problem_.theta, problem_.X, jacobian_to(J_)); });
}

void Measurement::check(const StrategyInfo& strategy, Measured& measured) {
  const Index n_rows = problem_.X.rows(), n_checked = checked_.X.rows();
  Matrix J(n_checked * network_case_.network.n_outputs(), J_.cols());
  for (Index k = 0; k < network_case_.network.n_outputs(); ++k)
    for (Index i = 0; i < n_checked; ++i)
      J.row(k * n_checked + i) = J_.row(k * n_rows + checked_rows_[static_cast<std::size_t>(i)]);
  if (!J_.allFinite()) {
    measured.failure = "the Jacobian has entries that are not finite, or were not written";
    return;
  }
  const PromiseVerdict verdict =
      harness::verify(strategy, std::nullopt, network_case_, checked_, wrt_, J, reference_);
  measured.over_promise = verdict.errors.max_over_bound;
  if (verdict.outcome == PromiseOutcome::not_promised)
    measured.skipped = "nothing is promised of it: " + verdict.why_not_promised;
  else if (verdict.outcome == PromiseOutcome::broken)
    measured.failure =
        fmt::format("wrong by {} times what it promises", harness::rounded_text(*measured.over_promise, 3));
}

const std::map<std::string, Measured>& Measurement::run(const TimingOptions& options) {
  std::vector<Timing> timings = time_side_by_side(calls_, options);
  for (std::size_t i = 0; i < names_.size(); ++i) measured_[names_[i]].timing = std::move(timings[i]);
  return measured_;
}

}  // namespace jacobench::speed
