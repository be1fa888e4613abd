#include "jacobench/fit/fitter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/fit/dual_equations.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/fit/normal_equations.hpp"
#include "jacobench/fit/redraw.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

constexpr double same_optimum = 1e-3;

// The lowest but for where the last steps ended.
constexpr double as_good_as_lowest = 1 + 1e-6;

// What is tried from a start that is not at a minimum after a few steps of polishing: from there, and from the start itself
// near and far.
constexpr Index few_steps = 20;
constexpr double further_dampings[] = {1e4, 1e-3};
constexpr Index most_tries = 3;

// Units that are drawn anew side by side, whatever the number of threads, before the best of them is gone on from.
constexpr Index redraws_at_once = 4;

void check_options(const Perceptron& network, const FitOptions& options) {
  JB_EXPECT(options.n_tries_from_start >= 1 && options.n_tries_from_start <= most_tries,
            "{} tries from a start", options.n_tries_from_start);
  JB_EXPECT(options.starts.size() == 0 || options.starts.rows() == network.n_params(),
            "starts are {} x {}, want {} rows", options.starts.rows(), options.starts.cols(),
            network.n_params());
  if (options.n_starts < 0) throw InputError("starts: {} is negative", options.n_starts);
  JB_EXPECT(!options.start || options.start->size() == network.n_params(), "start has {} entries, want {}",
            options.start->size(), network.n_params());
  JB_EXPECT(options.decay.size() == 0 || options.decay.size() == network.n_params(),
            "{} penalties for {} parameters", options.decay.size(), network.n_params());
  for (const double k : options.decay)
    if (!(k >= 0 && std::isfinite(k)))
      throw InputError("decay: {} is not a penalty; give a finite number from 0 up", k);
}

Matrix draw(const Perceptron& network, const FitOptions& options, Index n, RandomPurpose purpose) {
  const InitialisationInfo& scheme = find_initialisation(options.initialisation);
  Matrix drawn(network.n_params(), n);
  for (Index s = 0; s < n; ++s) {
    RandomStream stream(options.seed, 0, static_cast<std::uint32_t>(s), purpose);
    drawn.col(s) = scheme.draw(network, stream);
  }
  return drawn;
}

}  // namespace

// Where one start leads. In the units of the residuals.
struct Fitter::Candidate {
  Vector tau;
  double damping;  // of the first step down
  double objective;
  Index n_iterations;
  bool has_arrived;
};

// One thread's workspace.
struct Fitter::Worker {
  Worker(const Perceptron& network, const Dataset& like, const FitOptions& options, Form form)
      : residuals(network, like, options.decay, options.jacobian,
                  form == Form::dual ? Residuals::Units::users : Residuals::Units::standardised),
        dual(form == Form::dual ? std::make_unique<DualEquations>(residuals, options.decay) : nullptr),
        normal(dual ? nullptr : std::make_unique<NormalEquations>(residuals)),
        descender(residuals, dual ? static_cast<StepEquations&>(*dual) : *normal) {}

  Polisher& polisher() {
    if (!its_polisher) its_polisher.emplace(residuals);
    return *its_polisher;
  }

  Residuals residuals;
  std::unique_ptr<DualEquations> dual;  // one of the two
  std::unique_ptr<NormalEquations> normal;
  Descender descender;
  std::optional<Polisher> its_polisher;  // only one worker needs one
};

// How far all starts together have come, for who wants to know.
struct Fitter::Progress {
  std::mutex mutex;
  FitProgress so_far{};
  bool go_on = true;
};

Fitter::Fitter(const Perceptron& network, const Dataset& like, FitOptions options)
    : options_(std::move(options)),
      form_(prefer_dual(network, options_.decay, like.n_values()) ? Form::dual : Form::normal),
      standardisation_(network),
      start_(network.n_params()),
      scaled_start_(network.n_params()),
      gradient_(network.n_params()),
      step_(network.n_params()),
      fit_{.network = network,
           .theta = Vector::Zero(network.n_params()),
           .data = like,
           .decay = options_.decay,
           .jacobian = options_.jacobian,
           .end = FitEnd{}} {
  check_options(network, options_);
  starts_ = options_.starts.size() > 0 ? options_.starts
                                       : draw(network, options_, options_.n_starts, RandomPurpose::starts);
  if (network.n_layers() > 1) {
    redrawn_ =
        draw(network, options_, options_.n_redraws.value_or(starts_.cols() / 2), RandomPurpose::redraws);
    unit_redraw_ = std::make_unique<UnitRedraw>(network, like.n_observations());
  }
  const Index n_threads = std::clamp<Index>(options_.n_threads, 1, most_tries + starts_.cols());
  for (Index w = 0; w < n_threads; ++w)
    workers_.push_back(std::make_unique<Worker>(network, like, options_, form_));
  candidates_.resize(static_cast<std::size_t>(most_tries + starts_.cols() + redraws_at_once));
  for (Candidate& candidate : candidates_) candidate.tau.resize(network.n_params());
  objectives_.reserve(candidates_.size());
}

