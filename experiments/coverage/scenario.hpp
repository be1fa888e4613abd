// A scenario: where data come from and what is fitted to them; and the data of its replicates.
//
// Model:  y_n = f(x_n) + sd(x_n) e_n,  f a teacher network or a named function, e of a noise law.
//         A teacher that is redrawn has parameters theta_p ~ N(0, noise_sd^2 / k_p) of its own in each replicate: the
//         prior that a decay of k_p stands for.
// Shapes: X [N x D], f and sd [N] at the rows; X0 [M x D], f and sd [M] at the points where intervals are asked for
// Random numbers: keyed by (seed, what is drawn, replicate), so that scenarios that differ in noise level, decay,
//         network or start have the same designs and the same noise.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "jacobench/files/model_file.hpp"
#include "jacobench/fit/fit.hpp"

#include "coverage/design.hpp"
#include "coverage/noise_law.hpp"
#include "coverage/truth_function.hpp"

namespace jacobench::coverage {

using Truth = std::variant<const TruthFunctionInfo*, Model>;

// What a fit starts from: the truth where it is the fitted network, otherwise the best fit to the truth without noise;
// or drawn parameters, the same in every replicate.
enum class Start { truth, random };

struct StartInfo {
  Start start;
  std::string_view name;
  std::string_view summary;
};
std::span<const StartInfo> start_table();

// Least squares to the end, or one Gauss-Newton step from the truth and the intervals of the linear model there.
enum class Solver { least_squares, linear_step };

struct SolverInfo {
  Solver solver;
  std::string_view name;
  std::string_view summary;
};
std::span<const SolverInfo> solver_table();

struct DecayOfInfo {
  DecayOf of;
  std::string_view name;
  std::string_view summary;
};
std::span<const DecayOfInfo> decay_of_table();

struct Scenario {
  Truth truth;
  bool truth_is_redrawn = false;
  Design design = Design::uniform;
  double scale = 1;
  bool design_is_redrawn = false;
  Index n_rows = 0;
  const NoiseLawInfo* law = nullptr;
  double noise_sd = 0;
  Perceptron network;  // the fitted one
  Vector decay;        // [P] or empty
  Start start = Start::truth;
  Index n_starts = 1;
  Solver solver = Solver::least_squares;
  double tolerance = 1e-5;  // relative offset (fit/solvers.hpp) at which a fit stops
  Index max_iterations = 200;
  Index n_inside = 1, n_beyond = 0;
  std::uint64_t seed = 1;

  Index n_points() const { return n_inside + n_beyond; }
};

// The data of one replicate after another, in a workspace of its own.  Cost: no allocation after making
class DataSource {
 public:
  explicit DataSource(const Scenario& scenario);

  void draw(Index replicate);

  const Dataset& data() const { return data_; }                // X and the noisy Y
  const Vector& truth_at_rows() const { return f_; }           // [N]
  const Vector& sd_at_rows() const { return sd_; }             // [N]
  double mean_variance() const { return mean_variance_; }      // of the noise, over the rows
  const Matrix& points() const { return X0_; }                 // inside first, then beyond
  const Vector& truth_at_points() const { return f0_; }        // [M]
  const Vector& sd_at_points() const { return sd0_; }          // [M]
  const Vector& teacher_parameters() const { return theta_; }  // empty for a function

 private:
  void draw_design(Index replicate);
  void evaluate_truth();

  const Scenario scenario_;
  const std::uint64_t design_number_;
  Dataset data_;
  Matrix X0_, f_matrix_, f0_matrix_;
  Vector f_, sd_, f0_, sd0_, theta_;
  double mean_variance_ = 0;
  std::unique_ptr<Evaluator> at_rows_, at_points_;  // of the teacher
};

// The parameters that fits start from, in the user's units, for a scenario with these first data; empty where starts
// are drawn.
// Shape: [P]
Vector start_of(const Scenario& scenario, const DataSource& source);

}  // namespace jacobench::coverage
