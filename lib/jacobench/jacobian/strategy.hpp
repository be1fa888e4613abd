// The ways to compute a Jacobian: one interface, one table.
//
// Adding a strategy is one file and one row of the table in strategy.cpp; command-line help, the test suite,
// the experiments, the order of table rows and the checks all iterate the table.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "jacobench/network/evaluation.hpp"

namespace jacobench {

enum class Wrt { parameters, inputs };

struct WrtInfo {
  Wrt wrt;
  std::string_view name;
  std::string_view summary;
};
std::span<const WrtInfo> wrt_table();
const WrtInfo& info(Wrt wrt);

// Columns of the Jacobian: P or D.
Index n_columns(const Perceptron& network, Wrt wrt);

// What one evaluation is to compute, and where to: null is not computed. Shapes as in network/perceptron.hpp,
// N being the rows of X: values [N x K], J_y_theta [(N K) x P], J_y_x [(N K) x D].
struct Outputs {
  Matrix* values = nullptr;
  Matrix* J_y_theta = nullptr;
  Matrix* J_y_x = nullptr;
};

// Ways through the network for the input Jacobian of `layerwise`: forward from the identity at the inputs,
// backward from the outputs, or whichever takes fewer operations.
enum class Direction { cheaper, forward, backward };

struct StrategyOptions {
  // Numeric strategies: the step is relative_step * max(1, |x|) for an argument x; empty: the strategy's own.
  std::optional<double> relative_step;
  Direction direction = Direction::cheaper;
  // `layerwise`: the observations are split over so many threads, with the same bits whatever their number.
  Index n_threads = 1;
};

// Which strategy gives a Jacobian, and how.
struct JacobianChoice {
  std::string strategy = "layerwise";
  StrategyOptions options = {};
};

// A strategy prepared for a network and at most max_rows observations: it owns its workspace.
class Evaluator {
 public:
  virtual ~Evaluator() = default;

  // Computes what `out` asks for, each piece of work once. The matrices must have their shapes already.
  // Cost:   no allocation by the analytic strategies
  // Errors: logic_error where a shape is not that of the network
  void evaluate(const VectorView& theta, const MatrixView& X, const Outputs& out);

  // All that was computed since the evaluator was made.
  virtual EvaluationCounts counts() const = 0;

 protected:
  Evaluator(const Perceptron& network, Index max_rows) : network_(network), max_rows_(max_rows) {}

  const Perceptron& network() const { return network_; }
  Index max_rows() const { return max_rows_; }

 private:
  virtual void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) = 0;

  const Perceptron network_;
  const Index max_rows_;
};

// How a strategy adds up the paths from a unit to the outputs; the running error bound follows it.
enum class PathSummation {
  from_outputs,    // delta_l = phi' o (delta_{l+1} W_{l+1}), from the top down
  from_parameter,  // tangents, from the unit up
  differences,     // no path is followed: the network is a black box
};

// One row of the strategy table.
//
// What it promises, and `check` holds it to:
//   analytic  |J - J*| within the running error bound of verification/error_bound.hpp, entry by entry;
//   any with a numeric_promise, as all numeric ones have
//             |J - J*| within numeric_promise(...) times the 2-norm of the entry's row plus |y| there
//             (numeric_error_bound in verification/error_bound.hpp), or nothing where it is empty.
// `steepness` says how fast the network varies: |y^(q+1)| of the order of steepness^q |y'| along a parameter.
struct StrategyInfo {
  std::string_view name;
  std::string_view summary;
  PathSummation summation;
  std::optional<double> default_relative_step;  // numeric strategies only
  bool takes_threads = false;                   // whether StrategyOptions::n_threads is heeded
  std::optional<double> (*numeric_promise)(const Perceptron& network, double relative_step, double steepness);
  std::unique_ptr<Evaluator> (*make)(const Perceptron& network, Index max_rows,
                                     const StrategyOptions& options);
  // Why it cannot be had for a network, in words; empty where it can, and null where it can for all.
  std::string (*why_not)(const Perceptron& network, Wrt wrt) = nullptr;

  bool is_numeric() const { return default_relative_step.has_value(); }
};

std::span<const StrategyInfo> strategy_table();

// Throws InputError, listing the known names, for an unknown one.
const StrategyInfo& find_strategy(std::string_view name);

// J_y_theta, or J_y_x, by `layerwise`: for a single call. Whoever calls again prepares an Evaluator and a matrix once.
// Errors: logic_error where a shape is not that of the network
Matrix jacobian(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                Wrt wrt = Wrt::parameters);

std::unique_ptr<Evaluator> make_evaluator(const JacobianChoice& choice, const Perceptron& network,
                                          Index max_rows);

}  // namespace jacobench
