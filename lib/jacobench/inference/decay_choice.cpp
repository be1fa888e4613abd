#include "jacobench/inference/decay_choice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/base/statistics.hpp"
#include "jacobench/fit/output_scales.hpp"
#include "jacobench/inference/runaway.hpp"

namespace jacobench {
namespace {

constexpr double largest_k = 10, smallest_k = 1e-6;
constexpr double points_a_decade = 2;
constexpr Index most_drawn_on_path = 2;
constexpr Index n_rounds_at_best = 3;

// With many more parameters than observations the path is followed from one start, and where a fit of it takes so many
// steps it has left the minimum that it came from.
constexpr Index most_steps_on_wide_path = 50;

// No decay is tried where none could lower the leave-one-out score by more than this share of it: the residual sum of
// squares without a decay is a bound for the score with any.
constexpr double worth_trying = 0.05;

// An objective that is lower by less is the same.
constexpr double lower_by = 1e-6;

constexpr double least_left = 64 * unit_roundoff;

// Of observed values, beyond the effective parameters: with less, quantiles of t are so large that there are no bands.
constexpr double least_dof_of_choice = 1;

constexpr std::array rules{
    DecayRule{"auto", "none where that fit is sound and predicts as well, else by loo", leave_one_out_score,
              true},
    DecayRule{"loo", "leave-one-out: the least sum of squared errors at observations left out (Allen)",
              leave_one_out_score, false},
    DecayRule{"gcv", "generalised cross-validation (Golub, Heath and Wahba)", gcv_score, false},
    DecayRule{"evidence", "the largest marginal likelihood (MacKay)", evidence_score, false},
};

// Of one column; of one that never varies without a rounding error.
double exact_mean(const VectorView& column) {
  return (column.array() == column[0]).all() ? column[0] : column.mean();
}

// Of one column: its standard deviation, or its root mean square where it is not centred or never varies.
double spread(const VectorView& column, bool is_centred) {
  const double root_n = std::sqrt(static_cast<double>(column.size()));
  const double mean = is_centred ? exact_mean(column) : 0;
  const double about_mean = (column.array() - mean).matrix().stableNorm() / root_n;
  if (about_mean > 0) return about_mean;
  const double about_zero = column.stableNorm() / root_n;
  return about_zero > 0 ? about_zero : 1;
}

double unit_of_objective(const Perceptron& network, const Dataset& data) {
  Matrix centred = data.Y;
  if (network.layers().back().has_bias()) centred.rowwise() -= data.Y.colwise().mean();
  return data.whitened(centred).squaredNorm() / static_cast<double>(data.n_values());
}

bool is_linear(const Perceptron& network) {
  return network.n_layers() == 1 && network.layer(0).activation == Activation::identity;
}

}  // namespace

std::span<const DecayRule> decay_rule_table() { return rules; }

const DecayRule& find_decay_rule(std::string_view name) { return find_by_name(rules, name, "decay rule"); }

Vector standardised_decay(const Perceptron& network, const Dataset& data, double k, DecayOf of) {
  if (data.n_observations() == 0) throw std::logic_error("standardised_decay: no observations");
  const Matrix factors = data.row_factors();
  const double unit = unit_of_objective(network, data);
  const Index top = network.n_layers() - 1;
  const bool is_scaled = network.layers().back().activation == Activation::identity;
  Vector input_spreads(network.n_inputs());
  for (Index d = 0; d < network.n_inputs(); ++d)
    input_spreads[d] = spread(data.X.col(d), network.layer(0).has_bias());
  Vector decay = equal_decay(network, k, of);
  for (Index p = 0; p < decay.size(); ++p) {
    const ParameterPlace at = network.place_of(p);
    const bool is_scaled_output = at.layer == top && is_scaled;
    decay[p] *= is_scaled_output
                    ? factors.col(at.unit).squaredNorm() / static_cast<double>(data.n_observations())
                    : unit;
    if (!at.is_bias() && at.layer == 0) decay[p] *= input_spreads[at.input] * input_spreads[at.input];
  }
  return decay;
}

std::optional<Vector> leave_one_out_losses(Tangent& at) {
  const Matrix* H = at.forms() ? at.forms()->hat() : nullptr;
  if (at.forms() && !H) return {};
  const Index N = at.n_observations(), K = at.n_outputs();
  Vector losses(N);
  for (Index n = 0; n < N; ++n) {
    const auto rows = Eigen::seqN(n, K, N);
    const Vector r = at.r()(rows);
    Matrix left_of_n = Matrix::Identity(K, K);
    if (H) {
      left_of_n -= (*H)(rows, rows);
    } else {
      const Matrix Q_n = at.with_decay().Q()(rows, Eigen::all);
      left_of_n -= Q_n * Q_n.transpose();
    }
    const Eigen::SelfAdjointEigenSolver<Matrix> left(left_of_n);
    if (!(left.eigenvalues()[0] >= least_left)) return {};
    losses[n] = (left.eigenvectors().transpose() * r).cwiseQuotient(left.eigenvalues()).squaredNorm();
  }
  return losses;
}

std::optional<DecayScore> leave_one_out_score(Tangent& at) {
  const std::optional<Vector> losses = leave_one_out_losses(at);
  if (!losses) return {};
  return DecayScore{losses->sum(),
                    standard_deviation(*losses) * std::sqrt(static_cast<double>(losses->size()))};
}

std::optional<DecayScore> gcv_score(Tangent& at) {
  const double left = 1 - at.effective_parameters() / static_cast<double>(at.n_values());
  if (!(left >= least_left)) return {};
  return DecayScore{at.rss() / (left * left), {}};
}

std::optional<DecayScore> evidence_score(Tangent& at) {
  const Index n_flat = (at.decay().array() == 0).count();
  const auto n = static_cast<double>(at.n_values() - n_flat);
  if (!at.has_decay() || n <= 0 || (!at.forms() && !at.with_decay().is_determined())) return {};
  double S = at.rss(),
         log_det = at.forms() ? at.forms()->log_determinant() : at.with_decay().log_determinant();
  for (Index p = 0; p < at.n_params(); ++p)
    if (const double k = at.decay()[p]; k > 0) {
      S += k * at.theta()[p] * at.theta()[p];
      log_det -= std::log(k);
    }
  if (!(S > 0) || !std::isfinite(log_det)) return {};
  return DecayScore{n * (std::log(2 * std::numbers::pi * S / n) + 1) + log_det, {}};
}

namespace {

// The data that fits with a decay are fitted to: columns less their means where 0 would otherwise count.
class CentredData {
 public:
  CentredData(const Perceptron& network, const Dataset& data, DecayOf of) : network_(network), data_(data) {
    if (of != DecayOf::weights_and_biases) return;
    const Layer& last = network.layers().back();
    if (network.layer(0).has_bias()) inputs_ = shift_by(-means(data.X));
    if (last.has_bias() && last.activation == Activation::identity) outputs_ = shift_by(means(data.Y));
    data_.X = inputs_.of(data.X);
    data_.Y = outputs_.inverse_of(data.Y);
  }

