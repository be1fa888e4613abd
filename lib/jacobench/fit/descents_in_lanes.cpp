#include "jacobench/fit/descents_in_lanes.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace jacobench {

bool DescentsInLanes::suits(const Perceptron& network, Index n_observations) {
  return EquationsInLanes::suits(network) && EquationsInLanes::can_keep_units(network, n_observations);
}

DescentsInLanes::DescentsInLanes(const Perceptron& network, Index n_observations,
                                 const kernel::LaneKernels& kernels)
    : kernels_(kernels),
      W_(kernels.n_lanes),
      P_(network.n_params()),
      n_units_(kernel::lane_units_size(lane_rows(network, n_observations))),
      equations_(network, n_observations, kernels, EquationsInLanes::Units::kept),
      lanes_(static_cast<std::size_t>(W_)),
      units_(equations_.units()),
      workspace_(kernel::LaneSecondAlong{.rows = lane_rows(network, n_observations)}.lane_workspace(), W_) {
  for (Numbers* of_params : {&tau_, &C_, &by_C_, &step_, &sums_, &bend_}) *of_params = Numbers(P_, W_);
  for (Numbers* matrix : {&E_, &second_, &damped_, &L_}) *matrix = Numbers((P_ + 1) * (P_ + 1), W_);
  for (Numbers* scalar :
       {&scale_, &weight_, &by_diagonal_, &shift_, &least_norm_, &least_pivot_, &squares_, &has_moved_})
    *scalar = Numbers(1, W_);
  factor_ = {.n_params = P_,
             .E = damped_.data(),
             .second = nullptr,
             .C = C_.data(),
             .by_C = by_C_.data(),
             .L = L_.data(),
             .least_norm = least_norm_.data(),
             .least_pivot = least_pivot_.data(),
             .squares = squares_.data(),
             .step = step_.data(),
             .solution = bend_.data()};
}

void DescentsInLanes::begin(Index lane, const Residuals& residuals, const VectorView& tau,
                            const DescentOptions& options, LaneInputs inputs) {
  equations_.put(lane, residuals, inputs);
  for (Index p = 0; p < P_; ++p) equations_.points()(p, lane) = tau_(p, lane) = tau[p];
  at(lane).options = &options;
  at(lane).state = State::starting;
}

void DescentsInLanes::get_tau(Index lane, Vector& tau) const {
  for (Index p = 0; p < P_; ++p) tau[p] = tau_(p, lane);
}

// The damped equations where the lanes are; of lanes at rest those that tell whether S curves upwards there.
void DescentsInLanes::solve() {
  constexpr double least_curvature = 1e-9;
  for (Index lane = 0; lane < W_; ++lane) {
    weight_(0, lane) = by_diagonal_(0, lane) = 0;
    shift_(0, lane) = 1;
    if (!is_under_way(lane)) continue;
    const DescentCourse& course = at(lane).course;
    const bool is_at_rest = at(lane).next == DescentCourse::Next::rest;
    weight_(0, lane) = is_at_rest || course.is_by_newton() ? 1 : 0;
    if (is_at_rest) {
      shift_(0, lane) = least_curvature * scale_(0, lane);
    } else if (course.damping_by() == DampingBy::mean) {
      shift_(0, lane) = course.damping() * scale_(0, lane);
    } else {
      by_diagonal_(0, lane) = course.damping();
      shift_(0, lane) = least_damping_by_columns * scale_(0, lane);
    }
  }
  kernels_.damp({.n_params = P_,
                 .E = E_.data(),
                 .second = second_.data(),
                 .weight = weight_.data(),
                 .by_diagonal = by_diagonal_.data(),
                 .shift = shift_.data(),
                 .damped = damped_.data()});
  kernels_.factorise(&factor_, 1);
  kernels_.solve(&factor_, 1);
}

bool DescentsInLanes::is_solved(Index lane) const {
  return least_norm_(0, lane) > 0 && least_pivot_(0, lane) > 0 && std::isfinite(squares_(0, lane));
}

// Ends those at rest, and damps further where the equations have no solution. Returns whether there are such.
bool DescentsInLanes::damp_further() {
  bool is_any = false;
  for (Index lane = 0; lane < W_; ++lane) {
    Lane& its = at(lane);
    if (!is_under_way(lane)) continue;
    if (its.next == DescentCourse::Next::rest) {
      its.end = its.course.descent();
      its.end.end = is_solved(lane) ? Descent::End::arrived : Descent::End::left;
      its.state = State::ended;
    } else if (!is_solved(lane)) {
      its.course.take(0, std::numeric_limits<double>::infinity());
      its.next = its.course.next();
      is_any = true;
    }
  }
  return is_any;
}

