#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <utility>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/fit/fitter_parts.hpp"
#include "jacobench/fit/initialisation.hpp"

namespace jacobench {
namespace {

constexpr double same_optimum = 1e-3;

// The lowest but for where the last steps ended.
constexpr double as_good_as_lowest = 1 + 1e-6;

// How often all units of the best of all searches are drawn anew in vain before it is believed.
constexpr Index sweeps_of_best = 5;

// Of more parameters than observations each is worth being drawn anew.
constexpr Index few_units = 20;

// Of a descent, to plan with.
constexpr Index usual_steps = 100;

void check_options(const Perceptron& network, const FitOptions& options) {
  JB_EXPECT(options.starts.size() == 0 || options.starts.rows() == network.n_params(),
            "starts are {} x {}, want {} rows", options.starts.rows(), options.starts.cols(),
            network.n_params());
  const auto expect_number = [](const char* what, Index number, Index least) {
    if (number < least) throw InputError("{}: {} is less than {}", what, number, least);
  };
  expect_number("starts", options.n_starts, 0);
  expect_number("redraws", options.n_redraws.value_or(0), 0);
  expect_number("max_iterations", options.max_iterations, 0);
  expect_number("threads", options.n_threads, 1);
  if (!(options.relative_offset >= 0))
    throw InputError("relative_offset: {} is no number from 0 up", options.relative_offset);
  if (options.n_wanted_at_best && *options.n_wanted_at_best < 1)
    throw InputError("starts: the best optimum is to be reached {} times; once is the least",
                     *options.n_wanted_at_best);
  JB_EXPECT(!options.start || options.start->size() == network.n_params(), "start has {} entries, want {}",
            options.start->size(), network.n_params());
  JB_EXPECT(options.decay.size() == 0 || options.decay.size() == network.n_params(),
            "{} penalties for {} parameters", options.decay.size(), network.n_params());
  for (const double k : options.decay)
    if (!(k >= 0 && std::isfinite(k)))
      throw InputError("decay: {} is not a penalty; give a finite number from 0 up", k);
}

Matrix draw_starts(const Perceptron& network, const FitOptions& options) {
  const InitialisationInfo& scheme = find_initialisation(options.initialisation);
  Matrix drawn(network.n_params(), options.n_starts);
  Vector start(network.n_params());
  for (Index s = 0; s < drawn.cols(); ++s) {
    RandomStream stream(options.seed, 0, static_cast<std::uint32_t>(s), RandomPurpose::starts);
    scheme.draw(network, stream, start);
    drawn.col(s) = start;
  }
  return drawn;
}

}  // namespace

Fitter::Fitter(const Perceptron& network, const Dataset& like, FitOptions options)
    : options_(std::move(options)),
      form_(form_of_steps(network, options_.decay, like.n_values(), options_.form)),
      most_steps_of_search_(static_cast<Index>(
          std::clamp(options_.search_flops / flops_of_step(network, like.n_values(), form_), 1.0, 1e12))),
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
           .end = FitEnd{},
           .form = options_.form} {
  check_options(network, options_);
  JB_EXPECT(options_.n_tries_from_start >= 1 && options_.n_tries_from_start <= Tries::most,
            "{} tries from a start", options_.n_tries_from_start);
  starts_ = options_.starts.size() > 0 ? options_.starts : draw_starts(network, options_);
  // Starts side by side, each with as many threads as are left for it.
  const bool is_drawn_alone = !options_.start && starts_.cols() > 0;
  const Index n_threads = std::max<Index>(options_.n_threads, 1);
  const Index n_workers = std::min(n_threads, (is_drawn_alone ? 0 : Tries::most) + starts_.cols());
  for (Index w = 0; w < n_workers; ++w)
    workers_.push_back(
        std::make_unique<Worker>(network, like, options_, form_, standardisation_, n_threads / n_workers));
  candidates_.resize(static_cast<std::size_t>(Tries::most + starts_.cols()));
  for (Candidate& candidate : candidates_) candidate.tau.resize(network.n_params());
  progress_ = std::make_unique<Progress>();
  objectives_.reserve(candidates_.size());
  of_drawn_.reserve(candidates_.size());
  fit_.end->starts.outcomes.reserve(std::min(candidates_.size(), static_cast<std::size_t>(most_outcomes)));
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
  begin_progress((start ? 1 : 0) + starts_.cols());
  if (start && can_go_in_lanes())
    fit_in_one_lane(data, *start);
  else
    fit_without_lanes(data, start);
  return fit_;
}