Fitter::~Fitter() = default;

const Fit& Fitter::fit(const Dataset& data) {
  return fit_from(data, options_.start ? &*options_.start : nullptr);
}

const Fit& Fitter::fit(const Dataset& data, const VectorView& start) {
  JB_EXPECT(start.size() == start_.size(), "start has {} entries, want {}", start.size(), start_.size());
  start_ = start;
  return fit_from(data, &start_);
}

const Fit& Fitter::fit_from(const Dataset& data, const Vector* start) {
  if (!start && starts_.cols() == 0)
    throw InputError("starts: 0 (there is nowhere to start from); ask for at least one");
  for (const auto& worker : workers_) worker->residuals.set_data(data);
  if (form_ == Form::dual) standardisation_.set(data.X, data.Y);
  fit_.data = data;
  n_candidates_ = 0;
  was_interrupted_ = false;
  const auto add = [&](const VectorView& tau, double damping) {
    Candidate& candidate = candidates_[static_cast<std::size_t>(n_candidates_++)];
    candidate.tau = tau;
    candidate.damping = damping;
    candidate.objective = std::numeric_limits<double>::infinity();
    candidate.n_iterations = 0;
    candidate.has_arrived = false;
  };

  const Candidate* at_minimum = nullptr;  // already, after a few steps
  if (start) {
    scaled_start_ = *start;
    workers_.front()->residuals.scaling().make_scaled(scaled_start_);
    add(scaled_start_, usual_damping);
    Index rank = 0;
    if (form_ == Form::normal)
      rank = polish(candidates_.front(), std::min(few_steps, options_.max_iterations));
    if (form_ == Form::normal && is_minimum(fit_.end->stop)) at_minimum = &candidates_.front();
    // At a minimum that leaves directions open another try may find a lower one.
    if (!at_minimum || rank < scaled_start_.size())
      for (Index i = 1; i < options_.n_tries_from_start; ++i) add(scaled_start_, further_dampings[i - 1]);
  }
  for (Index s = 0; s < starts_.cols(); ++s) {
    add(starts_.col(s), usual_damping);
    Vector& tau = candidates_[static_cast<std::size_t>(n_candidates_ - 1)].tau;
    const bool is_drawn = options_.starts.size() == 0;
    if (is_drawn && form_ == Form::dual) standardisation_.make_user(tau);
    if (!is_drawn) workers_.front()->residuals.scaling().make_scaled(tau);
  }
  if (!was_interrupted_) go_down_all(at_minimum ? 1 : 0, n_candidates_);

  double lowest = std::numeric_limits<double>::infinity();
  for (Index c = 0; c < n_candidates_; ++c)
    lowest = std::min(lowest, candidates_[static_cast<std::size_t>(c)].objective);
  const auto end = candidates_.begin() + n_candidates_;
  Candidate& best = *std::find_if(candidates_.begin(), end, [&](const Candidate& candidate) {
    return candidate.objective <= as_good_as_lowest * lowest;
  });
  note_objectives();
  fit_.end->starts.n_redraws = fit_.end->starts.n_lowered = 0;
  redraw_units(best);
  finish(best, &best == at_minimum && fit_.end->starts.n_lowered == 0);
  return fit_;
}

// Candidates first to n, spread over the workers.
void Fitter::go_down_all(Index first, Index n) {
  Progress progress;
  progress.so_far = {.n_starts_done = 0,
                     .n_starts = n - first,
                     .n_iterations = 0,
                     .objective = std::numeric_limits<double>::infinity()};
  parallel_for_workers(n - first, static_cast<Index>(workers_.size()), [&](Index i, Index w) {
    go_down(candidates_[static_cast<std::size_t>(first + i)], *workers_[static_cast<std::size_t>(w)],
            progress);
  });
  was_interrupted_ = was_interrupted_ || !progress.go_on;
}

