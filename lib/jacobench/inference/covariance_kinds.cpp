#include "jacobench/inference/covariance_kinds.hpp"

#include <array>
#include <cmath>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/second_derivatives.hpp"

namespace jacobench {
namespace {

// Some B with as many columns as rows at most, and the same B B'.
Matrix compressed(const Matrix& B) {
  if (B.cols() <= B.rows()) return B;
  const Eigen::HouseholderQR<Matrix> qr(B.transpose());
  return Matrix(qr.matrixQR().topRows(B.rows()).triangularView<Eigen::Upper>()).transpose();
}

Vector powers(const Vector& values, double power) {
  return values.unaryExpr([power](double value) { return std::pow(value, power); });
}

Middle isotropic(const Linearisation&, const Covariance& so_far) {
  const Index m = so_far.tangent.T.cols();
  return {so_far.sigma * Matrix::Identity(m, m)};
}

Middle ridge(const Linearisation&, const Covariance& so_far) {
  return {so_far.sigma * compressed(so_far.tangent.Q.transpose())};
}

// With a ridge in the place of the directions that the data leave open, T T' is more than the estimator's variance.
Middle delta(const Linearisation& at, const Covariance& so_far) {
  return so_far.has_added_ridge ? ridge(at, so_far) : isotropic(at, so_far);
}

// (T'AT)^power, symmetric.
Middle hessian_power(const Linearisation& at, const Covariance& so_far, double power) {
  const Matrix& T = so_far.tangent.T;
  const SecondDerivatives second(at.network, at.theta, at.data.X);
  const Matrix C = at.r.cwiseProduct(at.row_factors).reshaped(at.n_observations(), at.n_outputs());
  const Matrix M = Matrix::Identity(T.cols(), T.cols()) - T.transpose() * second.weighted_sum(C) * T;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(M);
  const double smallest = eigen.eigenvalues()[0];
  if (!(smallest > 0))
    return {
        {},
        CovarianceStatus::hessian_not_positive_definite,
        fmt::format(
            "the Hessian of the objective has an eigenvalue of {:.3g} times that of J'J + K: the parameters "
            "are not at a minimum, or the data do not determine one",
            smallest)};
  const Matrix& U = eigen.eigenvectors();
  return {U * powers(eigen.eigenvalues(), power).asDiagonal() * U.transpose()};
}

Middle hessian(const Linearisation& at, const Covariance& so_far) {
  Middle middle = hessian_power(at, so_far, -0.5);
  middle.B *= so_far.sigma;
  return middle;
}

// What a residual is multiplied by: (I - H_nn)^power.
struct Adjustment {
  double power;
};

// One column an observation: Q_n' (I - H_nn)^power r_n.
Middle scores(const Linearisation& at, const Covariance& so_far, Adjustment adjustment) {
  const Matrix& Q = so_far.tangent.Q;
  const Index N = at.n_observations(), K = at.n_outputs();
  Matrix B(Q.cols(), N), Q_n(K, Q.cols());
  Vector r_n(K);
  for (Index n = 0; n < N; ++n) {
    for (Index k = 0; k < K; ++k) {
      Q_n.row(k) = Q.row(k * N + n);
      r_n[k] = at.r[k * N + n];
    }
    if (adjustment.power != 0) {
      const Eigen::SelfAdjointEigenSolver<Matrix> eigen(Matrix::Identity(K, K) - Q_n * Q_n.transpose());
      if (eigen.eigenvalues()[0] < 64 * unit_roundoff)
        return {
            {},
            CovarianceStatus::leverage_of_one,
            fmt::format(
                "observation {} has leverage 1: its residual is zero whatever its error, which HC2 and HC3 "
                "cannot make up for",
                n + 1)};
      r_n = eigen.eigenvectors() * (powers(eigen.eigenvalues(), adjustment.power).array() *
                                    (eigen.eigenvectors().transpose() * r_n).array())
                                       .matrix();
    }
    B.col(n) = Q_n.transpose() * r_n;
  }
  return {compressed(B)};
}

Middle hc0(const Linearisation& at, const Covariance& so_far) { return scores(at, so_far, {0}); }

Middle hc1(const Linearisation& at, const Covariance& so_far) {
  const auto n = static_cast<double>(at.n_values());
  if (n - so_far.trace_h < 0.5)
    return {{},
            CovarianceStatus::no_degrees_of_freedom,
            "the fit takes up all observations, which leaves HC1 none"};
  Middle middle = hc0(at, so_far);
  middle.B *= std::sqrt(n / (n - so_far.trace_h));
  return middle;
}

Middle hc2(const Linearisation& at, const Covariance& so_far) { return scores(at, so_far, {-0.5}); }
Middle hc3(const Linearisation& at, const Covariance& so_far) { return scores(at, so_far, {-1}); }

Middle hessian_sandwich(const Linearisation& at, const Covariance& so_far) {
  Middle bread = hessian_power(at, so_far, -1);
  if (bread.status != CovarianceStatus::ok) return bread;
  return {bread.B * scores(at, so_far, {0}).B};
}

struct Row {
  CovarianceInfo info;
  Middle (*middle)(const Linearisation& at, const Covariance& so_far);
};

constexpr std::array kinds{
    Row{{CovarianceKind::delta, "delta", "s^2 (J'J)^-1: the delta method", Decay::ignored}, delta},
    Row{{CovarianceKind::ridge, "ridge", "s^2 (J'J+K)^-1 J'J (J'J+K)^-1: sampling variance of a decayed fit",
         Decay::needed},
        ridge},
    Row{{CovarianceKind::laplace, "laplace", "s^2 (J'J+K)^-1: the decay read as a prior", Decay::needed},
        isotropic},
    Row{{CovarianceKind::hessian, "hessian", "s^2 A^-1, A half the exact Hessian of the objective",
         Decay::used},
        hessian},
    Row{{CovarianceKind::hc0, "hc0", "sandwich with the squared residuals (White)", Decay::used}, hc0},
    Row{{CovarianceKind::hc1, "hc1", "hc0 times n / (n - tr H)", Decay::used}, hc1},
    Row{{CovarianceKind::hc2, "hc2", "sandwich with r^2 / (1 - h)", Decay::used}, hc2},
    Row{{CovarianceKind::hc3, "hc3", "sandwich with r^2 / (1 - h)^2", Decay::used}, hc3},
    Row{{CovarianceKind::hessian_sandwich, "hessian_sandwich",
         "hc0 with the exact Hessian: holds for a wrong model too", Decay::used},
        hessian_sandwich},
};

constexpr auto infos = [] {
  std::array<CovarianceInfo, kinds.size()> rows{};
  for (std::size_t i = 0; i < kinds.size(); ++i) rows[i] = kinds[i].info;
  return rows;
}();

constexpr bool rows_stand_in_enum_order() {
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (static_cast<std::size_t>(kinds[i].info.kind) != i) return false;
  return true;
}
static_assert(rows_stand_in_enum_order());

constexpr std::array policies{
    RankPolicyInfo{RankPolicy::refuse, "refuse", "no covariance unless the data determine all parameters"},
    RankPolicyInfo{RankPolicy::pseudo_inverse, "pseudo_inverse", "the directions that the data determine"},
    RankPolicyInfo{RankPolicy::ridge, "ridge", "a small ridge on the scaled parameters"},
};

constexpr std::array dof_rules{
    DofRuleInfo{DofRule::n_minus_rank, "n_minus_rank", "n - rank J"},
    DofRuleInfo{DofRule::n_minus_trace, "n_minus_trace", "n - tr H"},
    DofRuleInfo{DofRule::n_minus_trace_2h_hh, "n_minus_trace_2h_hh", "n - tr(2 H - H H')"},
    DofRuleInfo{DofRule::known_sigma, "known_sigma", "sigma is known: the normal distribution"},
};

}  // namespace

std::span<const CovarianceInfo> covariance_table() { return infos; }

const CovarianceInfo& info(CovarianceKind kind) {
  const auto row = static_cast<std::size_t>(kind);
  JB_EXPECT(row < infos.size(), "covariance {} is not in the table of {}", row, infos.size());
  return infos[row];
}

CovarianceKind covariance_kind_from_name(std::string_view name) {
  return find_by_name(covariance_table(), name, "covariance").kind;
}

std::span<const RankPolicyInfo> rank_policy_table() { return policies; }
RankPolicy rank_policy_from_name(std::string_view name) {
  return find_by_name(rank_policy_table(), name, "rank policy").policy;
}

std::span<const DofRuleInfo> dof_rule_table() { return dof_rules; }
DofRule dof_rule_from_name(std::string_view name) {
  return find_by_name(dof_rule_table(), name, "degrees of freedom").rule;
}

std::string_view name_of(CovarianceStatus status) {
  switch (status) {
    case CovarianceStatus::ok:
      return "ok";
    case CovarianceStatus::rank_deficient:
      return "rank_deficient";
    case CovarianceStatus::more_parameters_than_observations:
      return "more_parameters_than_observations";
    case CovarianceStatus::no_degrees_of_freedom:
      return "no_degrees_of_freedom";
    case CovarianceStatus::leverage_of_one:
      return "leverage_of_one";
    case CovarianceStatus::hessian_not_positive_definite:
      return "hessian_not_positive_definite";
    case CovarianceStatus::no_decay:
      return "no_decay";
  }
  JB_EXPECT(false, "status {} has no name", static_cast<int>(status));
  return {};
}

Middle middle_of(CovarianceKind kind, const Linearisation& at, const Covariance& so_far) {
  return kinds[static_cast<std::size_t>(kind)].middle(at, so_far);
}

}  // namespace jacobench