// From this start, where there is one, and those that are drawn.
void Fitter::fit_without_lanes(const Dataset& data, const Vector* start) {
  for (const auto& worker : workers_) worker->residuals.set_data(data);
  residuals_ = &workers_.front()->residuals;
  if (!is_polished()) standardisation_.set(data.X, data.Y);
  take_data(data);

  if (start) {
    scaled_start_ = *start;
    workers_.front()->residuals.scaling().make_scaled(scaled_start_);
    add_candidate(scaled_start_, Tries::dampings.front(), Candidate::not_drawn);
    Candidate& first = candidates_.front();
    if (is_polished()) polish_first(first, std::min(Tries::few_steps, options_.max_iterations));
    if (!is_search()) follow_first();
    // At a minimum that leaves directions open another try may find a lower one.
    if (!first.is_at_bottom)
      for (Index i = 1; i < options_.n_tries_from_start; ++i)
        add_candidate(scaled_start_, Tries::dampings[static_cast<std::size_t>(i)], Candidate::not_drawn);
    progress_->so_far.n_starts = n_candidates_ + starts_.cols();
  }
  if (is_search()) {
    search_in_rounds();
  } else {
    add_starts(0, starts_.cols());
    follow_new();
  }

  note_objectives();
  Candidate& its_best = best();
  if (!is_search()) redraw_units(its_best, limits_of_redraws(its_best), *workers_.front());
  finish(its_best, its_best.is_at_minimum && its_best.n_lowered == 0);
}

// Nothing has been tried for them yet.
void Fitter::take_data(const Dataset& data) {
  const auto& [X, Y, weights, output_scales, output_correlation, output_noise] = data;  // that is all
  take_inputs(X);
  if (inputs_of_fit_ != n_inputs_taken_) fit_.data.X = inputs_;
  inputs_of_fit_ = n_inputs_taken_;
  fit_.data.Y = Y;
  fit_.data.weights = weights;
  fit_.data.output_scales = output_scales;
  fit_.data.output_correlation = output_correlation;
  fit_.data.output_noise = output_noise;
  n_candidates_ = n_followed_ = 0;
}

void Fitter::begin_progress(Index n_starts) {
  progress_->go_on = true;
  progress_->so_far = {.n_starts_done = 0,
                       .n_starts = n_starts,
                       .n_iterations = 0,
                       .objective = std::numeric_limits<double>::infinity()};
}

// Replicates often have the same, which is found out at less than the cost of a copy.
void Fitter::take_inputs(const Matrix& X) {
  const bool is_same =
      n_inputs_taken_ > 0 && X.rows() == inputs_.rows() && X.cols() == inputs_.cols() &&
      std::memcmp(X.data(), inputs_.data(), static_cast<std::size_t>(X.size()) * sizeof(double)) == 0;
  if (is_same) return;
  inputs_ = X;
  ++n_inputs_taken_;
}

void Fitter::add_candidate(const VectorView& tau, const StepDamping& damping, Index number) {
  candidates_[static_cast<std::size_t>(n_candidates_++)].begin(tau, damping, number);
}

void Fitter::add_starts(Index begin, Index end) {
  const bool is_drawn = options_.starts.size() == 0;
  for (Index s = begin; s < end; ++s) {
    add_candidate(starts_.col(s), usual_damping, s);
    Vector& tau = candidates_[static_cast<std::size_t>(n_candidates_ - 1)].tau;
    if (is_drawn && !is_polished()) standardisation_.make_user(tau);
    if (!is_drawn) workers_.front()->residuals.scaling().make_scaled(tau);
  }
}

