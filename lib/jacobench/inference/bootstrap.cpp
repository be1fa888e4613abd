#include "jacobench/inference/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/fit/refitter.hpp"
#include "jacobench/inference/quantiles.hpp"

namespace jacobench {
namespace {

constexpr std::array bootstraps{
    BootstrapInfo{BootstrapKind::residual, "residual",
                  "fitted values and drawn residuals, corrected for leverage"},
    BootstrapInfo{BootstrapKind::pairs, "pairs", "drawn observations"},
    BootstrapInfo{BootstrapKind::parametric, "parametric", "fitted values and normal errors"},
};

Index draw_row(Index n, RandomStream& stream) {
  return std::min(n - 1, static_cast<Index>(stream.uniform() * static_cast<double>(n)));
}

// What one refit says at the new points.
struct Replicate {
  bool is_finite = false;
  Vector f;  // [M K]
  Vector t;  // empty without an se*
};

// One thread's share of the replicates.
class Worker {
 public:
  Worker(const Linearisation& at, const Resampler& resampler, const MatrixView& X0, const Vector& f,
         const BootstrapOptions& options)
      : at_(at),
        resampler_(resampler),
        X0_(X0),
        f_(f),
        options_(options),
        data_(at.data),
        refitter_(at.network, at.data, {.decay = at.decay}) {}

  Replicate run(Index number) {
    RandomStream stream(options_.seed, 0, static_cast<std::uint32_t>(number), RandomPurpose::resampling);
    resampler_.draw(stream, data_);
    const Refit& again = refitter_.refit(data_, at_.theta);
    if (!again.is_finite()) return {};
    Replicate replicate{true, evaluate(at_.network, again.theta, X0_).reshaped(), {}};
    if (!replicate.f.allFinite()) return {};
    // A drawn data set may have an output without variation, which a linearisation refuses.
    if ((data_.Y.rowwise() - data_.Y.row(0)).isZero(0)) return replicate;
    const Covariance its =
        covariance(linearise(at_.network, again.theta, data_, at_.decay), options_.covariance);
    if (!its.ok()) return replicate;
    const Vector se = its.standard_errors(gradients_at(at_.network, again.theta, X0_));
    if ((se.array() > 0).all()) replicate.t = (replicate.f - f_).cwiseQuotient(se);
    return replicate;
  }

