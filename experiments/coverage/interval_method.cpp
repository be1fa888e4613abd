#include "coverage/interval_method.hpp"

#include <fmt/format.h>

#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/profile.hpp"

namespace jacobench::coverage {
namespace {

void general_errors(const FittedReplicate& fitted, const CovarianceOptions& options, Errors& result) {
  const Covariance cov = covariance(linearisation(fitted), options);
  result.failure = cov.ok() ? nullptr : name_of(cov.status).data();
  if (!cov.ok()) return;
  result.se = cov.standard_errors(
      gradients_at(fitted.scenario.network, fitted.theta, fitted.points, fitted.jacobian));
  result.noise_sd = cov.sigma;
  result.dof = cov.dof;
}

auto errors_of(CovarianceKind kind) {
  return [kind](const FittedReplicate& fitted, const MethodOptions& method_options, Errors& result) {
    const CovarianceOptions options = covariance_options(kind, fitted.scenario, method_options);
    if (!StandardErrors::can_compute(options)) return general_errors(fitted, options, result);
    const StandardErrors::Outcome outcome = fitted.errors.compute(options, result.se);
    result.failure = outcome.status == CovarianceStatus::ok ? nullptr : name_of(outcome.status).data();
    result.noise_sd = outcome.sigma;
    result.dof = outcome.dof;
  };
}

struct BootstrapInterval {
  BootstrapKind kind;
  bool is_studentised;

  const char* operator()(const FittedReplicate& fitted, const MethodOptions& method_options, double level,
                         Vector& lower, Vector& upper) const {
    const CovarianceKind its_kind =
        fitted.scenario.decay.size() > 0 ? CovarianceKind::ridge : CovarianceKind::delta;
    const CovarianceOptions options = covariance_options(its_kind, fitted.scenario, method_options);
    const Linearisation at = linearisation(fitted);
    const Covariance cov = covariance(at, options);
    if (!cov.ok()) return name_of(cov.status).data();
    const BootstrapBands bands = bootstrap(
        at, cov, fitted.points,
        {.kind = kind,
         .n_replicates = method_options.n_bootstrap,
         .level = level,
         .seed = cell_number(fmt::format("bootstrap {} {}", fitted.scenario.seed, fitted.replicate)),
         .covariance = options});
    const Matrix& low = is_studentised ? bands.studentised_lower : bands.percentile_lower;
    const Matrix& high = is_studentised ? bands.studentised_upper : bands.percentile_upper;
    if (low.size() == 0) return "too few refits succeeded";
    lower = low.col(0);
    upper = high.col(0);
    return nullptr;
  }
};

const char* profile_bounds(const FittedReplicate& fitted, const MethodOptions& method_options, double level,
                           Vector& lower, Vector& upper) {
  const Linearisation at = linearisation(fitted);
  const Covariance cov =
      covariance(at, covariance_options(CovarianceKind::delta, fitted.scenario, method_options));
  if (!cov.ok()) return name_of(cov.status).data();
  for (Index m = 0; m < fitted.points.rows(); ++m) {
    const ProfileInterval interval = profile_interval(at, cov, fitted.points.row(m).transpose(), level);
    lower[m] = interval.lower;
    upper[m] = interval.upper;
  }
  return nullptr;
}

std::vector<IntervalMethod> make_table() {
  std::vector<IntervalMethod> table;
  for (const CovarianceInfo& covariance : covariance_table()) {
    const bool has_second_derivatives = !StandardErrors::can_compute({.kind = covariance.kind});
    table.push_back({.name = std::string(covariance.name),
                     .summary = std::string(covariance.summary),
                     .kind = covariance.kind,
                     .errors = errors_of(covariance.kind),
                     .needs_nonlinear_fit = has_second_derivatives});
  }
  for (const BootstrapInfo& kind : bootstrap_table())
    for (const bool is_studentised : {false, true})
      table.push_back(
          {.name = fmt::format("bootstrap_{}_{}", kind.name, is_studentised ? "studentised" : "percentile"),
           .summary = std::string(kind.summary),
           .bounds = BootstrapInterval{kind.kind, is_studentised},
           .is_bootstrap = true,
           .needs_nonlinear_fit = true});
  table.push_back({.name = "profile",
                   .summary = "likelihood profile of f(x0)",
                   .bounds = profile_bounds,
                   .needs_nonlinear_fit = true});
  return table;
}

}  // namespace

std::span<const IntervalMethod> interval_method_table() {
  static const std::vector<IntervalMethod> table = make_table();
  return table;
}

Linearisation linearisation(const FittedReplicate& fitted) {
  return linearise(fitted.scenario.network, fitted.theta, fitted.data, fitted.scenario.decay,
                   fitted.jacobian);
}

CovarianceOptions covariance_options(CovarianceKind kind, const Scenario& scenario,
                                     const MethodOptions& options) {
  CovarianceOptions result{.kind = kind, .policy = options.policy, .dof_rule = options.dof_rule};
  if (options.dof_rule == DofRule::known_sigma) result.known_sigma = scenario.noise_sd;
  return result;
}

}  // namespace jacobench::coverage