// Iterations of all descents of all candidates.
Index Fitter::n_spent() const {
  Index n = 0;
  for (Index c = 0; c < n_candidates_; ++c) n += candidates_[static_cast<std::size_t>(c)].n_spent;
  return n;
}

// Each round is half as many again as there were before. Where the best was reached often enough, its units are drawn
// anew more often before that is believed.
void Fitter::search_in_rounds() {
  const Index n_wanted = *options_.n_wanted_at_best;
  Worker& worker = *workers_.front();
  const auto is_enough = [&] { return n_at(lowest()) >= n_wanted; };
  const auto n_left = [&] { return std::max<Index>(most_steps_of_search_ - n_spent(), 0); };
  const auto search_best = [&] {
    Candidate& its_best = best();
    redraw_units(
        its_best,
        {.n_in_vain = sweeps_of_best * worker.unit_redraw.n_units(), .n_spent = its_best.n_spent + n_left()},
        worker);
  };
  Index n_drawn =
      std::min({n_wanted, starts_.cols(), std::max<Index>(most_steps_of_search_ / usual_steps, 1)});
  add_starts(0, n_drawn);
  follow_new();
  while (n_drawn < starts_.cols() && goes_on() && n_left() > 0) {
    if (is_enough()) search_best();
    if (is_enough()) return;
    const Index begin = std::exchange(n_drawn, std::min(n_drawn + (n_drawn + 1) / 2, starts_.cols()));
    add_starts(begin, n_drawn);
    follow_new();
  }
  search_best();
}

void Fitter::follow_first() {
  follow_new();
  polish_arrived(candidates_.front());
}

// The candidates that have not been followed yet, spread over the workers.
void Fitter::follow_new() {
  const Index first = std::exchange(n_followed_, n_candidates_);
  if (!goes_on()) return;
  parallel_for_workers(n_candidates_ - first, static_cast<Index>(workers_.size()), [&](Index i, Index w) {
    Candidate& candidate = candidates_[static_cast<std::size_t>(first + i)];
    Worker& worker = *workers_[static_cast<std::size_t>(w)];
    if (!candidate.is_at_minimum) go_down(candidate, options_.max_iterations - candidate.n_spent, worker);
    if (is_search())
      redraw_units(
          candidate,
          {.n_in_vain = worker.unit_redraw.n_units(),
           .n_spent = std::min(options_.max_iterations, most_steps_of_search_ / *options_.n_wanted_at_best)},
          worker);
    const std::lock_guard lock(progress_->mutex);
    ++progress_->so_far.n_starts_done;
  });
}

// From a local minimum to lower ones. With more parameters than observations starts do as well, but for a fit, not a
// search, of a few units: of many one is little.
void Fitter::redraw_units(Candidate& candidate, const RedrawLimits& limits, Worker& worker) const {
  const Index n_units = worker.unit_redraw.n_units();
  if (!is_polished() && (is_search() || n_units > few_units)) return;
  if (!std::isfinite(candidate.objective) || n_units == 0) return;
  Candidate& again = worker.again;
  Index n_in_vain = 0;
  const auto may_go_on = [&] {
    return candidate.n_redraws < limits.n_redraws && n_in_vain < limits.n_in_vain &&
           candidate.n_spent < std::min(limits.n_spent, limits.n_before) &&
           !worker.residuals.is_rounding(candidate.objective) && goes_on();
  };
  while (may_go_on()) {
    const std::vector<HiddenUnit>& units = worker.unit_redraw.rank(candidate.tau);
    bool is_lower = false;
    for (std::size_t first = 0, next = 0; first < units.size() && !is_lower && may_go_on(); first = next) {
      next = first + worker.unit_redraw.n_idle_from(first);
      RandomStream stream(options_.seed, static_cast<std::uint64_t>(candidate.number + 1),
                          static_cast<std::uint32_t>(candidate.n_redraws++), RandomPurpose::redraws);
      again.tau = candidate.tau;
      again.damping = usual_damping;
      worker.unit_redraw.redraw({&units[first], next - first}, stream, again.tau);
      again.n_iterations = again.n_spent = 0;
      go_down(again, std::min(options_.max_iterations, limits.n_spent - candidate.n_spent), worker);
      candidate.n_spent += std::max<Index>(again.n_spent, 1);
      is_lower = as_good_as_lowest * again.objective < candidate.objective;
      ++n_in_vain;
      if (!is_lower) continue;
      n_in_vain = 0;
      ++candidate.n_lowered;
      candidate.tau = again.tau;
      candidate.objective = again.objective;
      candidate.n_iterations = again.n_iterations;
      candidate.has_arrived = again.has_arrived;
    }
  }
}

