#include "coverage/scenario.hpp"

#include <cmath>

#include <fmt/format.h>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::coverage {
namespace {

constexpr StartInfo start_kinds[] = {
    {Start::truth, "truth", "the true parameters, or the best fit to the truth without noise"},
    {Start::random, "random", "drawn parameters, the same in every replicate"},
};

constexpr SolverInfo solvers[] = {
    {Solver::least_squares, "least_squares", "to the minimum"},
    {Solver::linear_step, "linear_step", "one Gauss-Newton step from the truth"},
};

constexpr DecayOfInfo decayed[] = {
    {DecayOf::weights, "weights", "on the weights alone"},
    {DecayOf::weights_and_biases, "weights_and_biases", "on all parameters"},
};

std::unique_ptr<Evaluator> evaluator_of(const Model& teacher, Index n_rows) {
  return find_strategy("layerwise").make(teacher.network, n_rows, {});
}

bool is_same_network(const Perceptron& a, const Perceptron& b) {
  const auto same_layer = [](const Layer& x, const Layer& y) {
    return x.n_units == y.n_units && x.activation == y.activation && x.bias == y.bias;
  };
  return a.n_inputs() == b.n_inputs() &&
         std::equal(a.layers().begin(), a.layers().end(), b.layers().begin(), b.layers().end(), same_layer);
}

}  // namespace

std::span<const StartInfo> start_table() { return start_kinds; }
std::span<const SolverInfo> solver_table() { return solvers; }
std::span<const DecayOfInfo> decay_of_table() { return decayed; }

DataSource::DataSource(const Scenario& scenario)
    : scenario_(scenario),
      design_number_(cell_number(fmt::format("design {} {}", scenario.n_rows, scenario.network.n_inputs()))),
      data_{Matrix(scenario.n_rows, scenario.network.n_inputs()), Matrix(scenario.n_rows, 1), {}, {}},
      X0_(evaluation_points(scenario.n_inside, scenario.n_beyond, scenario.network.n_inputs(), scenario.scale,
                            scenario.seed)),
      f_matrix_(scenario.n_rows, 1),
      f0_matrix_(X0_.rows(), 1),
      f_(scenario.n_rows),
      sd_(scenario.n_rows),
      f0_(X0_.rows()),
      sd0_(X0_.rows()) {
  if (const auto* teacher = std::get_if<Model>(&scenario_.truth)) {
    theta_ = teacher->theta;
    at_rows_ = evaluator_of(*teacher, scenario_.n_rows);
    at_points_ = evaluator_of(*teacher, X0_.rows());
  }
  for (Index m = 0; m < X0_.rows(); ++m)
    sd0_[m] = sd_at(*scenario_.law, scenario_.noise_sd, X0_.row(m), scenario_.scale);
  draw_design(0);
  evaluate_truth();
  data_.Y.col(0) = f_;
}

void DataSource::draw_design(Index replicate) {
  RandomStream stream(scenario_.seed, design_number_, static_cast<std::uint32_t>(replicate),
                      RandomPurpose::inputs);
  coverage::draw_design(scenario_.design, scenario_.scale, stream, data_.X);
  for (Index n = 0; n < sd_.size(); ++n)
    sd_[n] = sd_at(*scenario_.law, scenario_.noise_sd, data_.X.row(n), scenario_.scale);
  mean_variance_ = sd_.cwiseAbs2().mean();
}

void DataSource::evaluate_truth() {
  if (const auto* function = std::get_if<const TruthFunctionInfo*>(&scenario_.truth)) {
    evaluate(**function, data_.X, f_);
    evaluate(**function, X0_, f0_);
    return;
  }
  at_rows_->evaluate(theta_, data_.X, {.values = &f_matrix_});
  at_points_->evaluate(theta_, X0_, {.values = &f0_matrix_});
  f_ = f_matrix_.col(0);
  f0_ = f0_matrix_.col(0);
}

void DataSource::draw(Index replicate) {
  const auto number = static_cast<std::uint32_t>(replicate);
  if (scenario_.design_is_redrawn) draw_design(replicate);
  if (scenario_.truth_is_redrawn) {
    RandomStream stream(scenario_.seed, 0, number, RandomPurpose::parameters);
    for (Index p = 0; p < theta_.size(); ++p)
      theta_[p] = scenario_.noise_sd / std::sqrt(scenario_.decay[p]) * stream.normal();
  }
  if (scenario_.design_is_redrawn || scenario_.truth_is_redrawn) evaluate_truth();
  RandomStream stream(scenario_.seed, 0, number, RandomPurpose::noise);
  double* const y = data_.Y.data();
  scenario_.law->draw(stream, {y, static_cast<std::size_t>(data_.Y.size())});
  data_.Y.col(0).array() = f_.array() + sd_.array() * data_.Y.col(0).array();
}

Vector start_of(const Scenario& scenario, const DataSource& source) {
  if (scenario.start == Start::random) return {};
  const auto* teacher = std::get_if<Model>(&scenario.truth);
  if (teacher && is_same_network(teacher->network, scenario.network)) return source.teacher_parameters();
  const Dataset without_noise{source.data().X, source.truth_at_rows(), {}, {}};
  return fit(scenario.network, without_noise,
             {.n_starts = std::max<Index>(scenario.n_starts, 10),
              .seed = scenario.seed,
              .decay = scenario.decay})
      .theta;
}

}  // namespace jacobench::coverage