 private:
  const Linearisation& at_;
  const Resampler& resampler_;
  const MatrixView& X0_;
  const Vector& f_;
  const BootstrapOptions& options_;
  Dataset data_;
  Refitter refitter_;
};

// The p-quantile with plotting positions i / (n + 1).
double quantile_of(std::vector<double>& draws, double p) {
  const auto n = static_cast<double>(draws.size());
  const double at = std::clamp(p * (n + 1) - 1, 0.0, n - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, draws.size() - 1);
  return draws[low] + (at - std::floor(at)) * (draws[high] - draws[low]);
}

std::vector<double> sorted(std::vector<double> draws) {
  std::sort(draws.begin(), draws.end());
  return draws;
}

double deviation(const std::vector<double>& draws) {
  const Eigen::Map<const Vector> values(draws.data(), static_cast<Index>(draws.size()));
  return (values.array() - values.mean()).matrix().norm() / std::sqrt(static_cast<double>(values.size() - 1));
}

void set_bounds_at(Index i, const std::vector<Replicate>& replicates, double se, double alpha,
                   bool studentised, BootstrapBands& bands) {
  std::vector<double> f, t;
  for (const Replicate& replicate : replicates) {
    if (replicate.is_finite) f.push_back(replicate.f[i]);
    if (replicate.t.size() > 0) t.push_back(replicate.t[i]);
  }
  f = sorted(std::move(f));
  bands.se.reshaped()[i] = deviation(f);
  bands.percentile_lower.reshaped()[i] = quantile_of(f, alpha / 2);
  bands.percentile_upper.reshaped()[i] = quantile_of(f, 1 - alpha / 2);
  if (!studentised) return;
  t = sorted(std::move(t));
  const double estimate = bands.fit.reshaped()[i];
  bands.studentised_lower.reshaped()[i] = estimate - se * quantile_of(t, 1 - alpha / 2);
  bands.studentised_upper.reshaped()[i] = estimate - se * quantile_of(t, alpha / 2);
}

void check_options(const MatrixView& X0, const Linearisation& at, const BootstrapOptions& options) {
  check_level(options.level);
  if (!are_enough_refits(options.n_replicates, options.level))
    throw InputError("replicates: {} are too few for level {}; 999 are usual", options.n_replicates,
                     options.level);
  if (X0.cols() != at.network.n_inputs() || !X0.allFinite())
    throw InputError("new points: want {} columns of finite numbers", at.network.n_inputs());
}

}  // namespace

std::span<const BootstrapInfo> bootstrap_table() { return bootstraps; }

bool are_enough_refits(Index n_replicates, double level) {
  return static_cast<double>(n_replicates + 1) * (1 - level) / 2 >= 1;
}

BootstrapKind bootstrap_kind_from_name(std::string_view name) {
  return find_by_name(bootstraps, name, "bootstrap").kind;
}

Resampler::Resampler(const Linearisation& at, const Covariance& cov, BootstrapKind kind)
    : at_(at),
      kind_(kind),
      sigma_(cov.sigma),
      factors_(at.row_factors.reshaped(at.data.Y.rows(), at.n_outputs())) {
  if (kind == BootstrapKind::pairs) return;
  fitted_ = evaluate(at.network, at.theta, at.data.X);
  Vector corrected = Vector::Zero(at.n_values());
  for (Index i = 0; i < corrected.size(); ++i)
    if (const double left = 1 - cov.leverages[i]; left > 64 * unit_roundoff)
      corrected[i] = at.r[i] / std::sqrt(left);
  residuals_ = corrected.reshaped(at.n_observations(), at.n_outputs());
  residuals_.rowwise() -= residuals_.colwise().mean().eval();
}

void Resampler::draw(RandomStream& stream, Dataset& data) const {
  const Index N = at_.n_observations();
  for (Index n = 0; n < N; ++n) {
    if (kind_ == BootstrapKind::pairs) {
      const Index drawn = draw_row(N, stream);
      data.X.row(n) = at_.data.X.row(drawn);
      data.Y.row(n) = at_.data.Y.row(drawn);
      if (data.weights.size() > 0) data.weights[n] = at_.data.weights[drawn];
      continue;
    }
    const Index drawn = kind_ == BootstrapKind::residual ? draw_row(N, stream) : 0;
    for (Index k = 0; k < at_.n_outputs(); ++k) {
      const double error = kind_ == BootstrapKind::residual ? residuals_(drawn, k) : sigma_ * stream.normal();
      data.Y(n, k) = fitted_(n, k) + error / factors_(n, k);
    }
  }
}

BootstrapBands bootstrap(const Linearisation& at, const Covariance& cov, const MatrixView& X0,
                         const BootstrapOptions& options) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", cov.reason);
  check_options(X0, at, options);
  BootstrapBands bands{};
  bands.fit = evaluate(at.network, at.theta, X0);
  const Vector f = bands.fit.reshaped();
  const Vector se = cov.standard_errors(gradients_at(at.network, at.theta, X0));
  std::vector<Replicate> replicates(static_cast<std::size_t>(options.n_replicates));
  const Resampler resampler(at, cov, options.kind);
  std::vector<std::unique_ptr<Worker>> workers(static_cast<std::size_t>(options.n_threads));
  for (auto& worker : workers) worker = std::make_unique<Worker>(at, resampler, X0, f, options);
  parallel_for_workers(options.n_replicates, options.n_threads, [&](Index b, Index w) {
    replicates[static_cast<std::size_t>(b)] = workers[static_cast<std::size_t>(w)]->run(b);
  });
  const auto count = [&](auto holds) { return std::count_if(replicates.begin(), replicates.end(), holds); };
  bands.n_failed = count([](const Replicate& r) { return !r.is_finite; });
  bands.n_without_se = count([](const Replicate& r) { return r.is_finite && r.t.size() == 0; });
  const Index n_finite = options.n_replicates - bands.n_failed;
  if (2 * n_finite < options.n_replicates) {
    bands.reason = fmt::format("{} of {} refits failed", bands.n_failed, options.n_replicates);
    return bands;
  }
  const bool studentised = 2 * (n_finite - bands.n_without_se) >= options.n_replicates;
  if (!studentised) bands.reason = fmt::format("{} refits have no standard error", bands.n_without_se);
  const Matrix empty(bands.fit.rows(), bands.fit.cols());
  bands.se = bands.percentile_lower = bands.percentile_upper = empty;
  if (studentised) bands.studentised_lower = bands.studentised_upper = empty;
  for (Index i = 0; i < f.size(); ++i)
    set_bounds_at(i, replicates, se[i], 1 - options.level, studentised, bands);
  return bands;
}

}  // namespace jacobench
