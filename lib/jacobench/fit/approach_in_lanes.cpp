#include "jacobench/fit/approach_in_lanes.hpp"

#include <cmath>

namespace jacobench {

using Next = ApproachCourse::Next;

bool ApproachInLanes::suits(const Perceptron& network) {
  constexpr Index most_params = 40;
  return network.n_layers() == 2 && network.n_outputs() == 1 &&
         network.layer(1).activation == Activation::identity && network.n_params() <= most_params;
}

ApproachInLanes::ApproachInLanes(const Perceptron& network, Index n_observations,
                                 const kernel::LaneKernels& kernels)
    : network_(network),
      kernels_(kernels),
      W_(kernels.n_lanes),
      N_(n_observations),
      P_(network.n_params()),
      states_(static_cast<std::size_t>(W_), State::idle),
      lanes_(static_cast<std::size_t>(W_)),
      point_(P_),
      C_of_lane_(P_),
      L_of_lane_(P_, P_) {
  const auto make = [&](Numbers& numbers, Index n) { numbers = Numbers(n, W_); };
  make(X_, N_ * network.n_inputs());
  for (Numbers* of_rows : {&y_, &factors_}) make(*of_rows, N_);
  for (Numbers* of_params : {&tau_, &tried_, &C_, &by_C_, &of_J_.step, &of_H_.step}) make(*of_params, P_);
  for (Numbers* matrix : {&E_, &second_, &of_J_.L, &of_H_.L}) make(*matrix, (P_ + 1) * (P_ + 1));
  for (Factor* factor : {&of_J_, &of_H_})
    for (Numbers* scalar : {&factor->least_norm, &factor->least_pivot, &factor->squares}) make(*scalar, 1);
  make(squared_lengths_, 1);
  make(workspace_, equations().lane_workspace());
}

kernel::LaneRows lane_rows(const Perceptron& network, Index n_rows) {
  return {.n_rows = n_rows,
          .n_inputs = network.n_inputs(),
          .n_units = network.layer(0).n_units,
          .has_hidden_bias = network.layer(0).has_bias(),
          .has_output_bias = network.layer(1).has_bias()};
}

kernel::LaneEquations ApproachInLanes::equations() {
  kernel::LaneRows rows = lane_rows(network_, N_);
  rows.X = X_.data();
  rows.y = y_.data();
  rows.factors = factors_.data();
  rows.tau = tried_.data();
  return {
      .rows = rows,
      .activation = kernel::kernels().activations[static_cast<std::size_t>(network_.layer(0).activation)].all,
      .E = E_.data(),
      .second = second_.data(),
      .workspace = workspace_.data()};
}

kernel::LaneFactor ApproachInLanes::lane_factor(Factor& factor, const double* second) {
  return {.n_params = P_,
          .E = E_.data(),
          .second = second,
          .C = C_.data(),
          .by_C = by_C_.data(),
          .L = factor.L.data(),
          .least_norm = factor.least_norm.data(),
          .least_pivot = factor.least_pivot.data(),
          .squares = factor.squares.data(),
          .step = factor.step.data()};
}

void ApproachInLanes::begin(Index lane, const Residuals& residuals, const VectorView& tau,
                            const PolishOptions& options, Inputs inputs) {
  Lane& its = lanes_[static_cast<std::size_t>(lane)];
  its.residuals = &residuals;
  its.course.begin(residuals, options, ApproachCourse::SecondDerivatives::are_there);
  const Index D = network_.n_inputs();
  if (inputs == Inputs::new_ones)
    for (Index d = 0; d < D; ++d)
      for (Index n = 0; n < N_; ++n) X_(n * D + d, lane) = residuals.X()(n, d);
  for (Index n = 0; n < N_; ++n) y_(n, lane) = residuals.Y()(n, 0);
  if (!its.has_unit_factors || !residuals.has_unit_factors())
    for (Index n = 0; n < N_; ++n) factors_(n, lane) = residuals.rows().factors(n, 0);
  its.has_unit_factors = residuals.has_unit_factors();
  for (Index p = 0; p < P_; ++p) tried_(p, lane) = tau[p];
  states_[static_cast<std::size_t>(lane)] = State::under_way;
}

void ApproachInLanes::add_penalty(Index lane) {
  Lane& its = lanes_[static_cast<std::size_t>(lane)];
  its.penalty = 0;
  if (its.residuals->n_penalty_rows() == 0) return;
  for (Index p = 0; p < P_; ++p) point_[p] = tried_(p, lane);
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

// Of the point that was tried; nothing where normal equations are not safe there.
std::optional<Standing> ApproachInLanes::standing(Index lane) {
  const Lane& its = lanes_[static_cast<std::size_t>(lane)];
  const double objective = E_(entry(P_, P_), lane) + its.penalty;
  const bool is_safe = std::isfinite(objective) && std::isfinite(of_J_.squares(0, lane)) &&
                       of_J_.least_norm(0, lane) > residual_rounding(*its.residuals, objective) &&
                       of_J_.least_pivot(0, lane) >= least_pivot_of_J;
  if (!is_safe) return {};
  return Standing{objective, std::sqrt(of_J_.squares(0, lane))};
}

// Whether S has a minimum as its second derivatives tell.
bool ApproachInLanes::has_newton_step(Index lane) const {
  return of_H_.least_pivot(0, lane) > 0 && std::isfinite(of_H_.squares(0, lane));
}

// Of a lane that goes on.
bool ApproachInLanes::is_by_newton(Index lane) const {
  return lanes_[static_cast<std::size_t>(lane)].next == Next::newton && has_newton_step(lane);
}

void ApproachInLanes::step() {
  kernels_.equations(equations());
  for (Index lane = 0; lane < W_; ++lane)
    if (state(lane) == State::under_way) add_penalty(lane);
  // Where there are several lanes, one of them wants second derivatives at nearly every step.
  const bool has_both = W_ > 1;
  const kernel::LaneFactor factors[] = {lane_factor(of_J_, nullptr), lane_factor(of_H_, second_.data())};
  const kernel::LaneFactor &of_J = factors[0], &of_H = factors[1];
  kernels_.factorise(&of_J, has_both ? 2 : 1);
  bool is_any_at_end = false, is_any_by_newton = false;
  for (Index lane = 0; lane < W_; ++lane) {
    if (state(lane) != State::under_way) continue;
    Lane& its = lanes_[static_cast<std::size_t>(lane)];
    its.next = its.course.next(standing(lane));
    if (its.next == Next::leaves) states_[static_cast<std::size_t>(lane)] = State::left;
    if (its.next == Next::arrived) states_[static_cast<std::size_t>(lane)] = State::arrived;
    is_any_at_end = is_any_at_end || its.next == Next::arrived;
    is_any_by_newton = is_any_by_newton || its.next == Next::newton;
  }
  tau_ = tried_;
  if (!has_both && (is_any_at_end || is_any_by_newton)) kernels_.factorise(&of_H, 1);
  bool is_any_by_gauss_newton = false;
  for (Index lane = 0; lane < W_; ++lane)
    is_any_by_gauss_newton =
        is_any_by_gauss_newton || (state(lane) == State::under_way && !is_by_newton(lane));
  if (is_any_at_end || is_any_by_newton)
    is_any_by_gauss_newton ? kernels_.solve(&of_J, 2) : kernels_.solve(&of_H, 1);
  else if (is_any_by_gauss_newton)
    kernels_.solve(&of_J, 1);
  if (is_any_at_end) kernels_.squared_length(of_J, of_H.step, squared_lengths_.data());
  for (Index lane = 0; lane < W_; ++lane) {
    if (state(lane) != State::under_way) continue;
    const Numbers& step = is_by_newton(lane) ? of_H_.step : of_J_.step;
    for (Index p = 0; p < P_; ++p) tried_(p, lane) = tau_(p, lane) + step(p, lane);
  }
}

ApproachInLanes::End ApproachInLanes::end(Index lane) {
  const Lane& its = lanes_[static_cast<std::size_t>(lane)];
  if (its.residuals->n_penalty_rows() > 0)
    for (Index q = 0; q < P_; ++q) {
      C_of_lane_[q] = C_(q, lane);
      for (Index p = q; p < P_; ++p) L_of_lane_(p, q) = of_J_.L(entry(p, q), lane);
    }
  const double rss = E_(entry(P_, P_), lane);
  const double n_left =
      static_cast<double>(N_) - effective_parameters(*its.residuals, L_of_lane_, C_of_lane_, T_);
  const auto newton_move = [&]() -> std::optional<NewtonMove> {
    if (!has_newton_step(lane)) return {};
    return NewtonMove{.fall = of_H_.squares(0, lane), .squared_length = squared_lengths_(0, lane)};
  };
  return {.n_iterations = its.course.n_iterations(),
          .rss = rss,
          .penalty = its.penalty,
          .relative_offset = its.course.relative_offset(),
          .remaining = remaining_of(rss, n_left, its.course.standing().tangential, newton_move)};
}

void ApproachInLanes::get_tau(Index lane, Vector& tau) const {
  for (Index p = 0; p < P_; ++p) tau[p] = tau_(p, lane);
}

void ApproachInLanes::get_gradient(Index lane, Vector& gradient) const {
  for (Index p = 0; p < P_; ++p) gradient[p] = 2 * E_(entry(P_, p), lane);
}

}  // namespace jacobench