// Of all lanes, where one bends its step.
void DescentsInLanes::bend() {
  bool is_any = false;
  for (Index lane = 0; lane < W_; ++lane)
    is_any = is_any || (is_under_way(lane) && at(lane).course.is_bent());
  if (!is_any) return;
  kernels_.second_along({.rows = equations_.rows(tau_),
                         .units = units_.data(),
                         .d = step_.data(),
                         .sums = sums_.data(),
                         .workspace = workspace_.data()});
  kernels_.solve_for(&factor_, 1, sums_.data());
}

void DescentsInLanes::choose_points() {
  for (Index lane = 0; lane < W_; ++lane) {
    Lane& its = at(lane);
    if (!is_under_way(lane)) continue;
    // -(2 g'd + d'M d), where (M + damping) d = -g
    its.predicted_fall = squares_(0, lane);
    for (Index p = 0; p < P_; ++p) {
      const double damping = by_diagonal_(0, lane) * E_(equations_.entry(p, p), lane) + shift_(0, lane);
      its.predicted_fall += damping * step_(p, lane) * step_(p, lane);
    }
    const bool is_bent = its.course.is_bent();
    its.is_tried = !is_bent || is_believable_bend(bend_, step_, lane);
    // Where the step is straight, what stands for a bend is of another point, and may be no number.
    for (Index p = 0; p < P_; ++p) {
      const double step = is_bent ? step_(p, lane) - 0.5 * bend_(p, lane) : step_(p, lane);
      equations_.points()(p, lane) = tau_(p, lane) + step;
    }
  }
}

// At the point of the lane, with all that follows from it; infinite where a number of it is not finite.
double DescentsInLanes::finite_objective(Index lane) {
  equations_.add_penalty(lane);
  double sum = equations_.objective(lane);
  for (Index p = 0; p < P_; ++p) sum += equations_.E()(equations_.entry(p, p), lane);
  return std::isfinite(sum) ? equations_.objective(lane) : std::numeric_limits<double>::infinity();
}

// Returns whether the lane goes to the point that was tried, or begins there.
bool DescentsInLanes::take_point(Index lane) {
  Lane& its = at(lane);
  if (its.state == State::starting) {
    const double objective = finite_objective(lane);
    its.course.begin(equations_.residuals(lane), *its.options, objective);
    its.state = State::under_way;
    if (std::isfinite(objective)) return true;
    its.end = {.objective = objective, .end = Descent::End::not_finite};
    its.state = State::ended;
    return false;
  }
  if (!is_under_way(lane)) return false;
  const double objective = its.is_tried ? finite_objective(lane) : std::numeric_limits<double>::infinity();
  return its.course.take(its.predicted_fall, objective);
}

void DescentsInLanes::move() {
  for (Index lane = 0; lane < W_; ++lane) {
    has_moved_(0, lane) = take_point(lane) ? 1 : 0;
    Lane& its = at(lane);
    if (!is_under_way(lane)) continue;
    its.next = its.course.next();
    if (its.next != DescentCourse::Next::end) continue;
    its.end = its.course.descent();
    its.state = State::ended;
  }
  kernels_.replace(has_moved_.data(), equations_.points().data(), tau_.data(), P_);
  kernels_.replace(has_moved_.data(), equations_.E().data(), E_.data(), (P_ + 1) * (P_ + 1));
  kernels_.replace(has_moved_.data(), equations_.second().data(), second_.data(), (P_ + 1) * (P_ + 1));
  move_units();
  for (Index lane = 0; lane < W_; ++lane) {
    if (has_moved_(0, lane) == 0) continue;
    double sum = 0;
    for (Index p = 0; p < P_; ++p) sum += E_(equations_.entry(p, p), lane);
    scale_(0, lane) = sum / static_cast<double>(P_);
  }
}

void DescentsInLanes::move_units() {
  bool are_wanted = false, have_all_moved = true;
  for (Index lane = 0; lane < W_; ++lane) {
    if (!is_under_way(lane) || !at(lane).course.is_long()) continue;
    are_wanted = true;
    have_all_moved = have_all_moved && has_moved_(0, lane) != 0;
  }
  if (!are_wanted) return;
  if (have_all_moved)
    std::swap(units_, equations_.units());
  else
    kernels_.replace(has_moved_.data(), equations_.units().data(), units_.data(), n_units_);
}

void DescentsInLanes::step() {
  do solve();
  while (damp_further());
  bend();
  choose_points();
  equations_.compute();
  move();
}

}  // namespace jacobench
