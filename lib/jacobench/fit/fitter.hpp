// The one engine of all fits: what a user's fit, the refits of a bootstrap and a profile, and every replicate of a study go
// through, in a workspace that is made once for data of one shape.
//
// Model:  that of fit/fit.hpp. Inputs and outputs are standardised as suits the data (fit/scaling.hpp), which changes the path
//         and not the minimum. A start that is given is polished for a few steps (fit/solvers.hpp); where that does not end
//         at a minimum it is gone down from there, and from the start itself near and far. Drawn starts are gone down from.
//         Units of the best of all these are drawn anew (fit/redraw.hpp), and the best is polished until its residuals are
//         orthogonal to the tangent plane, or as nearly as was asked for. With a penalty and many more parameters than
//         observations the steps are n x n (fit/dual_equations.hpp), where neither can be had by products with J
//         (fit/matrix_free_equations.hpp), both in the user's units, and the last of them stand for polishing.
//         Where it is said how often the best optimum is to be reached, each start is a search: units are drawn anew
//         from where it leads, the least useful first, until none leads further down or max_iterations are spent.
//         Drawn starts are searched in rounds, each half as many again as there were before, until one of them ends
//         with the best reached so often, also after its units were drawn anew five times each in vain.
// Shapes: as in fit/fit.hpp
// Cost:   an iteration is J and 2 N P^2 flops in polishing, N P^2 in going down and less than that again for second
//         derivatives; with one thread and the analytic strategies no allocation after the first fit
// Errors: InputError for options that make no sense; logic_error for data of another shape. Data are not checked. Not to
//         converge is an outcome: `end`
//
// Starts are drawn from Philox streams keyed by (seed, start), and redrawn units by (seed, start, redraw); rounds do not
// depend on threads: the same bits with any number of them.
//
// Source: Leary (2000), J. Global Optim. 18, on monotone hopping between basins from several starts
#pragma once

#include <memory>

#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/scaling.hpp"

namespace jacobench {

class Fitter {
 public:
  // `like` has the shapes of all data.
  Fitter(const Perceptron& network, const Dataset& like, FitOptions options = {});
  ~Fitter();

  // The result stays until the next call.
  const Fit& fit(const Dataset& data);

  // From this start in the place of the one in the options.
  const Fit& fit(const Dataset& data, const VectorView& start);

 private:
  struct Worker;
  struct Candidate;
  struct Progress;
  struct RedrawLimits;

  const Fit& fit_from(const Dataset& data, const Vector* start);
  bool is_search() const { return options_.n_wanted_at_best.has_value(); }
  void add_candidate(const VectorView& tau, double damping, Index number);
  void add_starts(Index begin, Index end);
  Index polish(Candidate& candidate, Index max_iterations);
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
  void finish(Candidate& its_best, bool is_polished);
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
  Vector start_, scaled_start_, gradient_, step_;
  Fit fit_;
};

}  // namespace jacobench
