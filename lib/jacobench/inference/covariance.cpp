#include "jacobench/inference/covariance.hpp"

#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/inference/covariance_kinds.hpp"
#include "jacobench/inference/undetermined.hpp"

namespace jacobench {
namespace {

void check_options(const Linearisation& at, const CovarianceOptions& options) {
  const bool known = options.dof_rule == DofRule::known_sigma;
  if (known != options.known_sigma.has_value())
    throw InputError("dof rule {}: {} (the two belong together); give both or neither",
                     dof_rule_table()[static_cast<std::size_t>(options.dof_rule)].name,
                     known ? "sigma is missing" : "sigma is given");
  if (known && !(*options.known_sigma > 0 && std::isfinite(*options.known_sigma)))
    throw InputError("sigma: {} is not a positive finite number; give the known standard deviation",
                     *options.known_sigma);
  if (!(options.ridge > 0 && options.ridge < 1))
    throw InputError("ridge: {} is not between 0 and 1; it is relative to the largest singular value",
                     options.ridge);
  for (const double k : at.decay)
    if (!(k >= 0 && std::isfinite(k)))
      throw InputError("decay: {} is not a penalty; give finite numbers from 0 up", k);
}

void fail(Covariance& result, CovarianceStatus status, std::string reason) {
  result.status = status;
  result.reason = std::move(reason);
}

// The K of the kind and the policy.
Vector penalty(const Linearisation& at, const CovarianceOptions& options, const Covariance& result) {
  Vector K = at.decay;
  if (info(options.kind).decay == Decay::ignored) K.setZero();
  if (result.has_added_ridge)
    K += (options.ridge * result.rank.largest * result.rank.column_norms).cwiseAbs2();
  return K;
}

void refuse_rank(const Linearisation& at, const Vector& K, Covariance& result) {
  if (!K.isZero(0))
    return fail(
        result, CovarianceStatus::rank_deficient,
        fmt::format(
            "data and decay together determine {} of {} directions of the parameters: put the decay on the "
            "biases too, or choose the policy pseudo_inverse",
            result.tangent.T.cols(), at.n_params()));
  if (at.n_params() > at.n_values())
    return fail(
        result, CovarianceStatus::more_parameters_than_observations,
        fmt::format("{} parameters for {} observed values: only a decay, or the policies pseudo_inverse and "
                    "ridge, give a covariance",
                    at.n_params(), at.n_values()));
  fail(result, CovarianceStatus::rank_deficient,
       fmt::format("the data determine {} of {} directions of the parameters: {}", result.rank.rank,
                   result.rank.n_params, joined(result.undetermined, "; ")));
}

// T and Q for the kind and the policy, or the reason why not.
void choose_tangent(const Linearisation& at, const CovarianceOptions& options, TangentFactor from_data,
                    Covariance& result) {
  if (info(options.kind).decay == Decay::needed && !at.has_decay())
    return fail(result, CovarianceStatus::no_decay,
                fmt::format("{} is the covariance of a fit with decay, and this one has none",
                            info(options.kind).name));
  const Vector K = penalty(at, options, result);
  bool is_determined = result.rank.is_full();
  if (K.isZero(0)) {
    result.tangent = std::move(from_data);
  } else {
    PenalisedFactor penalised = factorise(at.J, K);
    result.tangent = std::move(penalised.factor);
    is_determined = penalised.is_determined;
  }
  if (!is_determined && options.policy == RankPolicy::refuse) refuse_rank(at, K, result);
}

double degrees_of_freedom(const Linearisation& at, DofRule rule, const Covariance& result) {
  const auto n = static_cast<double>(at.n_values());
  switch (rule) {
    case DofRule::n_minus_rank:
      return n - static_cast<double>(result.rank.rank);
    case DofRule::n_minus_trace:
      return n - result.trace_h;
    case DofRule::n_minus_trace_2h_hh:
      return n - 2 * result.trace_h + result.tangent.trace_hh();
    case DofRule::known_sigma:
      return std::numeric_limits<double>::infinity();
  }
  JB_EXPECT(false, "dof rule {} is not in the table", static_cast<int>(rule));
  return 0;
}

// Less than half an observation is none: quantiles of t with so few degrees of freedom mean nothing.
void estimate_sigma(const Linearisation& at, const CovarianceOptions& options, Covariance& result) {
  result.dof = degrees_of_freedom(at, options.dof_rule, result);
  if (options.known_sigma) {
    result.sigma = *options.known_sigma;
  } else if (result.dof < 0.5) {
    fail(result, CovarianceStatus::no_degrees_of_freedom,
         fmt::format("{} observed values and {:.3g} taken up by the fit leave nothing to estimate sigma from",
                     at.n_values(), static_cast<double>(at.n_values()) - result.dof));
  } else {
    result.sigma = std::sqrt(at.rss() / result.dof);
  }
}

}  // namespace

Covariance covariance(const Linearisation& at, const CovarianceOptions& options) {
  check_options(at, options);
  DataFactor data = factorise(at.J);
  Covariance result{.kind = options.kind,
                    .status = CovarianceStatus::ok,
                    .reason = {},
                    .rank = std::move(data.report),
                    .undetermined = {},
                    .dof = 0,
                    .sigma = 0,
                    .trace_h = 0,
                    .has_added_ridge = false,
                    .leverages = {},
                    .tangent = {},
                    .factor = {}};
  result.undetermined = undetermined_in_words(at, result.rank);
  result.has_added_ridge = options.policy == RankPolicy::ridge && !result.rank.is_full();
  choose_tangent(at, options, std::move(data.factor), result);
  if (!result.ok()) return result;
  result.leverages = result.tangent.leverages();
  result.trace_h = result.tangent.trace_h();
  estimate_sigma(at, options, result);
  if (!result.ok()) return result;
  const Middle middle = middle_of(options.kind, at, result);
  if (middle.status != CovarianceStatus::ok) {
    fail(result, middle.status, middle.reason);
  } else {
    result.factor = result.tangent.T * middle.B;
  }
  return result;
}

Matrix Covariance::factor_of(const MatrixView& G) const {
  JB_EXPECT(ok(), "there is no covariance: {}", reason);
  JB_EXPECT(G.cols() == factor.rows(), "G has {} columns, want {}", G.cols(), factor.rows());
  Matrix F = G * factor;
  if (kind != CovarianceKind::laplace || tangent.prior_scale.size() == 0) return F;
  const Matrix scaled = G * tangent.prior_scale.asDiagonal();
  const Matrix unknown = scaled - (scaled * tangent.prior_known) * tangent.prior_known.transpose();
  Matrix both(G.rows(), F.cols() + G.cols());
  both << F, sigma * unknown;
  return both;
}

Matrix Covariance::of(const MatrixView& G) const {
  const Matrix F = factor_of(G);
  return F * F.transpose();
}

Vector Covariance::standard_errors(const MatrixView& G) const { return factor_of(G).rowwise().stableNorm(); }

Matrix Covariance::of_parameters() const { return of(Matrix::Identity(factor.rows(), factor.rows())); }

}  // namespace jacobench
