#include "jacobench/inference/intervals.hpp"

#include <algorithm>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench {

Bands bands_at(const Fit& fit, const MatrixView& X0, const BandOptions& options) {
  const IntervalMethod& method =
      options.method.empty() ? default_interval_method(fit) : find_interval_method(options.method);
  Tangent at = linearise(fit);
  NewPoints points(fit, X0);
  points.move_to(at);  // where the network overflows, engines say so
  const auto request = [&](IntervalKind kind) {
    return BandRequest{kind, options.level, options.simultaneous, options.sides};
  };
  Answers answers = answers_of(method, {request(IntervalKind::mean), request(IntervalKind::prediction)},
                               options.how, at, points, options.seed);
  Answer &mean = answers.bands[0], &prediction = answers.bands[1];
  return {.reason = mean.reason.empty() || prediction.reason.empty() ? "" : mean.reason,
          .fit = points.values(),
          .mean = std::move(mean.band),
          .prediction = std::move(prediction.band),
          .no_mean = mean.reason,
          .no_prediction = prediction.reason,
          .open = std::move(answers.open),
          .sigma = answers.sigma,
          .dof = answers.dof,
          .refits = answers.refits,
          .remark = std::move(answers.remark)};
}

Matrix joint_covariance(const Tangent& at, const Covariance& cov, const VectorView& x0) {
  NewPoints point(at.fit(), x0.transpose());
  point.move_to(at);
  return cov.of(point.gradients(at));
}

Matrix residual_covariance(const Tangent& at, const Covariance& cov) {
  Matrix R = at.errors();
  if (at.data().weights.size() > 0) R = at.data().weights.cwiseSqrt().asDiagonal() * R;
  const double left =
      static_cast<double>(at.n_observations()) - cov.trace_h() / static_cast<double>(at.n_outputs());
  JB_EXPECT(left > 0, "{} observations left", left);
  return R.transpose() * R / left;
}

std::vector<ParameterInterval> parameter_intervals(Tangent& at, const Covariance& cov, double level,
                                                   Index most) {
  std::vector<ParameterInterval> intervals;
  const Index n = std::min(most, at.n_params());
  for (Index p = 0; p < n; ++p)
    intervals.push_back({parameter_name(at.network(), p), at.theta()[p], {}, {}, {}});
  if (!cov.ok() || (cov.forms() && !cov.forms()->has_parameters())) return intervals;
  const Vector se = cov.standard_errors_of_parameters(n);
  Vector share = Vector::Zero(at.n_params());
  if (!cov.forms() && !cov.determined_by().is_determined())
    share = cov.determined_by().report().undetermined_share_of_parameters();
  // A weight or bias of the last layer is of one output; the others are of all.
  const auto dof_of = [&](Index p) {
    const ParameterPlace place = at.network().place_of(p);
    const bool is_of_one = place.layer + 1 == at.network().n_layers();
    return is_of_one ? cov.output_dofs()[place.unit] : cov.output_dofs().minCoeff();
  };
  for (Index p = 0; p < n; ++p) {
    ParameterInterval& interval = intervals[static_cast<std::size_t>(p)];
    if (!(share[p] <= RankReport::most_rounding_share && se[p] > 0))
      continue;  // without an error, no observation bears on it
    const double q = t_quantile((1 + level) / 2, dof_of(p));
    interval.se = se[p];
    interval.lower = at.theta()[p] - q * se[p];
    interval.upper = at.theta()[p] + q * se[p];
  }
  return intervals;
}

}  // namespace jacobench
