// Descents of many fits of one small network, one in each lane of a pack: each from its own start to its own data, by
// the same rules and with its own end.
//
// Model:  that of fit/solvers.hpp for damped steps, by normal equations (fit/step_equations.hpp). Where S may still
//         curve downwards at the end of one, at a saddle point, it leaves its lane
// Bits:   as in fit/equations_in_lanes.hpp
// Cost:   a step of all lanes is that of fit/equations_in_lanes.hpp and a factorisation, and where a lane bends its step
//         some 10 m n multiplications of packs, m the hidden units, by activations that the equations have left
#pragma once

#include <vector>

#include "jacobench/fit/descent_course.hpp"
#include "jacobench/fit/equations_in_lanes.hpp"

namespace jacobench {

class DescentsInLanes {
 public:
  static bool suits(const Perceptron& network, Index n_observations);

  // Of a network that EquationsInLanes suits.
  DescentsInLanes(const Perceptron& network, Index n_observations, const kernel::LaneKernels& kernels);
  DescentsInLanes(const DescentsInLanes&) = delete;
  DescentsInLanes& operator=(const DescentsInLanes&) = delete;

  Index n_lanes() const { return W_; }

  // Residuals and options are kept by reference until the descent has ended.
  void begin(Index lane, const Residuals& residuals, const VectorView& tau, const DescentOptions& options,
             LaneInputs inputs = LaneInputs::new_ones);

  // One step of all lanes. Allocates nothing.
  void step();

  enum class State { idle, starting, under_way, ended };
  State state(Index lane) const { return at(lane).state; }
  void clear(Index lane) { at(lane).state = State::idle; }

  // Of one that has ended, at tau: Descent::End::left where it has come to rest and S may curve downwards, to be gone on
  // with by a Descender.
  const Descent& end(Index lane) const { return at(lane).end; }
  void get_tau(Index lane, Vector& tau) const;

 private:
  struct Lane {
    State state = State::idle;
    const DescentOptions* options = nullptr;
    DescentCourse course;
    DescentCourse::Next next = DescentCourse::Next::end;
    Descent end;
    double predicted_fall = 0;
    bool is_tried = false;
  };
  using Numbers = kernel::LaneNumbers;

  Lane& at(Index lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  const Lane& at(Index lane) const { return lanes_[static_cast<std::size_t>(lane)]; }
  bool is_under_way(Index lane) const { return at(lane).state == State::under_way; }
  void solve();
  bool is_solved(Index lane) const;
  bool damp_further();
  void bend();
  void choose_points();
  double finite_objective(Index lane);
  bool take_point(Index lane);
  void move();
  void move_units();

  const kernel::LaneKernels kernels_;
  const Index W_, P_, n_units_;
  EquationsInLanes equations_;  // at the points that are tried
  std::vector<Lane> lanes_;
  Numbers tau_, E_, second_;  // where the lanes are
  Numbers units_;             // there, of those that may bend their steps
  Numbers scale_;             // the mean of the diagonal of J'J there
  Numbers weight_, by_diagonal_, shift_, damped_, C_, by_C_, L_, least_norm_, least_pivot_, squares_, step_;
  Numbers sums_, bend_, workspace_;
  Numbers has_moved_;
  kernel::LaneFactor factor_;
};

}  // namespace jacobench