  const Dataset& data() const { return data_; }
  const AffineMap& inputs() const { return inputs_; }
  const AffineMap& outputs() const { return outputs_; }

  // Parameters of the same function of the data as they are, and the other way round.
  Vector to_user(const Vector& theta) const { return folded({{network_, theta}, inputs_, outputs_}).theta; }
  Vector to_centred(const Vector& theta) const {
    return folded({{network_, theta}, back(inputs_), back(outputs_)}).theta;
  }

 private:
  // 0 of what is centred already but for its rounding to some digits.
  static Vector means(const Matrix& columns) {
    constexpr double negligible = 1e-6;  // of a standard deviation
    Vector result(columns.cols());
    for (Index c = 0; c < columns.cols(); ++c) {
      const double mean = exact_mean(columns.col(c)), sd = spread(columns.col(c), true);
      result[c] = std::abs(mean) <= negligible * sd ? 0 : mean;
    }
    return result;
  }

  static AffineMap shift_by(const Vector& shift) {
    if ((shift.array() == 0).all()) return {};
    return {Vector::Ones(shift.size()), shift};
  }
  static AffineMap back(const AffineMap& map) { return {map.scale, -map.shift}; }

  const Perceptron& network_;
  Dataset data_;
  AffineMap inputs_, outputs_;
};

class DecaySearch {
 public:
  DecaySearch(const Perceptron& network, const Dataset& data, const FitOptions& options,
              const DecayChoiceOptions& how)
      : network_(network),
        data_(data),
        centred_(network_, data, how.decay_of),
        options_(options),
        how_(how),
        form_(form_of_steps(network, decay_at(1), data.n_values(), options.form)),
        is_wide_(form_ != StepForm::normal) {
    if (form_ == StepForm::matrix_free)
      throw InputError(
          "decay: a rule that chooses it takes leverages, which are n x n matrices, and the form of the "
          "steps here "
          "is matrix_free; give the decay as a number, or choose another form");
  }

