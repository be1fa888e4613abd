#include "jacobench/inference/intervals.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench {
Bands bands_at(const Fit& fit, const MatrixView& X0, const BandOptions& options) {
  const IntervalMethod& method =
      options.method.empty() ? default_interval_method(fit) : find_interval_method(options.method);
  Tangent at = linearise(fit);
  NewPoints points(fit, X0);
  Bands result;
  std::vector<BandRequest> requests;
  std::vector<Band*> places;
  for (const IntervalKind kind : {IntervalKind::mean, IntervalKind::prediction}) {
    const BandRequest request{kind, options.level, options.simultaneous, options.sides};
    if (const auto reason = method.why_not(fit, options.how, request)) {
      if (requests.empty()) result.reason = *reason;
      continue;
    }
    requests.push_back(request);
    places.push_back(kind == IntervalKind::mean ? &result.mean : &result.prediction);
  }
  points.move_to(at);  // where the network overflows, engines say so
  result.fit = points.values();
  if (requests.empty()) return result;
  result.reason.clear();
  const auto engine = method.prepare(fit, points, options.how, requests);
  if (!engine->compute(at, points, options.seed)) {
    result.reason = engine->reason();
  } else {
    for (std::size_t i = 0; i < places.size(); ++i) *places[i] = engine->bands()[i];
    result.open = engine->open();
    result.remark = engine->remark();
  }
  result.sigma = engine->sigma();
  result.dof = engine->dof();
  return result;
}

Matrix joint_covariance(const Tangent& at, const Covariance& cov, const VectorView& x0) {
  NewPoints point(at.fit(), x0.transpose());
  point.move_to(at);
  return cov.of(point.gradients(at));
}

Matrix residual_covariance(const Tangent& at, const Covariance& cov) {
  Matrix R = at.r().reshaped(at.n_observations(), at.n_outputs());
  if (at.data().output_scales.size() > 0) R *= at.data().output_scales.asDiagonal();
  const double left =
      static_cast<double>(at.n_observations()) - cov.trace_h() / static_cast<double>(at.n_outputs());
  JB_EXPECT(left > 0, "{} observations left", left);
  return R.transpose() * R / left;
}

std::vector<ParameterInterval> parameter_intervals(Tangent& at, const Covariance& cov, double level) {
  std::vector<ParameterInterval> intervals;
  for (Index p = 0; p < at.n_params(); ++p)
    intervals.push_back({parameter_name(at.network(), p), at.theta()[p], {}, {}, {}});
  if (!cov.ok()) return intervals;
  const Matrix unit = Matrix::Identity(at.n_params(), at.n_params());
  const Vector se = cov.standard_errors(unit), share = at.of_data().report().undetermined_share(unit);
  const double q = t_quantile((1 + level) / 2, cov.dof());
  for (Index p = 0; p < at.n_params(); ++p) {
    ParameterInterval& interval = intervals[static_cast<std::size_t>(p)];
    if (share[p] > RankReport::rounding_share && !cov.penalty_determines()) continue;
    interval.se = se[p];
    interval.lower = at.theta()[p] - q * se[p];
    interval.upper = at.theta()[p] + q * se[p];
  }
  return intervals;
}

}  // namespace jacobench