bool Fitter::goes_on() const {
  const std::lock_guard lock(progress_->mutex);
  return progress_->go_on;
}

// What is asked after each step; nothing where nobody wants to know.
std::function<bool(double)> Fitter::whether_to_go_on() const {
  if (!options_.go_on) return {};
  const double unit = residuals_->unit();
  return [this, unit_squared = unit * unit](double objective) {
    Progress& progress = *progress_;
    const std::lock_guard lock(progress.mutex);
    ++progress.so_far.n_iterations;
    progress.so_far.objective = std::min(progress.so_far.objective, unit_squared * objective);
    progress.go_on = progress.go_on && options_.go_on(progress.so_far);
    return progress.go_on;
  };
}

void Fitter::go_down(Candidate& candidate, Index max_iterations, Worker& worker) const {
  const DescentOptions options{
      .max_iterations = max_iterations, .damping = candidate.damping, .go_on = whether_to_go_on()};
  const Descent descent = worker.live_descent
                              ? worker.live_descent->descend(fit_.data, candidate.tau, options)
                              : worker.descender.descend(candidate.tau, options);
  candidate.add(descent);
}

// From where the candidate is. How that ended is how the fit has ended so far. Returns the rank there.
Index Fitter::polish(Candidate& candidate, Index max_iterations) {
  const Polished polished =
      workers_.front()->polisher().polish(candidate.tau, {.max_iterations = max_iterations,
                                                          .relative_offset = options_.relative_offset,
                                                          .go_on = whether_to_go_on()});
  candidate.objective = polished.objective;
  candidate.n_iterations += polished.n_iterations;
  candidate.n_spent += polished.n_iterations;
  fit_.end->stop = polished.stop;
  fit_.end->relative_offset = polished.relative_offset;
  return polished.rank;
}

void Fitter::polish_first(Candidate& first, Index max_iterations) {
  const Index rank = polish(first, max_iterations);
  first.is_at_minimum = is_minimum(fit_.end->stop);
  first.is_at_bottom = first.is_at_minimum && rank == first.tau.size();
}

// Where its descent has come to rest and others might be tried.
void Fitter::polish_arrived(Candidate& first) {
  if (is_polished() && first.has_arrived && options_.n_tries_from_start > 1)
    polish_first(first, options_.max_iterations - first.n_iterations);
}

// Polishes the best. Where that led to an optimum below the one that its descent ended at, those that ended there too
// may do as well: they are polished as well, and the best of all last.
Fitter::Candidate& Fitter::polish_best(Candidate& its_best) {
  const auto n_left = [&](const Candidate& candidate) {
    return goes_on() ? options_.max_iterations - candidate.n_iterations : 0;
  };
  const double descended = its_best.objective;
  polish(its_best, n_left(its_best));
  if (is_same_optimum(descended, its_best.objective)) return its_best;
  for (Index c = 0; c < n_candidates_; ++c) {
    Candidate& rival = candidates_[static_cast<std::size_t>(c)];
    if (&rival != &its_best && is_same_optimum(rival.objective, descended)) polish(rival, n_left(rival));
  }
  note_objectives();
  Candidate& lowest_now = best();
  polish(lowest_now, n_left(lowest_now));
  return lowest_now;
}

