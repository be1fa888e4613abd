#include "jacobench/fit/equations_in_lanes.hpp"

namespace jacobench {

kernel::LaneRows lane_rows(const Perceptron& network, Index n_rows) {
  return {.n_rows = n_rows,
          .n_inputs = network.n_inputs(),
          .n_units = network.layer(0).n_units,
          .has_hidden_bias = network.layer(0).has_bias(),
          .has_output_bias = network.layer(1).has_bias()};
}

bool EquationsInLanes::suits(const Perceptron& network) {
  constexpr Index most_params = 40;
  return network.n_layers() == 2 && network.n_outputs() == 1 &&
         network.layer(1).activation == Activation::identity && network.n_params() <= most_params;
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
  const Index D = network_.n_inputs();
  if (inputs == LaneInputs::new_ones)
    for (Index d = 0; d < D; ++d)
      for (Index n = 0; n < N_; ++n) X_(n * D + d, lane) = residuals.X()(n, d);
  for (Index n = 0; n < N_; ++n) y_(n, lane) = residuals.Y()(n, 0);
  if (!its.has_unit_factors || !residuals.has_unit_factors())
    for (Index n = 0; n < N_; ++n) factors_(n, lane) = residuals.rows().factors(n, 0);
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