// From a local minimum to lower ones, as long as redraws are left.
void Fitter::redraw_units(Candidate& best) {
  StartSummary& starts = fit_.end->starts;
  const Residuals& residuals = workers_.front()->residuals;
  while (starts.n_redraws < redrawn_.cols() && std::isfinite(best.objective) && !was_interrupted_ &&
         !residuals.is_rounding(best.objective)) {
    const std::vector<HiddenUnit>& units = unit_redraw_->rank(best.tau, residuals.X());
    const auto n_units = static_cast<Index>(units.size());
    bool is_lower = false;
    for (Index next = 0;
         next < n_units && !is_lower && starts.n_redraws < redrawn_.cols() && !was_interrupted_;) {
      const Index n = std::min({redraws_at_once, n_units - next, redrawn_.cols() - starts.n_redraws});
      for (Index i = 0; i < n; ++i) {
        Candidate& again = candidates_[static_cast<std::size_t>(n_candidates_ + i)];
        again.tau = best.tau;
        again.damping = usual_damping;
        again.n_iterations = 0;
        if (form_ == Form::dual) standardisation_.make_scaled(again.tau);
        unit_redraw_->redraw(units[static_cast<std::size_t>(next++)], redrawn_.col(starts.n_redraws++),
                             again.tau);
        if (form_ == Form::dual) standardisation_.make_user(again.tau);
      }
      go_down_all(n_candidates_, n_candidates_ + n);
      const auto first = candidates_.begin() + n_candidates_;
      const Candidate& lowest = *std::min_element(
          first, first + n, [](const Candidate& a, const Candidate& b) { return a.objective < b.objective; });
      is_lower = as_good_as_lowest * lowest.objective < best.objective;
      if (!is_lower) continue;
      ++starts.n_lowered;
      best = lowest;
    }
  }
}

// What is asked after each step; nothing where nobody wants to know.
std::function<bool(double)> Fitter::whether_to_go_on(Progress& progress) const {
  if (!options_.go_on) return {};
  const double unit = workers_.front()->residuals.unit();
  return [this, &progress, unit_squared = unit * unit](double objective) {
    const std::lock_guard lock(progress.mutex);
    ++progress.so_far.n_iterations;
    progress.so_far.objective = std::min(progress.so_far.objective, unit_squared * objective);
    progress.go_on = progress.go_on && options_.go_on(progress.so_far);
    return progress.go_on;
  };
}

void Fitter::go_down(Candidate& candidate, Worker& worker, Progress& progress) {
  const Descent descent = worker.descender.descend(
      candidate.tau, {.max_iterations = options_.max_iterations - candidate.n_iterations,
                      .damping = candidate.damping,
                      .go_on = whether_to_go_on(progress)});
  candidate.objective = descent.objective;
  candidate.n_iterations += descent.n_iterations;
  candidate.has_arrived = descent.end == Descent::End::arrived;
  const std::lock_guard lock(progress.mutex);
  ++progress.so_far.n_starts_done;
}

// From where the candidate is. How that ended is how the fit has ended so far. Returns the rank there.
Index Fitter::polish(Candidate& candidate, Index max_iterations) {
  Progress progress;
  progress.so_far = {.n_starts_done = n_candidates_,
                     .n_starts = n_candidates_,
                     .n_iterations = candidate.n_iterations,
                     .objective = std::numeric_limits<double>::infinity()};
  const Polished polished =
      workers_.front()->polisher().polish(candidate.tau, {.max_iterations = max_iterations,
                                                          .relative_offset = options_.relative_offset,
                                                          .go_on = whether_to_go_on(progress)});
  candidate.objective = polished.objective;
  candidate.n_iterations += polished.n_iterations;
  was_interrupted_ = was_interrupted_ || !progress.go_on;
  fit_.end->stop = polished.stop;
  fit_.end->relative_offset = polished.relative_offset;
  return polished.rank;
}

