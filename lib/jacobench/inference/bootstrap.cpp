#include "jacobench/inference/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include <boost/sort/pdqsort/pdqsort.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/base/statistics.hpp"
#include "jacobench/inference/refit.hpp"

namespace jacobench {
namespace {

// Of the sigma of a fit: a resample with less has left its noise out, and a t of it is a quotient of rounding errors.
constexpr double least_noise = 1e-6;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

constexpr std::array bootstraps{
    BootstrapInfo{BootstrapKind::residual, "residual",
                  "fitted values and drawn residuals, corrected for leverage"},
    BootstrapInfo{BootstrapKind::pairs, "pairs", "drawn observations"},
    BootstrapInfo{BootstrapKind::parametric, "parametric", "fitted values and normal errors"},
};

Index draw_row(Index n, RandomStream& stream) {
  return std::min(n - 1, static_cast<Index>(stream.uniform() * static_cast<double>(n)));
}

// What one thread finds of refits.
class Worker {
 public:
  Worker(const Fit& like, const NewPoints& points, const CovarianceOptions& options)
      : tangent_(like), points_(like, points.X()), covariance_(options) {}

  // Column `number` of the draws; sigmas: those of the outputs of the fit.
  void note(const Fit& again, const Matrix& values, const Vector& sigmas, Index number,
            BootstrapDraws& draws) {
    draws.f.col(number).setConstant(not_a_number);
    draws.t.col(number).setConstant(not_a_number);
    draws.is_settled[number] = again.end->has_settled() ? 1 : 0;
    if (again.end->stop == Stop::not_finite) return;
    const bool has_tangent = tangent_.move_to(again);
    if (!points_.move_to(tangent_)) return;
    draws.f.col(number) = points_.values().reshaped();
    if (!has_tangent || !covariance_.compute(tangent_)) return;
    points_.get_variances(tangent_, covariance_, variances_);
    for (Index k = 0; k < variances_.cols(); ++k) {
      // Of outputs with noise of their own, se* is of their own residuals too.
      const double its_sigma = covariance_.output_sigmas()[k], to_own = its_sigma / covariance_.sigma();
      if (!(its_sigma > least_noise * sigmas[k])) continue;
      for (Index m = 0; m < variances_.rows(); ++m) {
        const double se = std::sqrt(variances_(m, k)) * to_own, off = points_.values()(m, k) - values(m, k);
        double& t = draws.t(k * variances_.rows() + m, number);
        if (se > 0)
          t = off / se;
        else if (se == 0 && off == 0)  // as where no parameter has an effect
          t = 0;
      }
    }
  }

 private:
  Tangent tangent_;
  NewPoints points_;
  Covariance covariance_;
  Matrix variances_;
};

// The draws of a few rows, each without what is not a number. A cache line of a column is read once.
class RowsOfDraws {
 public:
  static constexpr Index most = 8;  // doubles in a cache line

  void read(const Matrix& draws, Index first) {
    const Index n = std::min(most, draws.rows() - first);
    for (auto& row : rows_) row.clear();
    for (Index b = 0; b < draws.cols(); ++b)
      for (Index i = 0; i < n; ++i)
        if (const double draw = draws(first + i, b); !std::isnan(draw))
          rows_[static_cast<std::size_t>(i)].push_back(draw);
  }

  const std::vector<double>& row(Index i) const { return rows_[static_cast<std::size_t>(i)]; }
  void sort(Index i) {
    std::vector<double>& row = rows_[static_cast<std::size_t>(i)];
    boost::sort::pdqsort_branchless(row.begin(), row.end());
  }

 private:
  std::array<std::vector<double>, most> rows_;
};

bool are_too_many(Index n, Index of) {
  return static_cast<double>(n) > most_unsettled * static_cast<double>(of);
}

std::string no_se_reason(Index n_without, Index n_finite) {
  return fmt::format("{} of {} refits have no standard error, and at most {}% may: their t is not known",
                     n_without, n_finite, 100 * most_unsettled);
}

enum class BootstrapInterval { percentile, studentised };

std::optional<std::string> why_not(const IntervalOptions& options, const BandRequest& request) {
  if (request.kind != IntervalKind::mean)
    return "a bootstrap gives intervals of the mean, and none of a new observation";
  if (request.simultaneous != Simultaneous::none || request.sides != Sides::both ||
      options.input_noise.size() > 0)
    return "a bootstrap gives two-sided intervals point by point, without noise on the inputs";
  return {};
}

class BootstrapEngine final : public IntervalEngine {
 public:
  BootstrapEngine(BootstrapKind kind, BootstrapInterval interval, const Fit& like, const NewPoints& points,
                  const IntervalOptions& options, const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points),
        kind_(kind),
        interval_(interval),
        options_(options),
        requests_(requests),
        like_(like),
        covariance_(its_covariance()),
        refitting_(like_, options.max_refit_iterations, options.n_threads) {
    for (const BandRequest& request : requests) {
      check_level(request.level);
      if (!are_enough_refits(options.n_refits, request.level))
        throw InputError("replicates: {} are too few for level {}; 999 are usual", options.n_refits,
                         request.level);
    }
  }

