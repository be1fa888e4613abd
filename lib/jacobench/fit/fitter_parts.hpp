// What a Fitter is made of, for the files that it is in: fitter.cpp has starts, searches and ends, fitter_in_lanes.cpp
// what goes side by side.
#pragma once

#include <array>
#include <limits>
#include <mutex>
#include <vector>

#include "jacobench/fit/approach_in_lanes.hpp"
#include "jacobench/fit/descents_in_lanes.hpp"
#include "jacobench/fit/dual_equations.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/live_descent.hpp"
#include "jacobench/fit/matrix_free_equations.hpp"
#include "jacobench/fit/normal_equations.hpp"
#include "jacobench/fit/redraw.hpp"

namespace jacobench {

// From a start that is given and not at a minimum after a few steps: from there, far in directions that the data hardly
// determine as well, and where that does not lead to one, from the start itself, near it.
struct Fitter::Tries {
  static constexpr Index few_steps = 20;
  static constexpr Index most = 2;
  static constexpr std::array<StepDamping, most> dampings{
      {{1e-2, DampingBy::columns}, {1e4, DampingBy::mean}}};
};

// Where one start leads. In the units of the residuals.
struct Fitter::Candidate {
  static constexpr Index not_drawn = -1;

  Vector tau;
  StepDamping damping = usual_damping;                         // of the first step down
  Index number = 0;                                            // of a drawn start, or not_drawn
  double objective = std::numeric_limits<double>::infinity();  // before there is one
  Index n_iterations = 0;                                      // of the descent that led here
  Index n_spent = 0;                                           // of all descents
  Index n_redraws = 0, n_lowered = 0;
  bool has_arrived = false;    // where a descent ends
  bool is_at_minimum = false;  // after polishing
  bool is_at_bottom = false;   // at a minimum that leaves no direction open

  // Nothing has been tried from here; without allocation where tau has its size.
  void begin(const VectorView& start, const StepDamping& first_damping, Index its_number) {
    tau = start;
    damping = first_damping;
    number = its_number;
    objective = std::numeric_limits<double>::infinity();
    n_iterations = n_spent = n_redraws = n_lowered = 0;
    has_arrived = is_at_minimum = is_at_bottom = false;
  }

  void add(const Descent& descent) {
    objective = descent.objective;
    n_iterations += descent.n_iterations;
    n_spent += descent.n_iterations;
    has_arrived = descent.end == Descent::End::arrived;
  }
};

// Redraws end at the first of these.
struct Fitter::RedrawLimits {
  static constexpr Index no_limit = std::numeric_limits<Index>::max();

  Index n_redraws = no_limit;
  Index n_in_vain = no_limit;  // in succession
  Index n_spent = no_limit;    // iterations of all descents of the candidate
  Index n_before = no_limit;   // of these, after which none begins any more
};

// One thread's workspace.
struct Fitter::Worker {
  Worker(const Perceptron& network, const Dataset& like, const FitOptions& options, StepForm form,
         const Scaling& standardisation, Index n_threads)
      : residuals(network, like, options.decay, options.jacobian,
                  form == StepForm::normal ? Residuals::Units::standardised : Residuals::Units::users),
        equations(equations_of(form, residuals, options.decay, n_threads)),
        descender(residuals, *equations),
        live_descent(live_descent_of(options.decay, n_threads)),
        unit_redraw(residuals, find_initialisation(options.initialisation),
                    form == StepForm::normal ? nullptr : &standardisation) {
    again.tau.resize(network.n_params());
  }

  static std::unique_ptr<StepEquations> equations_of(StepForm form, Residuals& residuals, const Vector& decay,
                                                     Index n_threads) {
    if (form == StepForm::dual) return std::make_unique<DualEquations>(residuals, decay, n_threads);
    if (form == StepForm::matrix_free) return std::make_unique<MatrixFreeEquations>(residuals, decay);
    return std::make_unique<NormalEquations>(residuals);
  }

  std::optional<LiveDescent> live_descent_of(const Vector& decay, Index n_threads) {
    auto* dual = dynamic_cast<DualEquations*>(equations.get());
    if (!dual) return {};
    return std::optional<LiveDescent>(std::in_place, residuals, *dual, descender, decay, n_threads);
  }

  Polisher& polisher() {
    if (!its_polisher) its_polisher.emplace(residuals);
    return *its_polisher;
  }

  Residuals residuals;
  std::unique_ptr<StepEquations> equations;
  Descender descender;
  std::optional<LiveDescent> live_descent;  // of the n x n form
  UnitRedraw unit_redraw;
  Candidate again;                       // with units drawn anew
  std::optional<Polisher> its_polisher;  // only one worker needs one
};

// The tries of a fit that an approach in a lane did not lead to a minimum.
struct Fitter::LaneSearch {
  enum class Stage { first_try, all_tries };

  Index slot = 0;
  bool is_free = true;
  Stage stage = Stage::first_try;
  std::unique_ptr<Residuals> residuals;
  Index inputs = 0;  // which X these have, by their number
  std::array<Candidate, Tries::most> tries;
  Index n_tries = 0, n_left = 0;  // those that have not ended
};

// Such fits, and their tries, which go down in lanes, each by itself.
struct Fitter::LaneSearches {
  LaneSearches(const Perceptron& network, const Dataset& like, const FitOptions& options,
               const kernel::LaneKernels& kernels);

  struct Try {
    LaneSearch* search = nullptr;
    Candidate* candidate = nullptr;
  };
  struct Lane {
    Try its;
    DescentOptions options;
    Index inputs = 0;
  };

  void clear();
  LaneSearch* free_one();  // or null
  Index n_busy() const;
  void begin_tries(LaneSearch& search, Index begin, Index end);
  void fill_lanes(Index max_iterations, const std::function<bool(double)>& go_on);

  DescentsInLanes descents;
  std::vector<Lane> lanes;
  std::vector<LaneSearch> all;
  std::vector<Try> waiting;
};

// Fits in lanes, each with residuals of its own.
struct Fitter::Lanes {
  Lanes(const Perceptron& network, const Dataset& like, const FitOptions& options,
        const kernel::LaneKernels& kernels);

  ApproachInLanes approach;
  PolishOptions polish;
  std::vector<std::unique_ptr<Residuals>> residuals;
  std::vector<Index> inputs;               // which X each has, by their number; 0: nobody's
  std::unique_ptr<LaneSearches> searches;  // from the first on that leaves
};

// Where the fits side by side are, and those that wait to be taken.
struct Fitter::Slots {
  Slots(const Fit& like, Index n_lanes)
      : in_lane(static_cast<std::size_t>(n_lanes)),
        fits(static_cast<std::size_t>(n_lanes), like),
        inputs(fits.size()) {
    fitted.reserve(fits.size());
    free.reserve(slots_per_lane * fits.size());
    for (Fit& fit : fits) fit.end->starts.outcomes.reserve(like.end->starts.outcomes.capacity());
  }

  std::vector<Index> in_lane;
  std::vector<Index> free;
  std::vector<Fit> fits;
  std::vector<Index> inputs;             // of these, as Fitter::inputs_of_fit_
  std::vector<ManyFits::Fitted> fitted;  // the first of the fits
};

// What is found at the end of a fit, beside gradient_. In the units of the residuals.
struct Fitter::Bottom {
  double rss, penalty;
  std::optional<Remaining> remaining;
};

// How far all starts together have come, for who wants to know.
struct Fitter::Progress {
  std::mutex mutex;
  FitProgress so_far{};
  bool go_on = true;
};

}  // namespace jacobench
