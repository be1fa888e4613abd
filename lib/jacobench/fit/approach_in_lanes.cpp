#include "jacobench/fit/approach_in_lanes.hpp"

#include <cmath>

namespace jacobench {

using Next = ApproachCourse::Next;

ApproachInLanes::ApproachInLanes(const Perceptron& network, Index n_observations,
                                 const kernel::LaneKernels& kernels)
    : kernels_(kernels),
      W_(kernels.n_lanes),
      N_(n_observations),
      P_(network.n_params()),
      bends_(EquationsInLanes::can_keep_units(network, n_observations)),
      equations_(network, n_observations, kernels,
                 bends_ ? EquationsInLanes::Units::kept : EquationsInLanes::Units::passing),
      states_(static_cast<std::size_t>(W_), State::idle),
      lanes_(static_cast<std::size_t>(W_)),
      workspace_(kernel::LaneSecondAlong{.rows = lane_rows(network, n_observations)}.lane_workspace(), W_),
      C_of_lane_(P_),
      L_of_lane_(P_, P_) {
  const auto make = [&](Numbers& numbers, Index n) { numbers = Numbers(n, W_); };
  for (Numbers* of_params :
       {&tau_, &C_, &by_C_, &of_J_.step, &of_H_.step, &of_J_.bend, &of_H_.bend, &step_, &sums_})
    make(*of_params, P_);
  for (Numbers* matrix : {&of_J_.L, &of_H_.L}) make(*matrix, (P_ + 1) * (P_ + 1));
  for (Factor* factor : {&of_J_, &of_H_})
    for (Numbers* scalar : {&factor->least_norm, &factor->least_pivot, &factor->squares}) make(*scalar, 1);
  for (Numbers* scalar : {&squared_lengths_, &across_}) make(*scalar, 1);
}

kernel::LaneFactor ApproachInLanes::lane_factor(Factor& factor, const double* second) {
  return {.n_params = P_,
          .E = equations_.E().data(),
          .second = second,
          .C = C_.data(),
          .by_C = by_C_.data(),
          .L = factor.L.data(),
          .least_norm = factor.least_norm.data(),
          .least_pivot = factor.least_pivot.data(),
          .squares = factor.squares.data(),
          .step = factor.step.data(),
          .solution = factor.bend.data()};
}

void ApproachInLanes::begin(Index lane, const Residuals& residuals, const VectorView& tau,
                            const PolishOptions& options, LaneInputs inputs) {
  equations_.put(lane, residuals, inputs);
  lanes_[static_cast<std::size_t>(lane)].course.begin(residuals, options,
                                                      ApproachCourse::SecondDerivatives::are_there);
  for (Index p = 0; p < P_; ++p) equations_.points()(p, lane) = tau_(p, lane) = tau[p];
  states_[static_cast<std::size_t>(lane)] = State::under_way;
}

// Of the point that was tried; nothing where normal equations are not safe there.
std::optional<Standing> ApproachInLanes::standing(Index lane) {
  const double objective = equations_.objective(lane);
  const bool is_safe = std::isfinite(objective) && std::isfinite(of_J_.squares(0, lane)) &&
                       of_J_.least_norm(0, lane) > residual_rounding(equations_.residuals(lane), objective) &&
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

// From the last point that was better.
void ApproachInLanes::leave(Index lane) {
  states_[static_cast<std::size_t>(lane)] = State::left;
  if (lanes_[static_cast<std::size_t>(lane)].course.has_moved()) return;
  for (Index p = 0; p < P_; ++p) equations_.points()(p, lane) = tau_(p, lane);
}

void ApproachInLanes::step() {
  equations_.compute();
  for (Index lane = 0; lane < W_; ++lane)
    if (state(lane) == State::under_way) equations_.add_penalty(lane);
  // Where there are several lanes, one of them wants second derivatives at nearly every step.
  const bool has_both = W_ > 1;
  const kernel::LaneFactor factors[] = {lane_factor(of_J_, nullptr),
                                        lane_factor(of_H_, equations_.second().data())};
  const kernel::LaneFactor &of_J = factors[0], &of_H = factors[1];
  kernels_.factorise(&of_J, has_both ? 2 : 1);
  bool is_any_at_end = false, is_any_by_newton = false;
  for (Index lane = 0; lane < W_; ++lane) {
    if (state(lane) != State::under_way) continue;
    Lane& its = lanes_[static_cast<std::size_t>(lane)];
    its.next = its.course.next(standing(lane));
    if (its.next == Next::leaves) leave(lane);
    if (its.next == Next::arrived) states_[static_cast<std::size_t>(lane)] = State::arrived;
    is_any_at_end = is_any_at_end || its.next == Next::arrived;
    is_any_by_newton = is_any_by_newton || its.next == Next::newton;
  }
  tau_ = equations_.points();
  if (!has_both && (is_any_at_end || is_any_by_newton)) kernels_.factorise(&of_H, 1);
  bool is_any_by_gauss_newton = false;
  for (Index lane = 0; lane < W_; ++lane)
    is_any_by_gauss_newton =
        is_any_by_gauss_newton || (state(lane) == State::under_way && !is_by_newton(lane));
  const bool is_any_by_H = is_any_at_end || is_any_by_newton;
  if (!is_any_by_H && !is_any_by_gauss_newton) return;
  const kernel::LaneFactor* const wanted = is_any_by_gauss_newton ? &of_J : &of_H;
  const Index n_wanted = is_any_by_gauss_newton && is_any_by_H ? 2 : 1;
  kernels_.solve(wanted, n_wanted);
  if (is_any_at_end) kernels_.squared_length(of_J, of_H.step, squared_lengths_.data());
  choose_steps();
  if (bends_) bend(wanted, n_wanted);
  for (Index lane = 0; lane < W_; ++lane)
    if (state(lane) == State::under_way)
      for (Index p = 0; p < P_; ++p) equations_.points()(p, lane) = tau_(p, lane) + step_(p, lane);
}

// Of the lanes that go on.
void ApproachInLanes::choose_steps() {
  for (Index lane = 0; lane < W_; ++lane) {
    if (state(lane) != State::under_way) continue;
    const Numbers& step = is_by_newton(lane) ? of_H_.step : of_J_.step;
    for (Index p = 0; p < P_; ++p) step_(p, lane) = step(p, lane);
  }
}

// The steps, by the factors that they were made with.
void ApproachInLanes::bend(const kernel::LaneFactor* factors, Index n_factors) {
  for (Index lane = 0; lane < W_; ++lane) across_(0, lane) = is_by_newton(lane) ? 2 : 0;
  kernels_.second_along({.rows = equations_.rows(tau_),
                         .units = equations_.units().data(),
                         .d = step_.data(),
                         .across = across_.data(),
                         .sums = sums_.data(),
                         .workspace = workspace_.data()});
  kernels_.solve_for(factors, n_factors, sums_.data());
  for (Index lane = 0; lane < W_; ++lane) {
    if (state(lane) != State::under_way) continue;
    const Numbers& bend = is_by_newton(lane) ? of_H_.bend : of_J_.bend;
    if (!is_believable_bend(bend, step_, lane)) continue;
    for (Index p = 0; p < P_; ++p) step_(p, lane) -= 0.5 * bend(p, lane);
  }
}

ApproachInLanes::End ApproachInLanes::end(Index lane) {
  const Lane& its = lanes_[static_cast<std::size_t>(lane)];
  const Residuals& residuals = equations_.residuals(lane);
  if (residuals.n_penalty_rows() > 0)
    for (Index q = 0; q < P_; ++q) {
      C_of_lane_[q] = C_(q, lane);
      for (Index p = q; p < P_; ++p) L_of_lane_(p, q) = of_J_.L(equations_.entry(p, q), lane);
    }
  const double rss = equations_.rss(lane);
  const double n_left = static_cast<double>(N_) - effective_parameters(residuals, L_of_lane_, C_of_lane_, T_);
  const auto newton_move = [&]() -> std::optional<NewtonMove> {
    if (!has_newton_step(lane)) return {};
    return NewtonMove{.fall = of_H_.squares(0, lane), .squared_length = squared_lengths_(0, lane)};
  };
  return {.n_iterations = its.course.n_iterations(),
          .rss = rss,
          .penalty = equations_.penalty(lane),
          .relative_offset = its.course.relative_offset(),
          .remaining = remaining_of(rss, n_left, its.course.standing().tangential, newton_move)};
}

void ApproachInLanes::get_tau(Index lane, Vector& tau) const {
  for (Index p = 0; p < P_; ++p) tau[p] = tau_(p, lane);
}

void ApproachInLanes::get_gradient(Index lane, Vector& gradient) const {
  for (Index p = 0; p < P_; ++p) gradient[p] = 2 * equations_.E()(equations_.entry(P_, p), lane);
}

}  // namespace jacobench