  bool make_bands(Tangent& at, NewPoints& points, std::uint64_t seed) override {
    reason_.clear();
    remark_.clear();
    refits_ = {};
    if (!covariance_.compute(at)) {
      reason_ = covariance_.reason();
      return false;
    }
    set_sigma(at, covariance_);
    auto& shared = points.bootstrap_draws();
    if (!shared || shared->kind != kind_ || shared->seed != seed || shared->f.cols() != options_.n_refits ||
        shared->max_iterations != options_.max_refit_iterations)
      shared = std::make_shared<BootstrapDraws>(draw(at, points, seed));
    const BootstrapDraws& draws = *shared;
    const bool needs_se = interval_ == BootstrapInterval::studentised;
    refits_ = {options_.n_refits, draws.n_failed + draws.n_unsettled, needs_se ? draws.n_without_se : 0};
    open_.clear();
    remark_ = fmt::format("{} of {} refits failed, {} have not settled", draws.n_failed, options_.n_refits,
                          draws.n_unsettled);
    if (needs_se) remark_ += fmt::format(", {} had no standard error", draws.n_without_se);
    const Index n_finite = options_.n_refits - draws.n_failed;
    if (are_too_many(draws.n_failed, options_.n_refits))
      reason_ = fmt::format("{} of {} refits failed, and at most {}% may", draws.n_failed, options_.n_refits,
                            100 * most_unsettled);
    else if (are_too_many(draws.n_unsettled, n_finite))
      reason_ = fmt::format(
          "{} of {} refits have not settled within {} iterations, and at most {}% may; allow more "
          "iterations, "
          "fit fewer units, or with a decay",
          draws.n_unsettled, n_finite, options_.max_refit_iterations, 100 * most_unsettled);
    if (reason_.empty() && !set_bounds(at, points, draws))
      reason_ = no_se_reason(draws.n_without_se, n_finite);
    return reason_.empty();
  }

  std::string reason() const override { return reason_; }

 private:
  CovarianceOptions its_covariance() const { return options_.covariance(default_covariance(like_)); }

  BootstrapDraws draw(Tangent& at, NewPoints& points, std::uint64_t seed) {
    const Index n = points.n_points() * points.n_outputs(), R = options_.n_refits;
    BootstrapDraws draws{.kind = kind_,
                         .seed = seed,
                         .max_iterations = options_.max_refit_iterations,
                         .f = Matrix(n, R),
                         .t = Matrix(n, R),
                         .is_settled = Vector(R),
                         .n_failed = 0,
                         .n_unsettled = 0,
                         .n_without_se = 0};
    const Resampler resampler(at, covariance_, kind_);
    while (std::ssize(workers_) < options_.n_threads)
      workers_.push_back(std::make_unique<Worker>(like_, points, its_covariance()));
    RefitCount count(options_.watch, R);
    refitting_.run({.n_refits = R,
                    .data = at.data(),
                    .start = at.theta(),
                    .draw =
                        [&](Index b, Dataset& data) {
                          RandomStream stream(seed, 0, static_cast<std::uint32_t>(b),
                                              RandomPurpose::resampling);
                          resampler.draw(stream, data);
                        },
                    .use =
                        [&](Index b, const Fit& again, Index w) {
                          workers_[static_cast<std::size_t>(w)]->note(again, points.values(),
                                                                      covariance_.output_sigmas(), b, draws);
                        }},
                   count);
    for (Index b = 0; b < R; ++b) {
      if (draws.f.col(b).hasNaN()) {
        ++draws.n_failed;
        continue;
      }
      if (draws.is_settled[b] == 0) ++draws.n_unsettled;
      if (draws.t.col(b).hasNaN()) ++draws.n_without_se;
    }
    return draws;
  }

  // Returns whether there is any.
  bool set_bounds(Tangent& at, NewPoints& points, const BootstrapDraws& draws) {
    Index n_open = 0;
    for (Band& band : bands_) band.se.resize(points.n_points(), points.n_outputs());
    points.get_variances(at, covariance_, variances_);
    for (Index i = 0; i < draws.f.rows(); ++i) {
      const Index in_block = i % RowsOfDraws::most;
      if (in_block == 0) {
        f_.read(draws.f, i);
        t_.read(draws.t, i);
      }
      const std::vector<double>&f = f_.row(in_block), &t = t_.row(in_block);
      const double estimate = points.values().reshaped()[i], se = std::sqrt(variances_.reshaped()[i]);
      const Index n_finite = std::ssize(f), n_without = n_finite - std::ssize(t);
      const bool is_open = interval_ == BootstrapInterval::studentised && are_too_many(n_without, n_finite);
      if (is_open) {
        ++n_open;
        const Index point = i % points.n_points(), output = i / points.n_points();
        leave_open(point, points.n_points(),
                   (points.n_outputs() > 1 ? fmt::format("output {}: ", output + 1) : "") +
                       no_se_reason(n_without, n_finite));
      }
      f_.sort(in_block);
      if (interval_ == BootstrapInterval::studentised && !is_open) t_.sort(in_block);
      const double se_of_draws = standard_deviation(Eigen::Map<const Vector>(f.data(), n_finite));
      for (std::size_t b = 0; b < bands_.size(); ++b) {
        const double alpha = 1 - requests_[b].level;
        Band& band = bands_[b];
        band.se.reshaped()[i] = se_of_draws;
        if (interval_ == BootstrapInterval::percentile) {
          band.lower.reshaped()[i] = quantile_of_sorted(f, alpha / 2);
          band.upper.reshaped()[i] = quantile_of_sorted(f, 1 - alpha / 2);
        } else if (is_open) {
          band.lower.reshaped()[i] = band.upper.reshaped()[i] = not_a_number;
        } else {
          band.lower.reshaped()[i] = estimate - se * quantile_of_sorted(t, 1 - alpha / 2);
          band.upper.reshaped()[i] = estimate - se * quantile_of_sorted(t, alpha / 2);
        }
      }
    }
    return n_open < draws.f.rows();
  }

