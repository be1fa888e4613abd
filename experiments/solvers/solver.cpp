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

Trial run_fit(const Problem& problem, const Limits& limits, FitOptions options) {
  const double begun = cpu_seconds();
  const double most_seconds = limits.cpu_seconds * static_cast<double>(options.starts.cols());
  options.decay = problem.decay;
  if (limits.max_iterations) options.max_iterations = *limits.max_iterations;
  // Asking for the time is a call of the system, which takes as long as a step of a small fit.
  int n_steps = 0;
  options.go_on = [&](const FitProgress&) {
    return ++n_steps % 32 != 0 || cpu_seconds() - begun < most_seconds;
  };
  const Fit fitted = fit(problem.network, problem.data, options);
  return {.theta = fitted.theta,
          .n_steps = fitted.end->n_iterations,
          .stop = name_in(stop_table(), &StopInfo::stop, fitted.end->stop),
          .is_settled = fitted.has_settled()};
}

Trial run_jacobench(const Problem& problem, const Matrix& start, const Limits& limits) {
  return run_fit(problem, limits, {.starts = start});
}

Trial run_jacobench_fit(const Problem& problem, const Matrix& starts, const Limits& limits) {
  return run_fit(problem, limits, {.starts = starts});
}

Trial run_jacobench_auto(const Problem& problem, const Matrix& starts, const Limits& limits) {
  constexpr Index as_the_command = 5;
  return run_fit(problem, limits, {.starts = starts, .n_wanted_at_best = as_the_command});
}

constexpr SolverInfo table[] = {
    {"jacobench", "jacobench::fit from the start that is given, with no others", From::one_start,
     run_jacobench},
    {"jacobench_fit", "one jacobench::fit from all starts, then with units of the best drawn anew",
     From::all_starts, run_jacobench_fit},
    {"jacobench_auto",
     "one jacobench::fit as the command's default is: units drawn anew from where each start leads, until "
     "five have reached the best",
     From::all_starts, run_jacobench_auto},
#ifdef JACOBENCH_HAS_GSL
    {"gsl", "gsl_multifit_nlinear, Levenberg-Marquardt with geodesic acceleration", From::one_start, run_gsl},
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
