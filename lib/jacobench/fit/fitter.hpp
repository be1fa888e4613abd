// The one engine of all fits: what a user's fit, the refits of a bootstrap and a profile, and every replicate of a
// study go through, in a workspace that is made once for data of one shape.
//
// Model:  that of fit/fit.hpp. Inputs and outputs are standardised as suits the data (fit/scaling.hpp), which changes
//         the path and not the minimum. A start that is given is polished for a few steps (fit/solvers.hpp); where that
//         does not end at a minimum it is gone down from there, and where that does not either, from the start itself.
//         Drawn starts are gone down from. Units of the best of all these are drawn anew (fit/redraw.hpp),
//         and the best is polished until its residuals are orthogonal to the tangent plane, or as nearly as was asked
//         for. With a penalty and many more parameters than observations the steps are n x n (fit/dual_equations.hpp),
//         in the network of those units that the penalty leaves in use (fit/live_descent.hpp), where neither can be had
//         by products with J (fit/matrix_free_equations.hpp), both in the user's units, and the last of them stand for
//         polishing.
//         Where it is said how often the best optimum is to be reached, each start is a search: units are drawn anew
//         from where it leads, the least useful first, until none leads further down or max_iterations are spent.
//         Drawn starts are searched in rounds, each half as many again as there were before, until one of them ends
//         with the best reached so often, also after its units were drawn anew five times each in vain.
//         The fit of a small network to a tolerance, from a start that is given alone, goes to the minimum in a lane
//         (fit/approach_in_lanes.hpp), by itself or beside others; where that does not lead there, it goes down as above,
//         in lanes as well (fit/descents_in_lanes.hpp).
// Shapes: as in fit/fit.hpp
// Cost:   an iteration is J and 2 N P^2 flops in polishing, N P^2 in going down and less than that again for second
//         derivatives; with one thread and the analytic strategies no allocation after the first fit of each kind: in
//         a lane, further down in lanes, in none
// Errors: InputError for options that make no sense; logic_error for data of another shape. Data are not checked. Not
//         to converge is an outcome: `end`
//
// Starts are drawn from Philox streams keyed by (seed, start), and redrawn units by (seed, start, redraw); rounds do
// not depend on threads: the same bits with any number of them.
//
// Source: Leary (2000), J. Global Optim. 18, on monotone hopping between basins from several starts
#pragma once

#include <memory>
#include <span>

#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/scaling.hpp"

namespace jacobench::kernel {
struct LaneKernels;
}

namespace jacobench {

class DescentsInLanes;
class Residuals;
struct StepDamping;

// The data of many fits, one after the other, where each of `slot` 0, 1, ... holds one that is being fitted, or has
// been.
class ManyFits {
 public:
  virtual ~ManyFits() = default;

  // Puts the next data and their start into the slot, where they stay until they are taken. Returns whether there are
  // any left.
  virtual bool put_next(Index slot) = 0;
  virtual const Dataset& data(Index slot) const = 0;
  virtual const Vector& start(Index slot) const = 0;  // in the user's units

  struct Fitted {
    Index slot;
    const Fit* fit;  // of what is in the slot
  };

  // What has been fitted, until the next call: as many together as go side by side, fewer at the end, in no particular
  // order.
  virtual void take(std::span<const Fitted> fitted) = 0;
};

class Fitter {
 public:
  // `like` has the shapes of all data.
  Fitter(const Perceptron& network, const Dataset& like, FitOptions options = {});
  ~Fitter();

  // The result stays until the next call.
  const Fit& fit(const Dataset& data);

  // From this start in the place of the one in the options.
  const Fit& fit(const Dataset& data, const VectorView& start);

  // How many fits go side by side, in the lanes of a pack; 1: they do not.
  Index n_side_by_side() const;

  // Of what goes side by side: that which is on its way to a minimum nearby, or further down, or waits to be taken.
  Index n_slots() const { return n_side_by_side() == 1 ? 1 : slots_per_lane * n_side_by_side(); }