  void leave_open(Index point, Index n_points, const std::string& reason) {
    open_.resize(static_cast<std::size_t>(n_points));
    open_[static_cast<std::size_t>(point)] = reason;
  }

  const BootstrapKind kind_;
  const BootstrapInterval interval_;
  const IntervalOptions options_;
  const std::vector<BandRequest> requests_;
  const Fit like_;
  Covariance covariance_;
  Refitting refitting_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Matrix variances_;
  RowsOfDraws f_, t_;
  std::string reason_;
};

}  // namespace

std::span<const BootstrapInfo> bootstrap_table() { return bootstraps; }

bool are_enough_refits(Index n_refits, double level) {
  return static_cast<double>(n_refits + 1) * (1 - level) / 2 >= 1;
}

std::vector<IntervalMethod> bootstrap_methods() {
  std::vector<IntervalMethod> methods;
  for (const BootstrapInfo& bootstrap : bootstraps)
    for (const BootstrapInterval interval : {BootstrapInterval::percentile, BootstrapInterval::studentised}) {
      const bool is_percentile = interval == BootstrapInterval::percentile;
      methods.push_back(
          {.name =
               fmt::format("bootstrap_{}_{}", bootstrap.name, is_percentile ? "percentile" : "studentised"),
           .summary = fmt::format("{}; {}", bootstrap.summary,
                                  is_percentile ? "quantiles of the refits" : "quantiles of their t"),
           .formula = is_percentile ? "quantiles alpha/2 and 1 - alpha/2 of f*"
                                    : "f - se t*_{1-alpha/2} to f - se t*_{alpha/2}, t* = (f* - f) / se*",
           .source = is_percentile
                         ? "Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 9 and 13"
                         : "Davison and Hinkley (1997), Bootstrap Methods and their Application, ch. 5 to 7",
           .why_not = [](const Fit&, const IntervalOptions& options,
                         const BandRequest& request) { return why_not(options, request); },
           .prepare = [kind = bootstrap.kind, interval](
                          const Fit& like, const NewPoints& points, const IntervalOptions& options,
                          const std::vector<BandRequest>& requests) -> std::unique_ptr<IntervalEngine> {
             return std::make_unique<BootstrapEngine>(kind, interval, like, points, options, requests);
           },
           .refits = true,
           .draws = true});
    }
  return methods;
}

Resampler::Resampler(const Tangent& at, const Covariance& of, BootstrapKind kind)
    : observed_(at.data()), kind_(kind), sigma_(of.sigma()), row_map_(at.data().row_map()) {
  if (kind == BootstrapKind::pairs) return;
  fitted_ = evaluate(at.network(), at.theta(), at.data().X);
  const Vector leverages = of.leverages();
  Vector corrected = Vector::Zero(at.n_values());
  for (Index i = 0; i < corrected.size(); ++i)
    if (const double left = 1 - leverages[i]; left > 64 * unit_roundoff)
      corrected[i] = at.r()[i] / std::sqrt(left);
  residuals_ = corrected.reshaped(at.n_observations(), at.n_outputs());
  residuals_.rowwise() -= residuals_.colwise().mean().eval();
}

void Resampler::draw(RandomStream& stream, Dataset& data) const {
  const Index N = observed_.n_observations();
  if (kind_ == BootstrapKind::pairs) {
    for (Index n = 0; n < N; ++n) {
      const Index drawn = draw_row(N, stream);
      data.X.row(n) = observed_.X.row(drawn);
      data.Y.row(n) = observed_.Y.row(drawn);
      if (data.weights.size() > 0) data.weights[n] = observed_.weights[drawn];
    }
    return;
  }
  for (Index n = 0; n < N; ++n) {
    const Index drawn = kind_ == BootstrapKind::residual ? draw_row(N, stream) : 0;
    for (Index k = 0; k < data.Y.cols(); ++k)
      data.Y(n, k) = kind_ == BootstrapKind::residual ? residuals_(drawn, k) : sigma_ * stream.normal();
  }
  row_map_.undo(data.Y);
  data.Y += fitted_;
}

}  // namespace jacobench
