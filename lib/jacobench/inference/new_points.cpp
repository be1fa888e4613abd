#include "jacobench/inference/new_points.hpp"

#include <algorithm>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/jacobian_error.hpp"
#include "jacobench/inference/tangents_in_lanes.hpp"

namespace jacobench {
namespace {

constexpr Index rows_by_inputs = 1024;  // of a block of dy/dx, which has few columns

Matrix checked_points(const Fit& like, const MatrixView& X0) {
  if (X0.cols() != like.network.n_inputs())
    throw InputError("new points: {} input columns for a network with {} inputs", X0.cols(),
                     like.network.n_inputs());
  if (!X0.allFinite())
    throw InputError("new points: an input is not a finite number; correct or remove the row");
  return X0;
}

}  // namespace

NewPoints::NewPoints(const Fit& like, const MatrixView& X0)
    : X0_(checked_points(like, X0)),
      products_(like.network, std::max<Index>(X0.rows(), 1), like.jacobian),
      values_(X0.rows(), like.network.n_outputs()),
      one_lane_(PointsInLanes::suits(like, X0.rows())
                    ? std::make_unique<PointsInLanes>(like, X0_, kernel::kernels().one_fit)
                    : nullptr) {}

NewPoints::~NewPoints() = default;
NewPoints::NewPoints(NewPoints&&) noexcept = default;

bool NewPoints::move_to(const Tangent& at) {
  if (one_lane_ && at.one_lane()) {
    one_lane_->compute(*at.one_lane());
    return move_to(at, *one_lane_, 0);
  }
  return hold(at);
}

bool NewPoints::move_to(const Tangent& at, const PointsInLanes& lanes, Index lane) {
  draws_.reset();
  is_held_ = false;
  has_forms_ = at.clear_inverse() && lanes.get(lane, values_, forms_);
  return has_forms_ || hold(at);
}

bool NewPoints::hold(const Tangent& at) {
  draws_.reset();
  products_.hold(at.theta(), X0_, values_);
  is_held_ = true;
  has_forms_ = false;
  return values_.allFinite();
}

JacobianProducts& NewPoints::products(const Tangent& at) {
  if (!is_held_) products_.hold(at.theta(), X0_, values_of_products_);
  is_held_ = true;
  return products_;
}

void NewPoints::take_linear_step(const Tangent& at, const Vector& step) {
  products(at).for_each_block(at.theta(), X0_, [&](const MatrixView& G, Index k, Index row) {
    values_.col(k).segment(row, G.rows()).noalias() += G * step;
  });
}

bool NewPoints::get_variances(const Tangent& at, const Covariance& cov, Matrix& variances) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", name_of(cov.status()));
  if (InverseForms* forms = cov.forms()) {
    variances.resize(n_points(), n_outputs());
    Matrix W;
    Vector its_forms;
    bool is_accurate = true;
    for (Index row = 0; row < n_points(); row += InverseForms::block) {
      const Index n = std::min(InverseForms::block, n_points() - row);
      is_accurate = forms->at_points(X0_.middleRows(row, n), W, its_forms) && is_accurate;
      variances.middleRows(row, n) = cov.variances_of(W, its_forms).reshaped(n, n_outputs());
    }
    return is_accurate;
  }
  if (cov.kind() == CovarianceKind::laplace && cov.factor().is_dual()) {
    variances.resize(n_points(), n_outputs());
    products(at).for_each_block(at.theta(), X0_, [&](const MatrixView& G, Index k, Index row) {
      variances.col(k).segment(row, G.rows()) = cov.standard_errors(G).cwiseAbs2();
    });
    return true;
  }
  if (has_forms_ && cov.is_of_clear_inverse()) {
    variances = cov.sigma() * cov.sigma() * forms_;
    return true;
  }
  static const Matrix identity;
  products(at).row_tangent_forms(at.theta(), X0_, cov.T(), cov.is_isotropic() ? identity : cov.middle(),
                                 variances);
  if (cov.is_isotropic()) variances *= cov.sigma() * cov.sigma();
  // Of a form that is zero, rounding may leave less.
  variances = (variances.array() < 0).select(0, variances);
  return true;
}

void NewPoints::get_input_noise_variances(const Tangent& at, const Matrix& Sx, Matrix& variances) {
  const Index n_rows = std::min(rows_by_inputs, n_points()), K = n_outputs();
  if (!by_inputs_) by_inputs_ = make_evaluator(at.fit().jacobian, at.network(), n_rows);
  variances.resize(n_points(), K);
  Matrix J_y_x(n_rows * K, X0_.cols());
  for (Index row = 0; row < n_points(); row += n_rows) {
    const Index first = std::min(row, n_points() - n_rows);
    by_inputs_->evaluate(at.theta(), X0_.middleRows(first, n_rows), {.J_y_x = &J_y_x});
    variances.middleRows(first, n_rows) =
        (J_y_x * Sx).cwiseProduct(J_y_x).rowwise().sum().reshaped(n_rows, K);
  }
}

Matrix NewPoints::undetermined_share(const Tangent& at, const RankReport& report) {
  Matrix share = Matrix::Zero(n_points(), n_outputs());
  if (report.is_full()) return share;
  products(at).for_each_block(at.theta(), X0_, [&](const MatrixView& G, Index k, Index row) {
    const Vector its = report.undetermined_share(G);
    const Matrix errors =
        jacobian_errors(at.fit(), X0_.middleRows(row, G.rows())).middleRows(k * G.rows(), G.rows());
    const Vector inverse_norms = report.column_norms.cwiseInverse();
    const Vector size = (G * inverse_norms.asDiagonal()).rowwise().stableNorm();
    const Vector rounding = (errors * inverse_norms.asDiagonal()).rowwise().stableNorm().cwiseQuotient(size);
    const double most = RankReport::most_rounding_share;
    for (Index i = 0; i < its.size(); ++i)
      share(row + i, k) = its[i] <= std::min(most, rounding[i] + report.rounding_share()) ? 0 : its[i];
  });
  return share;
}

Matrix NewPoints::gradients(const Tangent& at) {
  Matrix all(n_points() * n_outputs(), at.n_params());
  products(at).for_each_block(at.theta(), X0_, [&](const MatrixView& G, Index k, Index row) {
    all.middleRows(k * n_points() + row, G.rows()) = G;
  });
  return all;
}

}  // namespace jacobench