  // All of them, with the bits of fit(data, start); one by one where they do not go side by side.
  void fit_all(ManyFits& fits);

 private:
  static constexpr Index slots_per_lane = 3;

  struct Tries;
  struct Lanes;
  struct LaneSearch;
  struct LaneSearches;
  struct Slots;
  struct Bottom;
  struct Worker;
  struct Candidate;
  struct Progress;
  struct RedrawLimits;

  const Fit& fit_from(const Dataset& data, const Vector* start);
  void fit_without_lanes(const Dataset& data, const Vector* start);
  bool is_search() const { return options_.n_wanted_at_best.has_value(); }
  void add_candidate(const VectorView& tau, const StepDamping& damping, Index number);
  void add_starts(Index begin, Index end);
  Index polish(Candidate& candidate, Index max_iterations);
  void polish_first(Candidate& first, Index max_iterations);
  void polish_arrived(Candidate& first);
  void follow_first();
  void follow_new();
  void search_in_rounds();
  Index n_spent() const;
  bool goes_on() const;
  std::function<bool(double)> whether_to_go_on() const;
  void go_down(Candidate& candidate, Index max_iterations, Worker& worker) const;
  void redraw_units(Candidate& candidate, const RedrawLimits& limits, Worker& worker) const;
  RedrawLimits limits_of_redraws(const Candidate& its_best) const;
  Candidate& best();
  double lowest() const;
  bool is_same_optimum(double objective, double best) const;
  Index n_at(double best) const;
  void note_objectives();
  Candidate& polish_best(Candidate& its_best);
  bool can_go_in_lanes() const;
  bool can_search_in_lanes(Lanes& lanes, const kernel::LaneKernels& kernels);
  Lanes& lanes(std::unique_ptr<Lanes>& those, const kernel::LaneKernels& kernels);
  void begin_in_lane(Lanes& lanes, Index lane, const Dataset& data, const Vector& start);
  void finish_in_lane(Lanes& lanes, Index lane, const Dataset& data);
  void begin_search(Lanes& lanes, Index lane, Index slot, const Vector& start);
  bool goes_on_trying(LaneSearches& searches, LaneSearch& search) const;
  void set_worker(const Dataset& data);
  template <class GetData, class Use>
  void go_on_searching(LaneSearches& searches, const GetData& data, const Use& use);
  void end_try(DescentsInLanes& descents, Index lane, Candidate& candidate, const Dataset& data);
  void finish_search(const LaneSearch& search, const Dataset& data);
  void fit_in_one_lane(const Dataset& data, const Vector& start);
  void fit_one_by_one(ManyFits& fits);
  void take_data(const Dataset& data);
  void begin_progress(Index n_starts);
  void take_inputs(const Matrix& X);
  void finish(Candidate& its_best, bool is_polished);
  void fill_in(const Candidate& best, const Bottom& bottom);
  bool is_polished() const { return form_ == StepForm::normal; }  // in standardised units
  void finish_unpolished(Candidate& best);
  void summarise_starts(double best);

  const FitOptions options_;
  const StepForm form_;
  const Index most_steps_of_search_;
  Scaling standardisation_;  // of the drawn starts, where the residuals are in the user's units
  Matrix starts_;            // drawn ones are standardised  [P x n]
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Candidate> candidates_;
  std::unique_ptr<Progress> progress_;
  std::vector<double> objectives_, of_drawn_;
  Index n_candidates_ = 0, n_followed_ = 0;
  const Residuals* residuals_ = nullptr;  // of the data of the fit: those of the first worker, or of a lane
  std::unique_ptr<Lanes> one_lane_, all_lanes_;  // from the first fit on that goes there
  std::unique_ptr<Slots> slots_;
  Vector start_, scaled_start_, gradient_, step_;
  Fit fit_;
  Matrix inputs_;             // the X of the last data
  Index n_inputs_taken_ = 0;  // how often that has changed
  Index inputs_of_fit_ = 0;   // after so many changes the X of the fit was copied from there
};

}  // namespace jacobench
