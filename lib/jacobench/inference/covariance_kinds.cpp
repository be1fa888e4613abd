#include <array>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/covariance.hpp"

namespace jacobench {
namespace {

constexpr std::array kinds{
    CovarianceInfo{CovarianceKind::delta, "delta", "s^2 (J'J)^-1: the delta method", Decay::ignored},
    CovarianceInfo{CovarianceKind::ridge, "ridge",
                   "s^2 (J'J+K)^-1 J'J (J'J+K)^-1: sampling variance of a decayed fit", Decay::needed},
    CovarianceInfo{CovarianceKind::laplace, "laplace", "s^2 (J'J+K)^-1: the decay read as a prior",
                   Decay::needed},
    CovarianceInfo{CovarianceKind::hessian, "hessian", "s^2 A^-1, A half the exact Hessian of the objective",
                   Decay::used},
    CovarianceInfo{CovarianceKind::hc0, "hc0", "sandwich with the squared residuals (White)", Decay::used},
    CovarianceInfo{CovarianceKind::hc1, "hc1", "hc0 times n / (n - tr H)", Decay::used},
    CovarianceInfo{CovarianceKind::hc2, "hc2", "sandwich with r^2 / (1 - h)", Decay::used},
    CovarianceInfo{CovarianceKind::hc3, "hc3", "sandwich with r^2 / (1 - h)^2", Decay::used},
    CovarianceInfo{CovarianceKind::hessian_sandwich, "hessian_sandwich",
                   "hc0 with the exact Hessian: holds for a wrong model too", Decay::used},
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

}  // namespace jacobench
