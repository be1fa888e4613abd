// The covariance of a fit's parameters, in nine kinds, and what may be wrong with it.
//
// Model:  with T T' = (J'J + K)^-1 and Q = J T (inference/tangent_factor.hpp; K = 0 for delta), V = T M T':
//           delta             s^2 (J'J)^-1                                             M = s^2 I
//           ridge             s^2 (J'J + K)^-1 J'J (J'J + K)^-1                        M = s^2 Q'Q
//           laplace           s^2 (J'J + K)^-1                                         M = s^2 I
//           hessian           s^2 A^-1,  A = J'J - sum_i r_i d2 f_i / dtheta2 + K      M = s^2 (T'AT)^-1
//           hc0 ... hc3       (J'J + K)^-1 (sum_n J_n' a_n a_n' J_n) (J'J + K)^-1      M = sum_n Q_n' a_n a_n' Q_n
//           hessian_sandwich  A^-1 (sum_n J_n' r_n r_n' J_n) A^-1                      M = (T'AT)^-1 (that of hc0)
//                             (T'AT)^-1
//         a_n = r_n for hc0, r_n sqrt(n / (n - tr H)) for hc1, (I - H_nn)^-1/2 r_n for hc2, (I - H_nn)^-1 r_n for hc3,
//         where H_nn is the block of the outputs of observation n: with one output 1 - h_n, with several the outputs of
//         an observation may be correlated.
//         s^2 = RSS / dof, RSS the data's alone. The usual dof are n - tr H, H = Q Q' being the kind's own: n - rank J
//         without a penalty. Where the residuals are rounding errors there is no s: a sigma that is known is all that
//         helps.
// Policy: where J has not full rank, `delta` and the kinds without decay refuse, or take the pseudo-inverse (the
//         directions that the data determine), or put a ridge on the scaled parameters.
// Cost:   that of the factorisation, m^2 N flops for M; hessian kinds N P^2 + 4 m P^2 more. compute allocates nothing
//         after the first time for kinds without second derivatives, of fits of full rank
// Errors: InputError for options that make no sense. What the data do not allow is an outcome: status and reason.
// Source: Seber and Wild (2003), Nonlinear Regression, sec. 2.1 and 5.1; De Veaux et al. (1998), Technometrics 40(4)
//         (ridge); MacKay (1992), Neural Computation 4(3) (laplace); White (1981), JASA 76 (sandwich, wrong model);
//         MacKinnon and White (1985), J. Econometrics 29 (HC1 to HC3); Bell and McCaffrey (2002) (several outputs)
#pragma once

#include <optional>
#include <span>
#include <string>

#include "jacobench/inference/tangent.hpp"

namespace jacobench {

enum class CovarianceKind { delta, ridge, laplace, hessian, hc0, hc1, hc2, hc3, hessian_sandwich };
enum class Decay { ignored, needed, used };

struct CovarianceInfo {
  CovarianceKind kind;
  std::string_view name;
  std::string_view summary;
  Decay decay;
  std::string_view formula;  // V
  std::string_view source;
};

std::span<const CovarianceInfo> covariance_table();
const CovarianceInfo& info(CovarianceKind kind);

// What a fit's decay is to a method: nothing; a part of the estimator, which tells nothing of what the data leave open;
// or a prior, which does.
enum class DecayReading { ignored, estimator, prior };
DecayReading decay_reading(CovarianceKind kind);

enum class RankPolicy { refuse, pseudo_inverse, ridge };

struct RankPolicyInfo {
  RankPolicy policy;
  std::string_view name;
  std::string_view summary;
};
std::span<const RankPolicyInfo> rank_policy_table();

// How many observations are left for s^2, n being N K and H = Q Q'.
enum class DofRule { n_minus_rank, n_minus_trace, n_minus_trace_2h_hh, known_sigma };

struct DofRuleInfo {
  DofRule rule;
  std::string_view name;
  std::string_view summary;
};
std::span<const DofRuleInfo> dof_rule_table();

struct CovarianceOptions {
  CovarianceKind kind = CovarianceKind::delta;
  RankPolicy policy = RankPolicy::refuse;
  double ridge = 1e-6;  // of RankPolicy::ridge: K grows by (ridge C times the largest singular value)^2
  DofRule dof_rule = DofRule::n_minus_trace;
  std::optional<double> known_sigma = {};
};

enum class CovarianceStatus {
  ok,
  rank_deficient,
  more_parameters_than_observations,
  no_degrees_of_freedom,
  residuals_are_rounding,
  known_sigma_of_several,
  leverage_of_one,
  hessian_not_positive_definite,
  second_derivatives_overflow,
  no_decay,
  no_hat_matrix,
};
std::string_view name_of(CovarianceStatus status);

// A workspace and what was last computed in it. What is said of V needs the tangent as it was then.
class Covariance {
 public:
  // Throws InputError for options that make no sense.
  explicit Covariance(const CovarianceOptions& options = {});