  DecayChoice choose() {
    if (is_wide_)
      faults_.push_back(fmt::format("{} parameters for {} observed values: it is not tried",
                                    network_.n_params(), data_.n_values()));
    else
      fit_undecayed();
    if (is_interrupted_ || passes_through_the_data() || (rule().is_cautious && is_good_enough()))
      return keep_none();
    walk();
    settle_promising();
    refine();
    settle_on_best();
    follow_to_none();
    const DecayPoint* best = best_point();
    if ((best && is_penalty_alone(*best)) || keeps_none(best)) return keep_none();
    DecayChoice choice{.fit = fit_of(*best),
                       .k = best->k,
                       .effective_parameters = best->effective_parameters,
                       .path = path(),
                       .undecayed = without_,
                       .reasons = faults_,
                       .inputs = centred_.inputs(),
                       .outputs = centred_.outputs(),
                       .was_interrupted = is_interrupted_};
    if (is_interrupted_) mark_interrupted(choice.fit);
    return choice;
  }

 private:
  using Points = std::vector<DecayPoint>;

  const DecayRule& rule() const { return *how_.rule; }

  Vector decay_at(double k) const { return standardised_decay(network_, centred_.data(), k, how_.decay_of); }

  // With a decay the start is of the centred data.
  Fit fit_at(double k, const std::optional<Vector>& start, Index n_starts) {
    return fit_at(k, start, n_starts, options_.max_iterations);
  }

  Fit fit_at(double k, const std::optional<Vector>& start, Index n_starts, Index max_iterations) {
    FitOptions options = options_;
    options.start = start;
    options.n_starts = n_starts;
    options.max_iterations = max_iterations;
    if (n_starts < options_.n_starts) options.n_wanted_at_best.reset();
    if (is_wide_) {
      options.n_tries_from_start = 1;
      options.n_redraws = 0;
      if (options_.n_wanted_at_best) options.n_starts = std::min(n_starts, most_drawn_on_path);
      options.n_wanted_at_best.reset();
    }
    options.decay = k > 0 ? decay_at(k) : Vector();
    Index n_iterations = 0;
    options.go_on = [&](const FitProgress& now) {
      n_iterations = now.n_iterations;
      return !options_.go_on || tell(now.n_starts_done, now.n_iterations, now.objective);
    };
    Fit result = fit(network_, k > 0 ? centred_.data() : data_, options);
    n_starts_done_ += result.end->starts.n_starts;
    n_iterations_ += n_iterations;
    if (options_.go_on && !is_interrupted_) tell(0, 0, result.end->rss + result.end->penalty);
    return result;
  }