// The fit is filled in from the best candidate, which has to be polished yet or not.
void Fitter::finish(Candidate& its_best, bool is_at_bottom) {
  FitEnd& end = *fit_.end;
  Worker& worker = *workers_.front();
  Candidate& best = !is_polished() || is_at_bottom ? its_best : polish_best(its_best);
  if (!is_polished()) finish_unpolished(best);
  if (!goes_on() && end.stop == Stop::iteration_limit) end.stop = Stop::interrupted;
  if (end.stop == Stop::not_finite) return fill_in(best, {});
  const Vector& r = is_polished() ? worker.polisher().residuals() : worker.equations->residuals();
  const Index n_data_rows = worker.residuals.n_data_rows();
  if (is_polished()) {
    worker.polisher().get_gradient(gradient_);
    end.remaining = end.stop == Stop::exact ? std::nullopt : worker.polisher().remaining(best.tau);
  } else {
    gradient_ = 2 * worker.equations->gradient();
  }
  fill_in(best, {.rss = r.head(n_data_rows).squaredNorm(),
                 .penalty = r.tail(r.size() - n_data_rows).squaredNorm(),
                 .remaining = end.remaining});
}

// In the user's units, from where the fit has stopped.
void Fitter::fill_in(const Candidate& best, const Bottom& bottom) {
  FitEnd& end = *fit_.end;
  fit_.theta = best.tau;
  residuals_->scaling().make_user(fit_.theta);
  end.n_iterations = best.n_iterations;
  end.remaining = bottom.remaining;
  if (end.stop == Stop::not_finite) {
    end.rss = end.penalty = end.gradient_norm = std::numeric_limits<double>::infinity();
  } else {
    const double unit_squared = residuals_->unit() * residuals_->unit();
    end.rss = unit_squared * bottom.rss;
    end.penalty = unit_squared * bottom.penalty;
    residuals_->scaling().make_user_gradient(gradient_);
    end.gradient_norm = unit_squared * gradient_.norm();
  }
  summarise_starts(end.rss + end.penalty);
}

// What polishing finds out, from the equations.
void Fitter::finish_unpolished(Candidate& best) {
  FitEnd& end = *fit_.end;
  StepEquations& equations = *workers_.front()->equations;
  const Residuals& residuals = workers_.front()->residuals;
  end.remaining.reset();
  end.relative_offset.reset();
  if (!equations.move_to(best.tau)) {
    end.stop = Stop::not_finite;
    return;
  }
  if (const std::optional<double> predicted = equations.fall_to_minimum(step_)) {
    const double fall = std::max(*predicted, 0.0);
    const auto P = static_cast<double>(residuals.n_params());
    const auto n_normal = static_cast<double>(residuals.n_rows() - residuals.n_params());
    if (const double normal = equations.objective() - fall; n_normal > 0 && normal > 0)
      end.relative_offset = std::sqrt((fall / P) / (normal / n_normal));
    const double n_left = static_cast<double>(residuals.n_data_rows()) - equations.effective_parameters();
    const double rss = equations.residuals().head(residuals.n_data_rows()).squaredNorm();
    if (n_left > 0 && rss > 0) {
      const RegionStep gauss_newton{.predicted_fall = fall, .length = std::sqrt(fall), .is_at_edge = false};
      const RegionStep next = equations.newton_step(step_).value_or(gauss_newton);
      end.remaining = {.fall = next.predicted_fall / (rss / n_left),
                       .move = next.length / std::sqrt(rss / n_left)};
    }
  }
  end.stop = !best.has_arrived                                     ? Stop::iteration_limit
             : end.relative_offset.value_or(1) < orthogonal_enough ? Stop::converged
             : end.remaining && end.remaining->is_settled()        ? Stop::stationary
                                                                   : Stop::stalled;
}

// Where that is not said, redraws take half as many iterations as the starts took, and whatever the last needs.
Fitter::RedrawLimits Fitter::limits_of_redraws(const Candidate& its_best) const {
  if (options_.n_redraws) return {.n_redraws = *options_.n_redraws};
  if (starts_.cols() == 0) return {.n_redraws = 0};
  return {.n_before = its_best.n_spent + (n_spent() + 1) / 2};
}

