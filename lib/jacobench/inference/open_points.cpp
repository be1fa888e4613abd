#include "jacobench/inference/open_points.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace jacobench {
namespace {

// What the first layer sees.
Matrix seen_inputs(const Perceptron& network, const Matrix& X) {
  if (!network.layer(0).has_bias()) return X;
  Matrix with_ones(X.rows(), X.cols() + 1);
  with_ones << X, Vector::Ones(X.rows());
  return with_ones;
}

void leave_open_by_gradient(Tangent& at, NewPoints& points, TangentFactor& factor, const char* undecided,
                            std::vector<std::string>& open) {
  if (factor.is_determined()) return;
  const Matrix share = points.undetermined_share(at, factor.report());
  for (Index m = 0; m < share.rows(); ++m)
    if (const double most = share.row(m).maxCoeff<Eigen::PropagateNaN>(); !(most <= 0))
      open[static_cast<std::size_t>(m)] = fmt::format(
          "{} f here: {:.2g} of its gradient lies in directions that they leave open", undecided, most);
}

void leave_open_off_the_inputs(const Tangent& at, const NewPoints& points, std::vector<std::string>& open) {
  const Matrix X = seen_inputs(at.network(), at.data().X);
  TangentFactor inputs(X.rows(), X.cols());
  inputs.factorise(X);
  inputs.allow_for_errors(unit_roundoff * X.colwise().stableNorm().transpose());
  if (inputs.rank() == std::min(X.rows(), X.cols())) return;
  const RankReport report = inputs.report();
  const Vector share = report.undetermined_share(seen_inputs(at.network(), points.X()));
  for (Index m = 0; m < share.size(); ++m)
    if (!(share[m] <= report.rounding_share()))
      open[static_cast<std::size_t>(m)] = fmt::format(
          "the data do not determine f here: their inputs are constant or dependent in a way that this point "
          "is not ({:.2g} of it)",
          share[m]);
}

}  // namespace

std::vector<std::string> open_points(Tangent& at, NewPoints& points, DecayReading decay) {
  const bool is_determined = decay != DecayReading::ignored && at.forms();  // by data and decay
  if (!is_determined && at.rank() == at.n_params()) return {};
  std::vector<std::string> open(static_cast<std::size_t>(points.n_points()));
  if (decay != DecayReading::ignored && at.has_decay()) {
    if (!is_determined)
      leave_open_by_gradient(at, points, at.with_decay(), "data and decay together do not determine", open);
    leave_open_off_the_inputs(at, points, open);
  } else {
    leave_open_by_gradient(at, points, at.of_data(), "the data do not determine", open);
  }
  if (std::all_of(open.begin(), open.end(), [](const std::string& why) { return why.empty(); })) open.clear();
  return open;
}

}  // namespace jacobench