  // What whoever waits is told: of all fits together.
  bool tell(Index n_starts, Index n_iterations, double objective) {
    const Index n_planned = (rule().is_cautious ? 1 : 2) * options_.n_starts;
    const Index n_on_path = (n_path_points() + 4) * (1 + most_drawn_on_path);
    const Index n_done = n_starts_done_ + n_starts;
    if (!options_.go_on(
            {.n_starts_done = n_done,
             .n_starts = std::max(n_done, is_on_path_ ? 2 * options_.n_starts + n_on_path : n_planned),
             .n_iterations = n_iterations_ + n_iterations,
             .objective = objective}))
      is_interrupted_ = true;
    return !is_interrupted_;
  }

  static Index n_path_points() {
    return 1 + static_cast<Index>(std::round(points_a_decade * std::log10(largest_k / smallest_k)));
  }

  // Of a point with a decay.
  Fit fit_of(const DecayPoint& point) const {
    return {.network = network_,
            .theta = point.theta,
            .data = centred_.data(),
            .decay = decay_at(point.k),
            .jacobian = options_.jacobian,
            .end = point.end,
            .form = options_.form};
  }

  DecayPoint assess(double k, const Fit& fitted) const {
    DecayPoint point{.k = k, .theta = fitted.theta, .end = *fitted.end};
    Tangent at(fitted);
    if (fitted.end->stop == Stop::not_finite || !at.move_to(fitted)) return point;
    point.effective_parameters = at.effective_parameters();
    point.score = rule().score(at);
    return point;
  }

  void fit_undecayed() {
    without_ = fit_at(0, options_.start, options_.n_starts);
    assess_undecayed();
  }

  // A candidate where nothing is wrong with it.
  void assess_undecayed() {
    zero_ = assess(0, *without_);
    faults_.clear();
    if (!without_->has_settled()) faults_.emplace_back("its fit does not settle");
    Tangent at(*without_);
    if (without_->end->stop != Stop::not_finite && at.move_to(*without_)) {
      Covariance cov(how_.undecayed);
      is_determined_ = cov.compute(at);
      leaves_residuals_ = at.rank() < at.n_values() && at.n_params() < at.n_values();
      is_exact_ = leaves_residuals_ && at.residuals_are_rounding();
      if (!is_determined_) faults_.push_back(cov.reason());
    }
    if (!faults_.empty()) zero_.score.reset();
    if (rule().is_cautious)
      for (const Runaway& unit : runaways(*without_, how_.names)) faults_.push_back(unit.words);
  }

  // Residuals under any penalty would be what that leaves.
  bool passes_through_the_data() {
    if (is_exact_)
      reasons_for_none_ = {
          "the fit without one passes through the data: there is no noise for it to balance"};
    return is_exact_;
  }

  // The same of a fit that comes ever closer to the data as the penalty vanishes, without an end to the path. Where
  // residuals are the penalty's alone their sum of squares falls as a power of it: 2 at a minimum, about 1 with a unit
  // that runs to infinity, 2/3 with one that becomes linear; noise leaves it as it is.
  bool is_penalty_alone(const DecayPoint& best) {
    constexpr double much_closer = 10, well_before = 2, least_power = 0.5;
    const DecayPoint* before = nullptr;
    for (const DecayPoint& point : points_) {
      if (point.k < best.k) return false;
      if (point.k >= well_before * best.k && (!before || point.k < before->k)) before = &point;
    }
    if (!without_ || !leaves_residuals_ || best.end.rss < much_closer * without_->end->rss || !before ||
        std::log(before->end.rss / best.end.rss) < least_power * std::log(before->k / best.k))
      return false;
    reasons_for_none_ = {fmt::format(
        "the less of it, the closer the fit to the data, down to {:.3g}: there is no noise for it to "
        "balance",
        best.k)};
    return true;
  }

  // Without looking at any decay.
  bool is_good_enough() {
    if (is_linear(network_) && is_determined_) {
      reasons_for_none_ = {
          "the network is linear in its parameters, and the data determine what it fits to them"};
      return true;
    }
    if (!faults_.empty() || !zero_.score || zero_.score->value * (1 - worth_trying) > zero_.end.rss)
      return false;
    reasons_for_none_ = {fmt::format(
        "no decay can lower its leave-one-out sum of squares by more than {:g} %", 100 * worth_trying)};
    return true;
  }

