// One replicate of a scenario: data are drawn, fitted with each strategy's Jacobian, and every interval that is asked
// for is made; what came of it is a record of doubles.
//
// What is measured is what ships: fits are fit/fitter.hpp's, intervals those of the library's table of methods.
// Fits and bounds are recorded less the truth, so that a replicate's own truth may differ from another's.
// Cost:   a fit, and for each method its bands at the points; with covariances without second derivatives and no sup_t
//         no allocation after the first replicate whose fit goes in a lane (fit/fitter.hpp) and the first whose fit
//         does not
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jacobench/inference/interval_method.hpp"

#include "coverage/scenario.hpp"

namespace jacobench::coverage {

// A method, and how its intervals are made.
struct MethodRequest {
  const IntervalMethod* method;
  IntervalOptions options;
};

struct IntervalRequest {
  std::size_t method;  // index into ReplicatePlan::methods
  Simultaneous simultaneous;
  IntervalKind kind;
  double level;

  BandRequest band() const { return {.kind = kind, .level = level, .simultaneous = simultaneous}; }
};

struct ReplicatePlan {
  Scenario scenario;
  std::vector<JacobianChoice> strategies;
  std::vector<MethodRequest> methods;
  std::vector<IntervalRequest> intervals;
};

// Where the figures of one replicate stand in its record: for each strategy what is said of the fit, then for each
// method that refits and each region the share of its refits that have not settled, then for each method se, then for
// each interval the bounds. NaN stands for what there is not.
class RecordLayout {
 public:
  explicit RecordLayout(const ReplicatePlan& plan);

  std::size_t size() const { return n_strategies_ * strategy_size(); }
  Index n_points() const { return n_points_; }

  // is_settled: 1 or 0, by FitEnd::has_settled; move: FitEnd::remaining, in standard errors
  enum Figure { stop, n_iterations, is_settled, move, rank, condition, n_figures };
  std::size_t begin(std::size_t strategy) const { return strategy * strategy_size(); }
  std::size_t figure(std::size_t strategy, Figure which) const { return begin(strategy) + which; }
  // s^2 of a method over the mean of the squared sd of the noise.
  std::size_t variance_ratio(std::size_t strategy, std::size_t method) const {
    return begin(strategy) + n_figures + method;
  }
  std::size_t unsettled_refits(std::size_t strategy, std::size_t method, std::size_t region) const {
    return begin(strategy) + n_figures + n_methods_ + n_refitting_before_[method] * n_regions_ + region;
  }
  std::size_t fit(std::size_t strategy) const { return unsettled_refits(strategy, n_methods_, 0); }
  std::size_t se(std::size_t strategy, std::size_t method) const { return block(strategy, 1 + method); }
  std::size_t lower(std::size_t strategy, std::size_t interval) const {
    return block(strategy, 1 + n_methods_ + 2 * interval);
  }
  std::size_t upper(std::size_t strategy, std::size_t interval) const {
    return lower(strategy, interval) + M();
  }

  // All of one strategy, from where it begins.
  std::size_t strategy_size() const {
    return n_figures + n_methods_ + n_refitting_before_.back() * n_regions_ +
           (1 + n_methods_ + 2 * n_intervals_) * M();
  }

 private:
  std::size_t M() const { return static_cast<std::size_t>(n_points_); }
  std::size_t block(std::size_t strategy, std::size_t number) const { return fit(strategy) + number * M(); }

  std::size_t n_strategies_, n_methods_, n_intervals_, n_regions_;
  Index n_points_;
  std::vector<std::size_t> n_refitting_before_;  // of the methods before each one, and of all
};

// Points that intervals are simultaneous over, and measures averages over.
struct Region {
  Index begin, size;
};

// What replicates share: made once for a scenario, read by all threads.
struct ReplicateContext {
  explicit ReplicateContext(ReplicatePlan plan);

  ReplicatePlan plan;
  RecordLayout layout;
  std::vector<Region> regions;  // inside, and where there are points beyond, these
  DataSource first_data;
  Vector start;  // what fits start from [P], in the user's units; empty for drawn starts
};

// How the fits of this scenario are made with one strategy's Jacobian.
FitOptions fit_options(const Scenario& scenario, const JacobianChoice& jacobian);

// What the random numbers of one replicate's intervals are keyed by.
std::uint64_t interval_seed(const Scenario& scenario, Index replicate);

// One thread's workspace.
class ReplicateRunner {
 public:
  explicit ReplicateRunner(const ReplicateContext& context);
  ~ReplicateRunner();

  // Fills in the record. A fit or a method that fails, or throws, leaves NaN; why, where there is somebody to tell.
  void run(Index replicate, std::span<double> record, std::vector<std::string>* failures = nullptr);

  // Fills in the records of the replicates first, first + 1, ..., with the bits that each has by itself; fits go side
  // by side where they can.
  void run_all(Index first, std::span<double> records);

  const DataSource& source() const { return source_; }

 private:
  class Strategy;

  class SideBySide;
  struct Slot {
    DataSource source;
    Index replicate;
  };

  void run_strategy(Strategy& strategy, Index replicate, std::span<double> record,
                    std::vector<std::string>* failures);
  void make_intervals(Strategy& strategy, Index replicate, const DataSource& source, std::span<double> record,
                      std::vector<std::string>* failures);

  const ReplicateContext& context_;
  DataSource source_;
  std::vector<std::unique_ptr<Strategy>> strategies_;
  std::vector<Slot> slots_;  // of fits side by side
};

}  // namespace jacobench::coverage
