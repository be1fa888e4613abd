#include "solvers/solver.hpp"

#include <ctime>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/fit/fit.hpp"
#ifdef JACOBENCH_HAS_GSL
#include "solvers/gsl_solver.hpp"
#endif

namespace jacobench::solvers {
namespace {

Trial run_jacobench(const Problem& problem, const Vector& start, const Limits& limits) {
  const double begun = cpu_seconds();
  FitOptions options{.starts = start, .n_redraws = 0, .decay = problem.decay};
  if (limits.max_iterations) options.max_iterations = *limits.max_iterations;
  options.go_on = [&](const FitProgress&) { return cpu_seconds() - begun < limits.cpu_seconds; };
  const Fit fitted = fit(problem.network, problem.data, options);
  return {.theta = fitted.theta,
          .n_steps = fitted.end->n_iterations,
          .stop = name_in(stop_table(), &StopInfo::stop, fitted.end->stop),
          .is_settled = fitted.has_settled()};
}

constexpr SolverInfo table[] = {
    {"jacobench", "jacobench::fit from the start that is given, with no others", run_jacobench},
#ifdef JACOBENCH_HAS_GSL
    {"gsl", "gsl_multifit_nlinear, Levenberg-Marquardt with geodesic acceleration", run_gsl},
#endif
};

}  // namespace

std::span<const SolverInfo> solver_table() { return table; }

const SolverInfo& find_solver(std::string_view name) { return find_by_name(table, name, "solver"); }

std::string gsl_version() {
#ifdef JACOBENCH_HAS_GSL
  return JACOBENCH_HAS_GSL;
#else
  return {};
#endif
}

double objective(const Problem& problem, const Vector& theta) {
  Matrix values(problem.data.Y.rows(), problem.data.Y.cols());
  make_evaluator({}, problem.network, values.rows())->evaluate(theta, problem.data.X, {.values = &values});
  const double rss = (values - problem.data.Y).squaredNorm();
  return problem.decay.size() == 0 ? rss : rss + problem.decay.dot(theta.cwiseAbs2());
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace jacobench::solvers
