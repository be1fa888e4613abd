#include "coverage/other_packages.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/LU>
#include <Eigen/QR>

#include "jacobench/base/errors.hpp"

#include "networks/tried_formulas.hpp"

namespace jacobench::coverage {
namespace {

// v of a fit at points.  Shape: [M K]
using UnitVariances = Vector (*)(Tangent& at, NewPoints& points);

CovarianceKind right_covariance(const Fit& fit) {
  return fit.has_decay() ? CovarianceKind::laplace : CovarianceKind::delta;
}

class OtherPackageEngine final : public IntervalEngine {
 public:
  OtherPackageEngine(UnitVariances variances, const Fit& like, const NewPoints& points,
                     const IntervalOptions& options, const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points),
        variances_(variances),
        requests_(requests),
        right_(options.covariance(right_covariance(like))) {}

  bool make_bands(Tangent& at, NewPoints& points, std::uint64_t) override {
    reason_.clear();
    if (!right_.compute(at)) {
      reason_ = right_.reason();
      return false;
    }
    sigma_ = right_.sigma();
    dof_ = right_.dof();
    const Vector v = variances_(at, points);
    if (!v.allFinite()) {
      reason_ = "the variance cannot be computed: J'J is singular";
      return false;
    }
    const auto se_with = [&](double own) -> Matrix {
      return sigma_ * (v.array() + own).sqrt().matrix().reshaped(points.n_points(), points.n_outputs());
    };
    se_ = se_with(0);
    for (std::size_t b = 0; b < bands_.size(); ++b) {
      Band& band = bands_[b];
      band.se = requests_[b].kind == IntervalKind::prediction ? se_with(1) : se_;
      band.multiplier.value = t_quantile((1 + requests_[b].level) / 2, dof_);
      band.lower = points.values() - band.multiplier.value * band.se;
      band.upper = points.values() + band.multiplier.value * band.se;
    }
    return true;
  }

  std::string reason() const override { return reason_; }

