#include "jacobench/inference/tangents_in_lanes.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/equations_in_lanes.hpp"
#include "jacobench/inference/tangent_factor.hpp"
#include "jacobench/jacobian/products.hpp"

namespace jacobench {
namespace {

// Norms of columns whose squares neither overflow nor lose digits to underflow.
constexpr double least_norm = 0x1p-400, most_norm = 0x1p400;

// Of the hidden units.
auto activation_of(const Perceptron& network) {
  return kernel::kernels()
      .activations[static_cast<std::size_t>(network.layer(0).activation)]
      .value_and_derivative;
}

}  // namespace

bool TangentsInLanes::suits(const Fit& like) {
  return EquationsInLanes::suits(like.network) && !like.has_decay() &&
         like.n_values() >= like.network.n_params() && like.jacobian.strategy == JacobianChoice{}.strategy;
}

TangentsInLanes::TangentsInLanes(const Fit& like, const kernel::LaneKernels& kernels)
    : network_(like.network),
      kernels_(kernels),
      N_(like.n_values()),
      P_(like.network.n_params()),
      stride_(kernel::LaneTangent{.rows = lane_rows(network_, N_)}.stride()),
      row_factors_(N_, 1),
      X_(N_ * network_.n_inputs(), kernels.n_lanes),
      y_(N_, kernels.n_lanes),
      factors_(N_, kernels.n_lanes),
      theta_(P_, kernels.n_lanes),
      r_(N_, kernels.n_lanes),
      R_(P_ * stride_, kernels.n_lanes),
      T_(P_ * stride_, kernels.n_lanes),
      C_(P_, kernels.n_lanes),
      squares_(1, kernels.n_lanes),
      workspace_(kernel::LaneTangent{.rows = lane_rows(network_, N_)}.lane_workspace(), kernels.n_lanes) {
  JB_EXPECT(suits(like), "fits of {} have no tangents in lanes", to_string(like.network));
}

kernel::LaneTangent TangentsInLanes::tangents() {
  kernel::LaneRows rows = lane_rows(network_, N_);
  rows.X = X_.data();
  rows.y = y_.data();
  rows.factors = factors_.data();
  rows.tau = theta_.data();
  return {.rows = rows,
          .activation = activation_of(network_),
          .r = r_.data(),
          .R = R_.data(),
          .T = T_.data(),
          .C = C_.data(),
          .squares = squares_.data(),
          .workspace = workspace_.data()};
}

void TangentsInLanes::put(Index lane, const Fit& fit) {
  const Dataset& data = fit.data;
  network_.expect_shapes(fit.theta, data.X);
  JB_EXPECT(data.X.rows() == N_ && data.Y.rows() == N_ && data.Y.cols() == 1,
            "X has {} rows and Y is {} x {}, want {} rows and {} x 1", data.X.rows(), data.Y.rows(),
            data.Y.cols(), N_, N_);
  set_rows(data.X, lane, X_);
  set_rows(data.Y, lane, y_);
  data.get_row_factors(row_factors_);
  set_rows(row_factors_, lane, factors_);
  for (Index p = 0; p < P_; ++p) theta_(p, lane) = fit.theta[p];
}

void TangentsInLanes::compute() { kernels_.tangent(tangents()); }

bool TangentsInLanes::get(Index lane, Vector& r, Matrix& T, double& norm_of_inverse) const {
  const double norm = std::sqrt(squares_(0, lane));
  if (!(norm <= 1 / TangentFactor::clear_pivot)) return false;
  for (Index p = 0; p < P_; ++p)
    if (!(C_(p, lane) >= least_norm && C_(p, lane) <= most_norm)) return false;
  r_.get(lane, {r.data(), static_cast<std::size_t>(N_)});
  r = -r;
  for (Index q = 0; q < P_; ++q) {
    for (Index p = 0; p <= q; ++p) T(p, q) = T_(p * stride_ + q, lane);
    for (Index p = q + 1; p < P_; ++p) T(p, q) = 0;
  }
  norm_of_inverse = norm;
  return std::isfinite(r.sum());
}

// As many as are one block for products with J.
bool PointsInLanes::suits(const Fit& like, Index n_points) {
  return TangentsInLanes::suits(like) && n_points > 0 && rows_in_block(like.network, n_points) == n_points;
}

PointsInLanes::PointsInLanes(const Fit& like, const MatrixView& X0, const kernel::LaneKernels& kernels)
    : network_(like.network),
      kernels_(kernels),
      M_(X0.rows()),
      X_(M_ * network_.n_inputs(), kernels.n_lanes),
      zeros_(M_, kernels.n_lanes),
      ones_(M_, kernels.n_lanes),
      f_(M_, kernels.n_lanes),
      forms_(M_, kernels.n_lanes),
      workspace_(kernel::LanePoints{.rows = lane_rows(network_, M_)}.lane_workspace(), kernels.n_lanes) {
  const Vector ones = Vector::Ones(M_);
  for (Index lane = 0; lane < kernels.n_lanes; ++lane) {
    set_rows(X0, lane, X_);
    set_rows(ones, lane, ones_);
  }
}

kernel::LanePoints PointsInLanes::points(const TangentsInLanes& tangents) {
  kernel::LaneRows rows = lane_rows(network_, M_);
  rows.X = X_.data();
  rows.y = zeros_.data();
  rows.factors = ones_.data();
  rows.tau = tangents.parameters().data();
  return {.rows = rows,
          .activation = activation_of(network_),
          .T = tangents.T().data(),
          .f = f_.data(),
          .forms = forms_.data(),
          .workspace = workspace_.data()};
}

void PointsInLanes::compute(const TangentsInLanes& tangents) { kernels_.points(points(tangents)); }

bool PointsInLanes::get(Index lane, Matrix& f, Matrix& forms) const {
  f.resize(M_, 1);
  forms.resize(M_, 1);
  f_.get(lane, {f.data(), static_cast<std::size_t>(M_)});
  forms_.get(lane, {forms.data(), static_cast<std::size_t>(M_)});
  return f.allFinite() && forms.allFinite();
}

}  // namespace jacobench
