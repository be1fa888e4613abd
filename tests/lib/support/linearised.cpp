#include "support/linearised.hpp"

#include <fmt/format.h>

namespace jacobench::testing {
namespace {

IntervalOptions as_made(const Covariance& cov) {
  const CovarianceOptions& options = cov.options();
  return {.dof_rule = options.dof_rule,
          .known_sigma = options.known_sigma,
          .rank_policy = options.policy,
          .ridge = options.ridge};
}

}  // namespace

Matrix gradients_at(const Perceptron& network, const Vector& theta, const MatrixView& X0) {
  Matrix G(X0.rows() * network.n_outputs(), network.n_params());
  make_evaluator({}, network, X0.rows())->evaluate(theta, X0, {.J_y_theta = &G});
  return G;
}

Bands bands_at(const Linearised& at, const Covariance& cov, const MatrixView& X0, BandOptions options) {
  options.method = info(cov.kind()).name;
  const IntervalOptions made = as_made(cov);
  options.how.dof_rule = made.dof_rule;
  options.how.known_sigma = made.known_sigma;
  options.how.rank_policy = made.rank_policy;
  options.how.ridge = made.ridge;
  return jacobench::bands_at(at.fit(), X0, options);
}

BootstrapBands bootstrap(const Linearised& at, const Covariance& cov, const MatrixView& X0,
                         const BootstrapOptions& options) {
  NewPoints points(at.fit(), X0);
  points.move_to(at);
  IntervalOptions how = as_made(cov);
  how.n_refits = options.n_replicates;
  how.n_threads = options.n_threads;
  how.max_refit_iterations = options.max_refit_iterations;
  BootstrapBands result{};
  result.fit = points.values();
  const std::string name =
      fmt::format("bootstrap_{}_", bootstrap_table()[static_cast<std::size_t>(options.kind)].name);
  const BandRequest request{.level = options.level};
  for (const bool studentised : {false, true}) {
    const auto engine = find_interval_method(name + (studentised ? "studentised" : "percentile"))
                            .prepare(at.fit(), points, how, {request});
    if (!engine->compute(at, points, options.seed)) {
      result.reason = engine->reason();
      continue;
    }
    const Band& band = engine->bands().front();
    result.se = band.se;
    (studentised ? result.studentised_lower : result.percentile_lower) = band.lower;
    (studentised ? result.studentised_upper : result.percentile_upper) = band.upper;
  }
  if (const auto& draws = points.bootstrap_draws()) {
    result.n_failed = draws->n_failed;
    result.n_unsettled = draws->n_unsettled;
    result.n_without_se = draws->n_without_se;
  }
  return result;
}

}  // namespace jacobench::testing