// The fit is filled in from the best candidate.
void Fitter::finish(Candidate& best, bool is_polished) {
  FitEnd& end = *fit_.end;
  Worker& worker = *workers_.front();
  if (form_ == Form::dual)
    finish_dual(best);
  else if (!is_polished)
    polish(best, was_interrupted_ ? 0 : options_.max_iterations - best.n_iterations);
  if (was_interrupted_ && end.stop == Stop::iteration_limit) end.stop = Stop::interrupted;
  fit_.theta = best.tau;
  end.n_iterations = best.n_iterations;
  const double unit_squared = worker.residuals.unit() * worker.residuals.unit();
  if (end.stop == Stop::not_finite) {
    end.rss = end.penalty = end.gradient_norm = std::numeric_limits<double>::infinity();
    end.remaining.reset();
  } else {
    const Vector& r = form_ == Form::dual ? worker.dual->residuals() : worker.polisher().residuals();
    const Index n_data_rows = worker.residuals.n_data_rows();
    end.rss = unit_squared * r.head(n_data_rows).squaredNorm();
    end.penalty = unit_squared * r.tail(r.size() - n_data_rows).squaredNorm();
    if (form_ == Form::normal) {
      worker.polisher().get_gradient(gradient_);
      end.remaining = end.stop == Stop::exact ? std::nullopt : worker.polisher().remaining(best.tau);
    } else {
      gradient_ = 2 * worker.dual->gradient();
    }
    worker.residuals.scaling().make_user_gradient(gradient_);
    end.gradient_norm = unit_squared * gradient_.norm();
  }
  worker.residuals.scaling().make_user(fit_.theta);
  summarise_starts(end.rss + end.penalty);
}

// What polishing finds out, from the n x n equations.
void Fitter::finish_dual(Candidate& best) {
  FitEnd& end = *fit_.end;
  DualEquations& dual = *workers_.front()->dual;
  const Residuals& residuals = workers_.front()->residuals;
  end.remaining.reset();
  end.relative_offset.reset();
  if (!dual.move_to(best.tau)) {
    end.stop = Stop::not_finite;
    return;
  }
  if (dual.solve(0, step_)) {
    const double fall = std::max(dual.predicted_fall(0, step_), 0.0);
    const auto P = static_cast<double>(residuals.n_params());
    const auto n_normal = static_cast<double>(residuals.n_rows() - residuals.n_params());
    if (const double normal = dual.objective() - fall; n_normal > 0 && normal > 0)
      end.relative_offset = std::sqrt((fall / P) / (normal / n_normal));
    const double n_left = static_cast<double>(residuals.n_data_rows()) - dual.effective_parameters();
    const double rss = dual.residuals().head(residuals.n_data_rows()).squaredNorm();
    if (n_left > 0 && rss > 0) {
      const RegionStep gauss_newton{.predicted_fall = fall, .length = std::sqrt(fall), .is_at_edge = false};
      const RegionStep next = dual.newton_step(step_).value_or(gauss_newton);
      end.remaining = {.fall = next.predicted_fall / (rss / n_left),
                       .move = next.length / std::sqrt(rss / n_left)};
    }
  }
  end.stop = !best.has_arrived                                     ? Stop::iteration_limit
             : end.relative_offset.value_or(1) < orthogonal_enough ? Stop::converged
                                                                   : Stop::stalled;
}

// Of the starts, before anything else is tried from the best.
void Fitter::note_objectives() {
  const double unit = workers_.front()->residuals.unit();
  objectives_.clear();
  for (Index c = 0; c < n_candidates_; ++c)
    if (const double objective = candidates_[static_cast<std::size_t>(c)].objective; std::isfinite(objective))
      objectives_.push_back(unit * unit * objective);
}

void Fitter::summarise_starts(double best) {
  FitEnd& end = *fit_.end;
  if (objectives_.empty()) {
    constexpr double none = std::numeric_limits<double>::infinity();
    end.starts = {.n_starts = n_candidates_,
                  .n_failed = n_candidates_,
                  .lowest = none,
                  .median = none,
                  .highest = none};
    return;
  }
  std::sort(objectives_.begin(), objectives_.end());
  const auto n_at_best = std::count_if(objectives_.begin(), objectives_.end(), [&](double objective) {
    return objective <= (1 + same_optimum) * best;
  });
  end.starts = {.n_starts = n_candidates_,
                .n_failed = n_candidates_ - static_cast<Index>(objectives_.size()),
                .n_at_best = n_at_best,
                .lowest = objectives_.front(),
                .median = objectives_[objectives_.size() / 2],
                .highest = objectives_.back(),
                .n_redraws = end.starts.n_redraws,
                .n_lowered = end.starts.n_lowered};
}

}  // namespace jacobench
