// Approaches of many fits of one small network, one in each lane of a pack: each from its own start to its own data, by
// the same rules and with its own end.
//
// Model:  that of fit/approach.hpp, with full Newton steps also where the minimum is near. The sums of J'J go row by
//         row in the order of the data, in place of those of BLAS
// Bits:   those of a fit depend neither on its lane nor on what is in the others, nor on how many lanes there are
// Cost:   a step of all lanes together is n P^2 / 2 multiplications of packs and m n activations with both derivatives,
//         m the hidden units; second derivatives are made with every point, and where there are several lanes
//         their factor as well. A lane that is idle costs what a busy one does
#pragma once

#include <vector>

#include "jacobench/fit/approach_course.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/lane_numbers.hpp"

namespace jacobench {

// Rows of networks that go in lanes, without data yet.
kernel::LaneRows lane_rows(const Perceptron& network, Index n_rows);

class ApproachInLanes {
 public:
  // Whether its fits can go in lanes: one hidden layer, one output that is the identity, and few parameters.
  static bool suits(const Perceptron& network);

  ApproachInLanes(const Perceptron& network, Index n_observations, const kernel::LaneKernels& kernels);

  Index n_lanes() const { return W_; }

  // Residuals and options are kept by reference until the approach has ended. The same inputs are those of the last
  // residuals in this lane.
  enum class Inputs { new_ones, same };
  void begin(Index lane, const Residuals& residuals, const VectorView& tau, const PolishOptions& options,
             Inputs inputs = Inputs::new_ones);

  // One step of all lanes. Allocates nothing.
  void step();

  // `left`: at what lanes can't do.
  enum class State { idle, under_way, arrived, left };
  State state(Index lane) const { return states_[static_cast<std::size_t>(lane)]; }
  void clear(Index lane) { states_[static_cast<std::size_t>(lane)] = State::idle; }

  // Of one that has arrived, until the next step.
  struct End {
    Index n_iterations;
    double rss, penalty;  // |r|^2 of the data rows, and of the others
    double relative_offset;
    std::optional<Remaining> remaining;
  };
  End end(Index lane);
  void get_tau(Index lane, Vector& tau) const;
  void get_gradient(Index lane, Vector& gradient) const;  // of |r|^2 by tau

 private:
  struct Lane {
    const Residuals* residuals = nullptr;
    ApproachCourse course;
    ApproachCourse::Next next = ApproachCourse::Next::leaves;
    double penalty = 0;
    bool has_unit_factors = false;
  };

  using Numbers = kernel::LaneNumbers;
  struct Factor {
    Numbers L, least_norm, least_pivot, squares, step;
  };
  Index entry(Index p, Index q) const { return q * (P_ + 1) + p; }

  kernel::LaneEquations equations();
  kernel::LaneFactor lane_factor(Factor& factor, const double* second);
  std::optional<Standing> standing(Index lane);
  void add_penalty(Index lane);
  bool has_newton_step(Index lane) const;
  bool is_by_newton(Index lane) const;

  const Perceptron network_;
  const kernel::LaneKernels kernels_;
  const Index W_, N_, P_;
  std::vector<State> states_;
  std::vector<Lane> lanes_;
  Numbers X_, y_, factors_, tau_, tried_;
  Numbers E_, second_, workspace_;
  Numbers C_, by_C_;
  Factor of_J_;  // of J'J
  Factor of_H_;  // of J'J with the second derivatives; its squares are what a Newton step promises to gain
  Numbers squared_lengths_;
  Vector point_, C_of_lane_;
  Matrix L_of_lane_, T_;
};

}  // namespace jacobench