// The first of those that are as good as the lowest.
Fitter::Candidate& Fitter::best() {
  const double lowest_of_all = lowest();
  return *std::find_if(
      candidates_.begin(), candidates_.begin() + n_candidates_,
      [&](const Candidate& candidate) { return candidate.objective <= as_good_as_lowest * lowest_of_all; });
}

double Fitter::lowest() const {
  double lowest = std::numeric_limits<double>::infinity();
  for (Index c = 0; c < n_candidates_; ++c)
    lowest = std::min(lowest, candidates_[static_cast<std::size_t>(c)].objective);
  return lowest;
}

// In the units of the residuals. All that is rounding is one optimum, and what is not finite is none.
bool Fitter::is_same_optimum(double objective, double best) const {
  return std::isfinite(objective) && std::isfinite(best) &&
         (objective <= (1 + same_optimum) * best || residuals_->is_rounding(objective));
}

// Drawn starts that have reached it; all tries from a start that is given count once.
Index Fitter::n_at(double best) const {
  Index n_drawn = 0;
  bool is_reached_from_given = false;
  for (Index c = 0; c < n_candidates_; ++c) {
    const Candidate& candidate = candidates_[static_cast<std::size_t>(c)];
    if (!is_same_optimum(candidate.objective, best)) continue;
    if (candidate.number == Candidate::not_drawn)
      is_reached_from_given = true;
    else
      ++n_drawn;
  }
  return n_drawn + (is_reached_from_given ? 1 : 0);
}

// Where all starts led, before anything else is tried from the best.
void Fitter::note_objectives() {
  std::vector<StartOutcome>& outcomes = fit_.end->starts.outcomes;
  const double unit_squared = std::pow(residuals_->unit(), 2);
  objectives_.clear();
  of_drawn_.clear();
  outcomes.clear();
  for (Index c = 0; c < n_candidates_; ++c) {
    const Candidate& candidate = candidates_[static_cast<std::size_t>(c)];
    if (c < most_outcomes)
      outcomes.push_back({.objective = unit_squared * candidate.objective,
                          .is_drawn = candidate.number != Candidate::not_drawn,
                          .has_arrived = candidate.has_arrived || candidate.is_at_minimum});
    if (!std::isfinite(candidate.objective)) continue;
    objectives_.push_back(candidate.objective);
    if (candidate.number != Candidate::not_drawn) of_drawn_.push_back(candidate.objective);
  }
  std::sort(objectives_.begin(), objectives_.end());
  std::sort(of_drawn_.begin(), of_drawn_.end());
}

void Fitter::summarise_starts(double best) {
  constexpr double none = std::numeric_limits<double>::infinity();
  const double unit_squared = std::pow(residuals_->unit(), 2);
  StartSummary& starts = fit_.end->starts;
  starts = {.n_starts = n_candidates_,
            .n_failed = n_candidates_ - static_cast<Index>(objectives_.size()),
            .n_drawn = static_cast<Index>(of_drawn_.size()),
            .n_wanted = options_.n_wanted_at_best,
            .has_reached_work_limit = is_search() && n_spent() >= most_steps_of_search_,
            .outcomes = std::move(starts.outcomes)};
  starts.lowest = objectives_.empty() ? none : unit_squared * objectives_.front();
  starts.median = objectives_.empty() ? none : unit_squared * objectives_[objectives_.size() / 2];
  starts.highest = objectives_.empty() ? none : unit_squared * objectives_.back();
  for (const double objective : objectives_)
    if (is_same_optimum(objective, best / unit_squared)) ++starts.n_at_best;
  for (Index c = 0; c < n_candidates_; ++c) {
    starts.n_redraws += candidates_[static_cast<std::size_t>(c)].n_redraws;
    starts.n_lowered += candidates_[static_cast<std::size_t>(c)].n_lowered;
  }
  for (auto first = of_drawn_.begin(); first != of_drawn_.end();) {
    const auto next = std::find_if(first, of_drawn_.end(),
                                   [&](double objective) { return !is_same_optimum(objective, *first); });
    ++starts.n_optima;
    if (next - first == 1) ++starts.n_seen_once;
    first = next;
  }
}

}  // namespace jacobench
