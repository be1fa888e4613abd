#include "jacobench/fit/fitter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

constexpr double same_optimum = 1e-3;

// The lowest but for where the last steps ended.
constexpr double as_good_as_lowest = 1 + 1e-6;

// What is tried from a start that polishing does not bring to a minimum: near, and far.
constexpr double further_radii[] = {1e-3, 1e4};
constexpr Index most_tries = 3;

void check_options(const Perceptron& network, const FitOptions& options) {
  JB_EXPECT(options.n_tries_from_start >= 1 && options.n_tries_from_start <= most_tries,
            "{} tries from a start", options.n_tries_from_start);
  if (options.n_starts < 0) throw InputError("starts: {} is negative", options.n_starts);
  JB_EXPECT(!options.start || options.start->size() == network.n_params(), "start has {} entries, want {}",
            options.start->size(), network.n_params());
  JB_EXPECT(options.decay.size() == 0 || options.decay.size() == network.n_params(),
            "{} penalties for {} parameters", options.decay.size(), network.n_params());
  for (const double k : options.decay)
    if (!(k >= 0 && std::isfinite(k)))
      throw InputError("decay: {} is not a penalty; give a finite number from 0 up", k);
}

Matrix drawn_starts(const Perceptron& network, const FitOptions& options) {
  const InitialisationInfo& scheme = find_initialisation(options.initialisation);
  Matrix starts(network.n_params(), options.n_starts);
  for (Index s = 0; s < options.n_starts; ++s) {
    RandomStream stream(options.seed, 0, static_cast<std::uint32_t>(s), RandomPurpose::starts);
    starts.col(s) = scheme.draw(network, stream);
  }
  return starts;
}

}  // namespace

// Where one start leads. In standardised units.
struct Fitter::Candidate {
  Vector tau;
  double trust_radius;
  Descent descent;
};

// One thread's workspace.
struct Fitter::Worker {
  Worker(const Perceptron& network, const Dataset& like, const FitOptions& options)
      : residuals(network, like, options.decay, options.jacobian, Residuals::Units::standardised),
        descender(residuals) {}

  Polisher& polisher() {
    if (!its_polisher) its_polisher.emplace(residuals);
    return *its_polisher;
  }

  Residuals residuals;
  Descender descender;
  std::optional<Polisher> its_polisher;  // only one worker needs one
};

Fitter::Fitter(const Perceptron& network, const Dataset& like, FitOptions options)
    : options_(std::move(options)),
      start_(network.n_params()),
      scaled_start_(network.n_params()),
      gradient_(network.n_params()),
      fit_{.network = network,
           .theta = Vector::Zero(network.n_params()),
           .data = like,
           .decay = options_.decay,
           .jacobian = options_.jacobian,
           .end = FitEnd{}} {
  check_options(network, options_);
  drawn_ = drawn_starts(network, options_);
  const Index n_threads = std::clamp<Index>(options_.n_threads, 1, most_tries + options_.n_starts);
  for (Index w = 0; w < n_threads; ++w) workers_.push_back(std::make_unique<Worker>(network, like, options_));
  candidates_.resize(static_cast<std::size_t>(most_tries + options_.n_starts));
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
  if (!start && options_.n_starts == 0)
    throw InputError("starts: 0 (there is nowhere to start from); ask for at least one");
  for (const auto& worker : workers_) worker->residuals.set_data(data);
  fit_.data = data;
  n_candidates_ = 0;
  const auto add = [&](const VectorView& tau, double trust_radius) -> Candidate& {
    Candidate& candidate = candidates_[static_cast<std::size_t>(n_candidates_++)];
    candidate.tau = tau;
    candidate.trust_radius = trust_radius;
    candidate.descent = {};
    return candidate;
  };

  const Candidate* polished = nullptr;
  if (start) {
    scaled_start_ = *start;
    workers_.front()->residuals.scaling().make_scaled(scaled_start_);
    Candidate& first = add(scaled_start_, usual_trust_radius);
    const Index rank = polish(first);
    polished = &first;
    // At a minimum that leaves directions open another try may find a lower one.
    if (!is_minimum(fit_.end->stop) || rank < scaled_start_.size())
      for (Index i = 1; i < options_.n_tries_from_start; ++i) add(scaled_start_, further_radii[i - 1]);
  }
  for (Index s = 0; s < drawn_.cols(); ++s) add(drawn_.col(s), usual_trust_radius);
  const Index begin = polished ? 1 : 0;
  parallel_for_workers(n_candidates_ - begin, static_cast<Index>(workers_.size()), [&](Index i, Index w) {
    go_down(candidates_[static_cast<std::size_t>(begin + i)], *workers_[static_cast<std::size_t>(w)]);
  });

  double lowest = std::numeric_limits<double>::infinity();
  for (Index c = 0; c < n_candidates_; ++c)
    lowest = std::min(lowest, candidates_[static_cast<std::size_t>(c)].descent.objective);
  const auto end = candidates_.begin() + n_candidates_;
  Candidate& best = *std::find_if(candidates_.begin(), end, [&](const Candidate& candidate) {
    return candidate.descent.objective <= as_good_as_lowest * lowest;
  });
  if (&best != polished) polish(best);
  finish(best);
  return fit_;
}