  void walk() {
    is_on_path_ = true;
    for (Index i = 0; i < n_path_points() && !is_interrupted_ && !has_passed(); ++i) {
      const double k = largest_k * std::pow(10, -static_cast<double>(i) / points_a_decade);
      if (points_.empty())
        add(k, options_.start ? std::optional(centred_.to_centred(*options_.start)) : std::nullopt,
            options_.start.has_value());
      else
        add(k, points_.back().theta, leads_on(points_.back()));
    }
  }

  // Whether the last points have all been beyond what would be chosen.
  bool has_passed() {
    const DecayPoint* best = best_point();
    if (!rule().is_cautious || !best) return false;
    const double value = lowest_->value, standard_error = lowest_->standard_error.value_or(0);
    const auto are_all = [&](std::ptrdiff_t n_last, const auto& is_passed) {
      return std::ssize(points_) > n_last && std::all_of(points_.end() - n_last, points_.end(), is_passed);
    };
    const auto is_worse = [&](const DecayPoint& point) {
      return point.score && point.score->value > value + standard_error;
    };
    if (!is_wide_) return are_all(static_cast<std::ptrdiff_t>(2 * points_a_decade), is_worse);
    const auto is_no_candidate = [&](const DecayPoint& point) {
      return best->end.has_settled() && !point.end.has_settled() &&
             (!point.score || point.score->value > value - standard_error);
    };
    return are_all(1, is_worse) || are_all(2, is_no_candidate);
  }

  // The fit without a decay from where the path has come to, if that is lower.
  void follow_to_none() {
    if (!without_ || points_.empty() || is_interrupted_) return;
    const auto last = std::min_element(points_.begin(), points_.end(),
                                       [](const auto& a, const auto& b) { return a.k < b.k; });
    Fit followed = fit_at(0, centred_.to_user(last->theta), 0);
    const StartSummary& before = without_->end->starts;
    if (!(followed.end->rss < (1 - lower_by) * without_->end->rss)) return;
    StartSummary& starts = followed.end->starts;
    starts.n_starts += before.n_starts;
    starts.n_failed += before.n_failed;
    starts.highest = std::max(starts.highest, before.highest);
    starts.median = before.median;
    starts.n_drawn = before.n_drawn;
    starts.n_optima = before.n_optima;
    starts.n_seen_once = before.n_seen_once;
    starts.n_redraws += before.n_redraws;
    starts.n_lowered += before.n_lowered;
    starts.n_wanted = before.n_wanted;
    starts.outcomes.insert(starts.outcomes.begin(), before.outcomes.begin(), before.outcomes.end());
    without_ = std::move(followed);
    assess_undecayed();
  }

  // Where a fit is no more than means, all weights vanish, which is a stationary point for every decay.
  bool is_beyond_means(const DecayPoint& point) const {
    constexpr double more_than_rounding = 0.5;
    return point.effective_parameters >= static_cast<double>(network_.n_outputs()) + more_than_rounding;
  }

  // The path is not followed from where it is worse than the means that it began with either: what a decay hardly lets
  // be more than they are may be far from what smaller ones have.
  bool leads_on(const DecayPoint& point) const {
    if (!is_beyond_means(point)) return false;
    const DecayPoint& first = points_.front();
    return is_beyond_means(first) || !first.score || !point.score || point.score->value < first.score->value;
  }

  // With many more parameters than observations the path is followed from where it has come to, if that leads anywhere.
  void add(double k, const std::optional<Vector>& start, bool is_followed) {
    const Index most_drawn = !is_wide_ ? most_drawn_on_path : is_followed ? 0 : 1;
    const Index n_drawn = std::min(most_drawn, options_.n_starts), most_steps = options_.max_iterations;
    const bool is_short = is_wide_ && n_drawn == 0;
    const Fit fitted =
        fit_at(k, start, n_drawn, is_short ? std::min(most_steps, most_steps_on_wide_path) : most_steps);
    points_.push_back(assess(k, fitted));
  }

