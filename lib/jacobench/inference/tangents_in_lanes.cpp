#include "jacobench/inference/tangents_in_lanes.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/approach_in_lanes.hpp"
#include "jacobench/inference/tangent_factor.hpp"

namespace jacobench {
namespace {

// Norms of columns whose squares neither overflow nor lose digits to underflow.
constexpr double least_norm = 0x1p-400, most_norm = 0x1p400;

}  // namespace

bool TangentsInLanes::suits(const Fit& like) {
  return ApproachInLanes::suits(like.network) && !like.has_decay() && like.n_values() >= like.network.n_params() &&
         like.jacobian.strategy == JacobianChoice{}.strategy;
}

TangentsInLanes::TangentsInLanes(const Fit& like, const kernel::LaneKernels& kernels)
    : network_(like.network),
      kernels_(kernels),
      W_(kernels.n_lanes),
      N_(like.n_values()),
      P_(like.network.n_params()),
      row_factors_(N_, 1) {
  JB_EXPECT(suits(like), "fits of {} have no tangents in lanes", to_string(like.network));
  const auto make = [&](Numbers& numbers, Index n) { numbers.resize(static_cast<std::size_t>(n * W_)); };
  make(X_, N_ * network_.n_inputs());
  for (Numbers* of_rows : {&y_, &factors_, &r_}) make(*of_rows, N_);
  for (Numbers* of_params : {&tau_, &C_}) make(*of_params, P_);
  for (Numbers* matrix : {&R_, &T_}) make(*matrix, P_ * tangents().stride());
  make(squares_, 1);
  make(workspace_, tangents().lane_workspace());
}

kernel::LaneTangent TangentsInLanes::tangents() {
  const Layer& hidden = network_.layer(0);
  return {.rows = {.n_rows = N_,
                   .n_inputs = network_.n_inputs(),
                   .n_units = hidden.n_units,
                   .has_hidden_bias = hidden.has_bias(),
                   .has_output_bias = network_.layer(1).has_bias(),
                   .X = X_.data(),
                   .y = y_.data(),
                   .factors = factors_.data(),
                   .tau = tau_.data()},
          .activation =
              kernel::kernels().activations[static_cast<std::size_t>(hidden.activation)].value_and_derivative,
          .r = r_.data(),
          .R = R_.data(),
          .T = T_.data(),
          .C = C_.data(),
          .squares = squares_.data(),
          .workspace = workspace_.data()};
}

void TangentsInLanes::put(Index lane, const Fit& fit) {
  const Dataset& data = fit.data;
  JB_EXPECT(data.X.rows() == N_ && data.X.cols() == network_.n_inputs(), "X is {} x {}, want {} x {}",
            data.X.rows(), data.X.cols(), N_, network_.n_inputs());
  data.get_row_factors(row_factors_);
  const Index D = network_.n_inputs();
  for (Index n = 0; n < N_; ++n) {
    for (Index d = 0; d < D; ++d) X_[place(n * D + d, lane)] = data.X(n, d);
    y_[place(n, lane)] = data.Y(n, 0);
    factors_[place(n, lane)] = row_factors_(n, 0);
  }
  for (Index p = 0; p < P_; ++p) tau_[place(p, lane)] = fit.theta[p];
}

void TangentsInLanes::compute() { kernels_.tangent(tangents()); }

bool TangentsInLanes::get(Index lane, Vector& r, Matrix& T, double& norm_of_inverse) const {
  const double norm = std::sqrt(squares_[place(0, lane)]);
  if (!(norm <= 1 / TangentFactor::clear_pivot)) return false;
  for (Index p = 0; p < P_; ++p)
    if (const double c = C_[place(p, lane)]; !(c >= least_norm && c <= most_norm)) return false;
  for (Index n = 0; n < N_; ++n) r[n] = -r_[place(n, lane)];
  const Index stride = kernel::round_up(P_, kernel::most_lanes);
  for (Index q = 0; q < P_; ++q)
    for (Index p = 0; p < P_; ++p) T(p, q) = p <= q ? T_[place(p * stride + q, lane)] : 0;
  norm_of_inverse = norm;
  return true;
}

}  // namespace jacobench