// From where the candidate is. How that ended is how the fit has ended so far. Returns the rank there.
Index Fitter::polish(Candidate& candidate) {
  const Polished polished = workers_.front()->polisher().polish(
      candidate.tau,
      {.max_iterations = options_.max_iterations, .relative_offset = options_.relative_offset});
  candidate.descent = {polished.objective, candidate.descent.n_iterations + polished.n_iterations};
  fit_.end->stop = polished.stop;
  fit_.end->relative_offset = polished.relative_offset;
  fit_.end->remaining.reset();
  if (polished.relative_offset) {
    const double move = std::sqrt(static_cast<double>(polished.rank)) * *polished.relative_offset;
    fit_.end->remaining = {.fall = move * move, .move = move};
  }
  return polished.rank;
}

void Fitter::go_down(Candidate& candidate, Worker& worker) {
  candidate.descent =
      worker.descender.descend(candidate.tau, options_.max_iterations, candidate.trust_radius);
}

// The fit is filled in from the best candidate, which was the last to be polished.
void Fitter::finish(const Candidate& best) {
  Worker& worker = *workers_.front();
  Polisher& polisher = worker.polisher();
  FitEnd& end = *fit_.end;
  fit_.theta = best.tau;
  end.n_iterations = best.descent.n_iterations;
  const Scaling& scaling = worker.residuals.scaling();
  const double unit_squared = worker.residuals.unit() * worker.residuals.unit();
  if (end.stop == Stop::not_finite) {
    end.rss = end.penalty = end.gradient_norm = std::numeric_limits<double>::infinity();
  } else {
    const Vector& r = polisher.residuals();
    const Index n_data_rows = worker.residuals.n_data_rows();
    end.rss = unit_squared * r.head(n_data_rows).squaredNorm();
    end.penalty = unit_squared * r.tail(r.size() - n_data_rows).squaredNorm();
    polisher.get_gradient(gradient_);
    scaling.make_user_gradient(gradient_);
    end.gradient_norm = unit_squared * gradient_.norm();
  }
  scaling.make_user(fit_.theta);
  summarise_starts();
}

void Fitter::summarise_starts() {
  FitEnd& end = *fit_.end;
  const double unit = workers_.front()->residuals.unit();
  objectives_.clear();
  for (Index c = 0; c < n_candidates_; ++c)
    if (const double objective = candidates_[static_cast<std::size_t>(c)].descent.objective;
        std::isfinite(objective))
      objectives_.push_back(unit * unit * objective);
  if (objectives_.empty()) {
    constexpr double none = std::numeric_limits<double>::infinity();
    end.starts = {n_candidates_, n_candidates_, 0, none, none, none};
    return;
  }
  std::sort(objectives_.begin(), objectives_.end());
  const double lowest = objectives_.front();
  const auto n_at_best = std::count_if(objectives_.begin(), objectives_.end(), [&](double objective) {
    return objective <= (1 + same_optimum) * lowest;
  });
  end.starts = {.n_starts = n_candidates_,
                .n_failed = n_candidates_ - static_cast<Index>(objectives_.size()),
                .n_at_best = n_at_best,
                .lowest = lowest,
                .median = objectives_[objectives_.size() / 2],
                .highest = objectives_.back()};
}

}  // namespace jacobench
