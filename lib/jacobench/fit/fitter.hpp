// The one engine of all fits: what a user's fit, the refits of a bootstrap and a profile, and every replicate of a study go
// through, in a workspace that is made once for data of one shape.
//
// Model:  that of fit/fit.hpp. Inputs and outputs are standardised as suits the data (fit/scaling.hpp), which changes the path
//         and not the minimum. A start that is given is polished for a few steps (fit/solvers.hpp); where that does not end
//         at a minimum it is gone down from there, and from the start itself near and far. Drawn starts are gone down from.
//         Units of the best of all these are drawn anew (fit/redraw.hpp), and the best is polished until its residuals are
//         orthogonal to the tangent plane, or as nearly as was asked for. With a penalty and many more parameters than
//         observations the steps are n x n (fit/dual_equations.hpp), in the user's units, and the last of them stand for
//         polishing.
// Shapes: as in fit/fit.hpp
// Cost:   an iteration is J and 2 N P^2 flops in polishing, N P^2 in going down and less than that again for second
//         derivatives; with one thread and the analytic strategies no allocation after the first fit
// Errors: InputError for options that make no sense; logic_error for data of another shape. Data are not checked. Not to
//         converge is an outcome: `end`
//
// Starts are drawn from Philox streams keyed by (seed, start), once: the same bits with any number of threads.
#pragma once

#include <memory>

#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/scaling.hpp"

namespace jacobench {

class UnitRedraw;

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
  enum class Form { normal, dual };  // of the equations of a step

  const Fit& fit_from(const Dataset& data, const Vector* start);
  Index polish(Candidate& candidate, Index max_iterations);
  void go_down_all(Index first, Index n);
  std::function<bool(double)> whether_to_go_on(Progress& progress) const;
  void go_down(Candidate& candidate, Worker& worker, Progress& progress);
  void note_objectives();
  void redraw_units(Candidate& best);
  void finish(Candidate& best, bool is_polished);
  void finish_dual(Candidate& best);
  void summarise_starts(double best);

  const FitOptions options_;
  const Form form_;
  Scaling standardisation_;  // of the drawn starts, where the residuals are in the user's units
  Matrix starts_;            // drawn ones are standardised  [P x n]
  Matrix redrawn_;           // parameters to take new units from  [P x n_redraws]
  std::unique_ptr<UnitRedraw> unit_redraw_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Candidate> candidates_;
  std::vector<double> objectives_;
  Index n_candidates_ = 0;
  bool was_interrupted_ = false;
  Vector start_, scaled_start_, gradient_, step_;
  Fit fit_;
};

}  // namespace jacobench
