// Approaches of many fits of one small network, one in each lane of a pack: each from its own start to its own data, by
// the same rules and with its own end.
//
// Model:  that of fit/approach.hpp, with full Newton steps also where the minimum is near
// Bits, cost: as in fit/equations_in_lanes.hpp, for a step of all lanes; where there are several lanes the factor with
//         second derivatives is made with every point as well
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
    Numbers L, least_norm, least_pivot, squares, step;
  };
  kernel::LaneFactor lane_factor(Factor& factor, const double* second);
  std::optional<Standing> standing(Index lane);
  void leave(Index lane);
  bool has_newton_step(Index lane) const;
  bool is_by_newton(Index lane) const;

  const kernel::LaneKernels kernels_;
  const Index W_, N_, P_;
  EquationsInLanes equations_;  // at the points that are tried
  std::vector<State> states_;
  std::vector<Lane> lanes_;
  Numbers tau_, C_, by_C_;
  Factor of_J_;  // of J'J
  Factor of_H_;  // of J'J with the second derivatives; its squares are what a Newton step promises to gain
  Numbers squared_lengths_;
  Vector C_of_lane_;
  Matrix L_of_lane_, T_;
};

}  // namespace jacobench