  // Of the fit at which `at` stands, which is kept by reference. Returns whether there is one; if not, status() says
  // why.
  bool compute(Tangent& at);

  bool ok() const { return status_ == CovarianceStatus::ok; }
  CovarianceStatus status() const { return status_; }
  std::string reason() const;  // of a status that is not ok, one line
  CovarianceKind kind() const { return options_.kind; }
  const CovarianceOptions& options() const { return options_; }

  Index rank() const { return rank_; }     // of J
  Index rank_of_errors() const;            // of V: in so many directions does the estimate err
  double dof() const { return dof_; }      // infinite for a known sigma
  double sigma() const { return sigma_; }  // s

  // Of each output, in the units of its d [K]: where its noise is its own, dof() in proportion to the N - tr H_kk that
  // it has left, and s from its own residuals; where it is joint, the same with dof() / K; otherwise dof() and sigma().
  const Vector& output_dofs() const { return output_dofs_; }
  const Vector& output_sigmas() const { return output_sigmas_; }
  bool has_added_ridge() const {
    return has_added_ridge_;
  }  // of RankPolicy::ridge, where the rank was not full

  // What says which directions are determined: J, or where the kind uses it J with the fit's decay. No ridge is added
  // to it.
  TangentFactor& determined_by() const;

  // Where (J'J + K)^-1 is had without J there are these in the place of T, Q and M; otherwise null.
  InverseForms* forms() const { return forms_; }
  bool is_of_clear_inverse() const {
    return clear_inverse_ && is_isotropic_;
  }  // V = s^2 T T', T the tangent's
  const Matrix& T() const;
  TangentFactor& factor() const;  // T and Q
  Vector leverages() const;       // [N K]
  double trace_h() const;

  // M [m x m], of which the lower triangle is set; where it is s^2 I, is_isotropic() and M is not set.
  bool is_isotropic() const { return is_isotropic_; }
  const Matrix& middle() const { return M_; }

  // G V G'.  Shapes: G [M x P], result [M x M].  Errors: logic_error unless ok(); so all below
  Matrix of(const MatrixView& G) const;

  // A factor F of it, F F' = G V G'.  Shape: [M x m]
  Matrix factor_of(const MatrixView& G) const;

  // Square roots of its diagonal.  Shape: [M]
  Vector standard_errors(const MatrixView& G) const;

  // Those of G = I, of the first parameters or all, in memory of P m.
  Vector standard_errors_of_parameters() const { return standard_errors_of_parameters(at_->n_params()); }
  Vector standard_errors_of_parameters(Index n) const;

  // Of what forms() has of gradients, the variances.  Shapes: W [(N K) x M], forms and result [M]
  Vector variances_of(const Matrix& W, const Vector& forms) const;

  Matrix of_parameters() const;  // V [P x P]

 private:
  bool fail(CovarianceStatus status, double figure = 0);
  bool has_prior_part() const;
  Matrix times_root_of_middle(const Matrix& G_T) const;
  bool choose_factor(Tangent& at);
  void use_own_factor(Tangent& at, const Vector& K);
  double effective_parameters() const;
  bool estimate_sigma(Tangent& at);
  bool set_output_noise(Tangent& at);
  bool compute_middle(Tangent& at);
  Matrix hat_of(Index n) const;
  bool adjust_residuals(Tangent& at, double power);
  void weigh_by_scores(const Matrix& W, Matrix& weighted) const;
  void add_scores();
  Matrix factor_by_forms(const MatrixView& G) const;
  bool invert_hessian(Tangent& at);

  const CovarianceOptions options_;
  Tangent* at_ = nullptr;
  TangentFactor* factor_ = nullptr;  // null where T is known without it, until it is asked for
  const Tangent::ClearInverse* clear_inverse_ = nullptr;
  InverseForms* forms_ = nullptr;
  CovarianceStatus status_ = CovarianceStatus::ok;
  double figure_ = 0;  // of the reason: which observation, which eigenvalue
  Index rank_ = 0;
  double dof_ = 0, sigma_ = 0;
  Vector output_dofs_, output_sigmas_;
  bool has_added_ridge_ = false, is_isotropic_ = true;
  Matrix M_, weighted_Q_, inverse_;
  Vector adjusted_;
  std::unique_ptr<TangentFactor> own_factor_;  // where that of the tangent will not do
};

Covariance covariance(Tangent& at, const CovarianceOptions& options = {});

// What describes fits like this one: ridge with a decay, delta without.
CovarianceKind default_covariance(const Fit& like);

// Why a fit without decay has no covariance of a kind that needs one.
std::string no_decay_reason(CovarianceKind kind);

// Whether a kind takes second derivatives of the network.
bool needs_second_derivatives(CovarianceKind kind);

}  // namespace jacobench
