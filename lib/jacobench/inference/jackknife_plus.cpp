#include <Eigen/LU>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/conformal.hpp"

namespace jacobench {
namespace {

bool is_linear_in_parameters(const Perceptron& network) {
  return network.n_layers() == 1 && network.layer(0).activation == Activation::identity;
}

// theta - T Q_i' (I - H_ii)^-1 r_i, exactly what a fit without observation i gives.
// Source: Cook and Weisberg (1982), Residuals and Influence in Regression, sec. 2.2
LeftOut leave_out_by_leverages(Tangent& at) {
  TangentFactor& factor = at.with_decay();
  const Matrix &T = factor.T(), &Q = factor.Q();
  const Index N = at.n_observations(), K = at.n_outputs();
  LeftOut left_out;
  left_out.theta.resize(at.n_params(), N);
  for (Index i = 0; i < N; ++i) {
    const auto its_rows = Eigen::seqN(i, K, N);
    const Matrix Q_i = Q(its_rows, Eigen::all);
    const Eigen::FullPivLU<Matrix> left(Matrix::Identity(K, K) - Q_i * Q_i.transpose());
    if (!(left.maxPivot() > 0 && left.matrixLU().diagonal().cwiseAbs().minCoeff() > 64 * unit_roundoff)) {
      left_out.reason =
          fmt::format("observation {} has leverage 1: without it the data do not determine the fit", i + 1);
      return left_out;
    }
    const Vector r_i = at.r()(its_rows);
    left_out.theta.col(i) = at.theta() - T * (Q_i.transpose() * left.solve(r_i));
    left_out.rows.push_back(i);
    left_out.fit_of.push_back(i);
  }
  return left_out;
}

LeftOut leave_each_out(Tangent& at, const IntervalOptions& options, std::uint64_t) {
  if (is_linear_in_parameters(at.network())) return leave_out_by_leverages(at);
  std::vector<std::vector<Index>> groups;
  for (Index n = 0; n < at.n_observations(); ++n) groups.push_back({n});
  return leave_out(at, groups, options);
}

}  // namespace

IntervalMethod jackknife_plus_method() {
  return conformal_method("jackknife_plus", "a fit without each observation, and its error there",
                          "-q(R_i - f_i(x0)) to q(f_i(x0) + R_i), f_i fitted without i", leave_each_out);
}

}  // namespace jacobench