  // Of what the short fits of a wide path leave unsettled, the next that may be better than all that has settled, by
  // more than the standard error, is fitted to its end; and so on, as long as that settles and there is work left for a
  // search.
  void settle_promising() {
    while (is_wide_ && !is_interrupted_ && has_work_left()) {
      const DecayPoint* settled = best_of([](const DecayPoint& point) { return point.end.has_settled(); });
      const auto next = std::find_if(points_.begin(), points_.end(), [&](const DecayPoint& point) {
        return point.score && !point.end.has_settled() &&
               (!settled || point.score->value < settled->score->value - lowest_->standard_error.value_or(0));
      });
      if (next == points_.end()) return;
      *next = assess(next->k, fit_at(next->k, next->theta, 0));
      if (!next->end.has_settled()) return;
    }
  }

  bool has_work_left() const {
    return flops_of_step(network_, data_.n_values(), form_) * static_cast<double>(n_iterations_) <
           options_.search_flops;
  }

  void refine() {
    const DecayPoint* best = best_point();
    if (!best) return;
    const double k = best->k;
    const Vector theta = best->theta;
    const bool is_followed = leads_on(*best);
    for (const double thirds : {1, 2, -1, -2})
      if (!is_interrupted_) add(k * std::pow(10, thirds / 3 / points_a_decade), theta, is_followed);
  }

  // All starts at the best, which may show that it is not; what is the best after some rounds stays it.
  void settle_on_best() {
    std::vector<double> done;
    for (Index round = 0; !is_interrupted_; ++round) {
      DecayPoint* best = best_point();
      if (!best || std::find(done.begin(), done.end(), best->k) != done.end()) return;
      const bool may_draw = !is_wide_ || !options_.n_wanted_at_best || has_work_left();
      *best = assess(best->k, fit_at(best->k, best->theta, may_draw ? options_.n_starts : 0));
      done.push_back(best->k);
      if (round < n_rounds_at_best || !best->score) continue;
      chosen_k_ = best->k;
      return;
    }
  }

  // Of those that have settled, if any has, and leave something to estimate sigma from, if any of these does; of those
  // that have a score.
  DecayPoint* best_point() {
    const auto has_settled = [](const DecayPoint& point) { return point.end.has_settled(); };
    const auto leaves_sigma = [&](const DecayPoint& point) {
      return has_settled(point) &&
             static_cast<double>(data_.n_values()) - point.effective_parameters >= least_dof_of_choice;
    };
    DecayPoint* best = best_of(leaves_sigma);
    if (!best) best = best_of(has_settled);
    return best ? best : best_of([](const DecayPoint&) { return true; });
  }

  // Of those that have a score and are a candidate; their lowest score is lowest_ then.
  template <class IsCandidate>
  DecayPoint* best_of(const IsCandidate& is_candidate) {
    std::vector<DecayPoint*> candidates;
    for (DecayPoint& point : points_)
      if (point.score && is_candidate(point)) candidates.push_back(&point);
    if (candidates.empty()) return nullptr;
    for (DecayPoint* point : candidates)
      if (point->k == chosen_k_) return point;
    std::sort(candidates.begin(), candidates.end(), [](const auto* a, const auto* b) { return a->k > b->k; });
    const auto score = [](const DecayPoint* point) { return point->score->value; };
    DecayPoint* lowest = *std::min_element(candidates.begin(), candidates.end(),
                                           [&](auto* a, auto* b) { return score(a) < score(b); });
    lowest_ = lowest->score;
    if (!rule().is_cautious) return lowest;
    const double good = lowest_->value + lowest_->standard_error.value_or(0);
    for (std::size_t i = 0; i + 1 < candidates.size(); ++i)
      if (score(candidates[i]) <= good && score(candidates[i]) <= score(candidates[i + 1]))
        return candidates[i];
    return candidates.back();
  }