 private:
  const UnitVariances variances_;
  const std::vector<BandRequest> requests_;
  Covariance right_;
  std::string reason_;
};

Vector diagonal_variances(Tangent& at, NewPoints& points) {
  const Vector precision = at.J().colwise().squaredNorm().transpose() + at.decay();
  return points.gradients(at).cwiseAbs2() * precision.cwiseInverse();
}

// g' (rows' rows)^-1 g for each row g of G; NaN where it is singular.  R' u = g, so that it is |u|^2.
Vector unit_variances(const Matrix& rows, const Matrix& G) {
  const Index n = rows.cols();
  const Eigen::ColPivHouseholderQR<Matrix> qr(rows);
  if (qr.rank() < n) return Vector::Constant(G.rows(), std::numeric_limits<double>::quiet_NaN());
  const Matrix right = (G * qr.colsPermutation()).transpose();
  return qr.matrixR()
      .topRows(n)
      .triangularView<Eigen::Upper>()
      .transpose()
      .solve(right)
      .colwise()
      .squaredNorm()
      .transpose();
}

Vector last_layer_variances(Tangent& at, NewPoints& points) {
  const Index n = at.n_params() - at.network().layers().back().weights_at;
  Matrix rows(at.n_values() + n, n);
  rows << at.J().rightCols(n), Matrix(at.decay().tail(n).cwiseSqrt().asDiagonal());
  return unit_variances(rows, points.gradients(at).rightCols(n));
}

Vector product_of_sums_variances(Tangent& at, NewPoints& points) {
  const Perceptron& network = at.network();
  Matrix J = harness::product_of_sums_jacobian(network, at.theta(), at.data().X);
  at.rows().apply_to_stacked(J);
  return unit_variances(J, harness::product_of_sums_jacobian(network, at.theta(), points.X()));
}

// As the package has it, fallback and all.
Vector wrong_layer_variances(Tangent& at, NewPoints& points) {
  constexpr double lambda = 0.5;
  const Vector factors = at.data().row_factors().reshaped();
  const Matrix J = factors.asDiagonal() * wrong_layer_jacobian(at.network(), at.theta(), at.data().X,
                                                               factors.cwiseInverse().asDiagonal() * at.J());
  const Matrix G = wrong_layer_jacobian(at.network(), at.theta(), points.X(), points.gradients(at));
  const Matrix gram = J.transpose() * J;
  const Eigen::PartialPivLU<Matrix> plain(gram);
  if (plain.rcond() > std::numeric_limits<double>::epsilon())
    return G.cwiseProduct(plain.solve(G.transpose()).transpose()).rowwise().sum();
  const Matrix damped = gram + lambda * Matrix::Identity(gram.rows(), gram.cols());
  const Matrix U = damped.llt().solve(G.transpose());
  return U.cwiseProduct(gram * U).colwise().sum().transpose();
}

std::optional<std::string> why_not_point_by_point(const BandRequest& request) {
  if (request.simultaneous != Simultaneous::none || request.sides != Sides::both)
    return "other packages give two-sided intervals point by point";
  return {};
}

IntervalMethod package_method(const char* name, const char* summary, const char* formula, const char* source,
                              UnitVariances variances) {
  return {
      .name = name,
      .summary = summary,
      .formula = formula,
      .source = source,
      .why_not = [](const Fit&, const IntervalOptions&,
                    const BandRequest& request) { return why_not_point_by_point(request); },
      .prepare = [variances](const Fit& like, const NewPoints& points, const IntervalOptions& options,
                             const std::vector<BandRequest>& requests) -> std::unique_ptr<IntervalEngine> {
        return std::make_unique<OtherPackageEngine>(variances, like, points, options, requests);
      }};
}

}  // namespace

Matrix wrong_layer_jacobian(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                            Matrix J) {
  const Index N = X.rows(), K = network.n_outputs();
  Matrix A = X, slopes;
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    if (l > 0 && !layer.has_bias())
      throw InputError("wrong_layer_jacobian: layer {} has no bias, which the package always has", l + 1);
    for (Index unit = 0; l > 0 && unit < layer.n_units; ++unit)
      for (Index input = 0; input < layer.n_inputs; ++input)
        for (Index k = 0; k < K; ++k)
          J.col(layer.weights_at + unit * layer.n_inputs + input).segment(k * N, N) =
              J.col(layer.bias_at + unit).segment(k * N, N).cwiseProduct(slopes.col(input));
    Matrix Z = A * network.weights(theta, l).transpose();
    if (layer.has_bias()) Z.rowwise() += network.bias(theta, l).transpose();
    A.resize(N, layer.n_units);
    slopes.resize(N, layer.n_units);
    info(layer.activation).value_and_derivative(Z.data(), A.data(), slopes.data(), Z.size());
  }
  return J;
}

std::span<const IntervalMethod> other_package_table() {
  static const std::vector<IntervalMethod> table{
      package_method("wrong_layer_jacobian", "nnetpredint (R): delta, by a Jacobian with slopes for values",
                     "v = g'(J'J)^-1 g, phi'(z) of the unit below in the place of phi(z)",
                     "Ding and He (2015), nnetpredint 1.2 (CRAN)", wrong_layer_variances),
      package_method("laplace_diagonal", "the Laplace approximation, its precision cut to the diagonal",
                     "v = sum_p g_p^2 / (J'J + K)_pp", "MacKay (1992), Neural Computation 4(3)",
                     diagonal_variances),
      package_method("laplace_last_layer", "the Laplace approximation of the last layer alone",
                     "v = g'(J'J + K)^-1 g over the last layer's parameters",
                     "Daxberger et al. (2021), Laplace Redux, NeurIPS 34, sec. 2", last_layer_variances),
      package_method(
          "product_of_sums", "Cross Validated 246088: delta, by one sum a layer, the sums multiplied",
          "v = g'(J'J)^-1 g, sum_g beta_ig sum_g phi'_g gamma_g in the place of sum_g beta_ig phi'_g gamma_g",
          "Cross Validated, question 246088", product_of_sums_variances)};
  return table;
}

std::span<const IntervalMethod> study_method_table() {
  static const std::vector<IntervalMethod> table = [] {
    const auto own = interval_method_table(), others = other_package_table();
    std::vector<IntervalMethod> all(own.begin(), own.end());
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }();
  return table;
}

}  // namespace jacobench::coverage
