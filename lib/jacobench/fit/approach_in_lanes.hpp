// Approaches of many fits of one small network, one in each lane of a pack: each from its own start to its own data, by
// the same rules and with its own end.
//
// Model:  that of fit/approach.hpp, with full Newton steps also where the minimum is near. A step d by A is bent, by half
//         of -A^-1 b: b is J' r_dd of a Gauss-Newton step, the second derivatives being along d, and of a Newton step
//         J' r_dd + 2 J_d' r_d, which is what the gradient has of second order but for third derivatives of r. An
//         approach takes about one step less by it. Of so many rows that what the equations have of the units can't be
//         kept, steps are straight
// Bits, cost: as in fit/equations_in_lanes.hpp, for a step of all lanes; where there are several lanes the factor with
//         second derivatives is made with every point as well. A bend is some 15 m n multiplications of packs, m the
//         hidden units
// Source: Transtrum and Sethna (2012), arXiv:1201.5885, on the bend of a Gauss-Newton step; Traub (1964), Iterative
//         Methods for the Solution of Equations, on Chebyshev's method, which that of a Newton step is
#pragma once

#include <vector>

#include "jacobench/fit/approach_course.hpp"
#include "jacobench/fit/equations_in_lanes.hpp"

namespace jacobench {

class ApproachInLanes {
 public:
  ApproachInLanes(const Perceptron& network, Index n_observations, const kernel::LaneKernels& kernels);

  Index n_lanes() const { return W_; }

  // Residuals and options are kept by reference until the approach has ended.
  void begin(Index lane, const Residuals& residuals, const VectorView& tau, const PolishOptions& options,
             LaneInputs inputs = LaneInputs::new_ones);

  // One step of all lanes. Allocates nothing.
  void step();

  // `left`: at what lanes can't do.
  enum class State { idle, under_way, arrived, left };
  State state(Index lane) const { return states_[static_cast<std::size_t>(lane)]; }
  void clear(Index lane) { states_[static_cast<std::size_t>(lane)] = State::idle; }

  Index n_iterations(Index lane) const {
    return lanes_[static_cast<std::size_t>(lane)].course.n_iterations();
  }

  // Of one that has arrived, until the next step.
  struct End {
    Index n_iterations;
    double rss, penalty;  // |r|^2 of the data rows, and of the others
    double relative_offset;
    std::optional<Remaining> remaining;
  };
  End end(Index lane);
  void get_tau(Index lane, Vector& tau) const;            // also of one that has left
  void get_gradient(Index lane, Vector& gradient) const;  // of |r|^2 by tau

 private:
  struct Lane {
    ApproachCourse course;
    ApproachCourse::Next next = ApproachCourse::Next::leaves;
  };

  using Numbers = kernel::LaneNumbers;
  struct Factor {
    Numbers L, least_norm, least_pivot, squares, step, bend;
  };
  kernel::LaneFactor lane_factor(Factor& factor, const double* second);
  std::optional<Standing> standing(Index lane);
  void leave(Index lane);
  bool has_newton_step(Index lane) const;
  bool is_by_newton(Index lane) const;
  void choose_steps();
  void bend(const kernel::LaneFactor* factors, Index n_factors);

  const kernel::LaneKernels kernels_;
  const Index W_, N_, P_;
  const bool bends_;
  EquationsInLanes equations_;  // at the points that are tried
  std::vector<State> states_;
  std::vector<Lane> lanes_;
  Numbers tau_, C_, by_C_;
  Factor of_J_;  // of J'J
  Factor of_H_;  // of J'J with the second derivatives; its squares are what a Newton step promises to gain
  Numbers squared_lengths_;
  Numbers step_;  // the one that is taken
  Numbers across_, sums_, workspace_;
  Vector C_of_lane_;
  Matrix L_of_lane_, T_;
};

}  // namespace jacobench