  bool keeps_none(const DecayPoint* best) {
    if (!best) return true;
    if (!rule().is_cautious) {
      const bool is_best = zero_.score && zero_.score->value <= best->score->value;
      if (zero_.score && !is_best) faults_.emplace_back("its score is higher");
      return is_best;
    }
    if (!faults_.empty()) return false;
    const double standard_error = lowest_->standard_error.value_or(0);
    const bool is_good = zero_.score && zero_.score->value <= lowest_->value + standard_error;
    const std::string figures =
        zero_.score
            ? fmt::format(
                  "its leave-one-out sum of squares, {:.4g}, is {} one standard error ({:.2g}) of the "
                  "lowest of the path, {:.4g}",
                  zero_.score->value, is_good ? "within" : "not within", standard_error, lowest_->value)
            : "it passes through an observation whatever that is, so that nothing predicts it";
    (is_good ? reasons_for_none_ : faults_).push_back(figures);
    return is_good;
  }

  DecayChoice keep_none() {
    if (!without_) fit_undecayed();
    DecayChoice choice{.fit = *without_,
                       .effective_parameters = zero_.effective_parameters,
                       .path = points_.empty() ? Points() : path(),
                       .reasons = reasons_for_none_,
                       .was_interrupted = is_interrupted_};
    if (is_interrupted_) mark_interrupted(choice.fit);
    return choice;
  }

  Points path() const {
    Points path = points_;
    if (without_) path.push_back(zero_);
    std::sort(path.begin(), path.end(), [](const auto& a, const auto& b) { return a.k > b.k; });
    return path;
  }

  static void mark_interrupted(Fit& fit) {
    fit.end->stop = Stop::interrupted;
    fit.end->remaining.reset();
  }

  const Perceptron network_;
  const Dataset& data_;
  const CentredData centred_;
  const FitOptions& options_;
  const DecayChoiceOptions how_;
  const StepForm form_;
  const bool
      is_wide_;  // there are so many more parameters than observations that a fit takes a penalty to be solved for
  std::optional<DecayScore> lowest_;  // on the path
  std::optional<double> chosen_k_;    // where no more rounds are to show that another is better
  Points points_;                     // k > 0, in the order in which they were fitted
  std::optional<Fit> without_;        // a decay
  DecayPoint zero_;                   // the same
  std::vector<std::string> faults_, reasons_for_none_;
  bool is_determined_ = false, leaves_residuals_ = false, is_exact_ = false, is_on_path_ = false,
       is_interrupted_ = false;
  Index n_starts_done_ = 0, n_iterations_ = 0;
};

}  // namespace

DecayChoice choose_decay(const Perceptron& network, const Dataset& data, const FitOptions& options,
                         const DecayChoiceOptions& how) {
  if (!wants_output_scales(data, options)) return DecaySearch(network, data, options, how).choose();
  // Scales from the chosen fit, a choice with these scales, and so on; then with the decay that was chosen until they
  // stay.
  constexpr int n_choices = 3;
  constexpr double near_enough = 0.05;
  check_dataset(data, network, how.names);
  Dataset scaled = with_first_scales(data, options.output_noise);
  DecayChoice choice = DecaySearch(network, scaled, options, how).choose();
  for (int i = 1; i < n_choices && !choice.was_interrupted; ++i) {
    const std::optional<OutputScales> scales = output_scales_of(choice.fit);
    if (!scales || scales->change < near_enough) break;
    set_scales(scaled, *scales);
    choice = DecaySearch(network, scaled, options, how).choose();
  }
  if (choice.was_interrupted) return choice;
  FitOptions from_there = options;
  from_there.decay = choice.fit.decay;
  from_there.start = choice.fit.theta;
  from_there.n_starts = 0;
  from_there.n_redraws = 0;
  from_there.n_tries_from_start = 1;
  const FitEnd before = *choice.fit.end;
  choice.fit = fit_with_output_scales(network, choice.fit.data, from_there);
  rescale_starts(*choice.fit.end, before);
  choice.fit.end->n_iterations += before.n_iterations;
  return choice;
}

}  // namespace jacobench
