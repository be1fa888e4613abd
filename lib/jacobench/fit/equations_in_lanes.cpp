#include "jacobench/fit/equations_in_lanes.hpp"

#include "jacobench/fit/step_equations.hpp"

namespace jacobench {

kernel::LaneRows lane_rows(const Perceptron& network, Index n_rows) {
  return {.n_rows = n_rows,
          .n_inputs = network.n_inputs(),
          .n_units = network.layer(0).n_units,
          .has_hidden_bias = network.layer(0).has_bias(),
          .has_output_bias = network.layer(1).has_bias()};
}

void set_rows(const MatrixView& rows, Index lane, kernel::LaneNumbers& to) {
  for (Index d = 0; d < rows.cols(); ++d)
    to.set(lane, d, rows.cols(), {rows.col(d).data(), static_cast<std::size_t>(rows.rows())});
}

bool is_believable_bend(const kernel::LaneNumbers& bend, const kernel::LaneNumbers& step, Index lane) {
  double of_bend = 0, of_step = 0;
  for (Index p = 0; p < bend.size(); ++p) {
    of_bend += bend(p, lane) * bend(p, lane);
    of_step += step(p, lane) * step(p, lane);
  }
  return of_bend <= StepEquations::longest_bend * StepEquations::longest_bend * of_step;
}

bool EquationsInLanes::suits(const Perceptron& network) {
  constexpr Index most_params = 40;
  return network.n_layers() == 2 && network.n_outputs() == 1 &&
         network.layer(1).activation == Activation::identity && network.n_params() <= most_params;
}

bool EquationsInLanes::can_keep_units(const Perceptron& network, Index n_observations) {
  constexpr Index most_activations = 1 << 16;
  return n_observations * network.layer(0).n_units <= most_activations;
}

EquationsInLanes::EquationsInLanes(const Perceptron& network, Index n_observations,
                                   const kernel::LaneKernels& kernels, Units units)
    : network_(network),
      kernels_(kernels),
      W_(kernels.n_lanes),
      N_(n_observations),
      P_(network.n_params()),
      keeps_units_(units == Units::kept),
      activation_(kernel::kernels().activations[static_cast<std::size_t>(network.layer(0).activation)].all),
      lanes_(static_cast<std::size_t>(W_)),
      X_(N_ * network.n_inputs(), W_),
      y_(N_, W_),
      factors_(N_, W_),
      points_(P_, W_),
      E_((P_ + 1) * (P_ + 1), W_),
      second_((P_ + 1) * (P_ + 1), W_),
      units_(keeps_units_ ? kernel::lane_units_size(lane_rows(network_, N_)) : 0, W_),
      workspace_(kernel::LaneEquations{.rows = lane_rows(network_, N_)}.lane_workspace(), W_),
      point_(P_) {}

kernel::LaneRows EquationsInLanes::rows(const Numbers& points) const {
  kernel::LaneRows rows = lane_rows(network_, N_);
  rows.X = X_.data();
  rows.y = y_.data();
  rows.factors = factors_.data();
  rows.tau = points.data();
  return rows;
}

kernel::LaneEquations EquationsInLanes::equations() {
  return {.rows = rows(points_),
          .activation = activation_,
          .E = E_.data(),
          .second = second_.data(),
          .units = keeps_units_ ? units_.data() : nullptr,
          .workspace = workspace_.data()};
}

void EquationsInLanes::put(Index lane, const Residuals& residuals, LaneInputs inputs) {
  Lane& its = lanes_[static_cast<std::size_t>(lane)];
  its.residuals = &residuals;
  if (inputs == LaneInputs::new_ones) set_rows(residuals.X(), lane, X_);
  set_rows(residuals.Y(), lane, y_);
  if (!its.has_unit_factors || !residuals.has_unit_factors())
    set_rows(residuals.rows().factors, lane, factors_);
  its.has_unit_factors = residuals.has_unit_factors();
}

void EquationsInLanes::compute() { kernels_.equations(equations()); }

void EquationsInLanes::add_penalty(Index lane) {
  Lane& its = lanes_[static_cast<std::size_t>(lane)];
  its.penalty = 0;
  if (its.residuals->n_penalty_rows() == 0) return;
  for (Index p = 0; p < P_; ++p) point_[p] = points_(p, lane);
  its.residuals->for_each_penalty_row(point_, [&](double r, const auto& entries) {
    its.penalty += r * r;
    entries([&](Index q, double J_q) {
      E_(entry(P_, q), lane) += J_q * r;
      entries([&](Index p, double J_p) {
        if (p >= q) E_(entry(p, q), lane) += J_p * J_q;
      });
    });
  });
}

}  // namespace jacobench
