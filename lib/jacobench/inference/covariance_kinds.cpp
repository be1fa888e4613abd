#include <array>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/covariance.hpp"

namespace jacobench {
namespace {

constexpr std::string_view white = "White (1980), Econometrica 48(4); White (1981), JASA 76";
constexpr std::string_view mackinnon_white = "MacKinnon and White (1985), J. Econometrics 29";

constexpr std::array kinds{
    CovarianceInfo{CovarianceKind::delta, "delta", "s^2 (J'J)^-1: the delta method", Decay::ignored,
                   "V = s^2 (J'J)^-1", "Seber and Wild (2003), Nonlinear Regression, sec. 2.1 and 5.1"},
    CovarianceInfo{CovarianceKind::ridge, "ridge",
                   "s^2 (J'J+K)^-1 J'J (J'J+K)^-1: sampling variance of a decayed fit", Decay::needed,
                   "V = s^2 (J'J + K)^-1 J'J (J'J + K)^-1", "De Veaux et al. (1998), Technometrics 40(4)"},
    CovarianceInfo{CovarianceKind::laplace, "laplace", "s^2 (J'J+K)^-1: the decay read as a prior",
                   Decay::needed, "V = s^2 (J'J + K)^-1", "MacKay (1992), Neural Computation 4(3)"},
    CovarianceInfo{CovarianceKind::hessian, "hessian", "s^2 A^-1, A half the exact Hessian of the objective",
                   Decay::used, "V = s^2 A^-1, A = J'J - sum_i r_i d2 f_i / dtheta2 + K",
                   "Seber and Wild (2003), Nonlinear Regression, sec. 2.1"},
    CovarianceInfo{CovarianceKind::hc0, "hc0", "sandwich with the squared residuals (White)", Decay::used,
                   "V = (J'J + K)^-1 (sum_n r_n^2 J_n J_n') (J'J + K)^-1", white},
    CovarianceInfo{CovarianceKind::hc1, "hc1", "hc0 times n / (n - tr H)", Decay::used,
                   "V = n / (n - tr H) that of hc0", mackinnon_white},
    CovarianceInfo{CovarianceKind::hc2, "hc2", "sandwich with r^2 / (1 - h)", Decay::used,
                   "V of hc0 with r_n^2 / (1 - h_n) for r_n^2", mackinnon_white},
    CovarianceInfo{CovarianceKind::hc3, "hc3", "sandwich with r^2 / (1 - h)^2", Decay::used,
                   "V of hc0 with r_n^2 / (1 - h_n)^2 for r_n^2", mackinnon_white},
    CovarianceInfo{CovarianceKind::hessian_sandwich, "hessian_sandwich",
                   "hc0 with the exact Hessian: holds for a wrong model too", Decay::used,
                   "V = A^-1 (sum_n r_n^2 J_n J_n') A^-1, A that of hessian", "White (1981), JASA 76"},
};

constexpr bool rows_stand_in_enum_order() {
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (static_cast<std::size_t>(kinds[i].kind) != i) return false;
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

std::span<const CovarianceInfo> covariance_table() { return kinds; }

const CovarianceInfo& info(CovarianceKind kind) {
  const auto row = static_cast<std::size_t>(kind);
  JB_EXPECT(row < kinds.size(), "covariance {} is not in the table of {}", row, kinds.size());
  return kinds[row];
}

std::span<const RankPolicyInfo> rank_policy_table() { return policies; }
std::span<const DofRuleInfo> dof_rule_table() { return dof_rules; }
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
    case CovarianceStatus::residuals_are_rounding:
      return "residuals_are_rounding";
    case CovarianceStatus::known_sigma_of_several:
      return "known_sigma_of_several";
    case CovarianceStatus::leverage_of_one:
      return "leverage_of_one";
    case CovarianceStatus::hessian_not_positive_definite:
      return "hessian_not_positive_definite";
    case CovarianceStatus::second_derivatives_overflow:
      return "second_derivatives_overflow";
    case CovarianceStatus::no_decay:
      return "no_decay";
    case CovarianceStatus::no_hat_matrix:
      return "no_hat_matrix";
  }
  JB_EXPECT(false, "status {} has no name", static_cast<int>(status));
  return {};
}

}  // namespace jacobench
