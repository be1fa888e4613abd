#include "solvers/gsl_solver.hpp"

#include <memory>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::solvers {
namespace {

constexpr double x_tolerance = 1e-8, gradient_tolerance = 1e-8, unused_tolerance = 0;
constexpr Index usual_max_iterations = 20'000;

// The residuals f(x_n) - y_n, then sqrt(k_p) theta_p for each penalised parameter, and their Jacobian.
struct Functions {
  explicit Functions(const Problem& of)
      : problem(of),
        roots(problem.decay.size() == 0 ? Vector() : Vector(problem.decay.cwiseSqrt())),
        evaluator(make_evaluator({}, problem.network, problem.data.n_observations())),
        values(problem.data.Y.rows(), problem.data.Y.cols()),
        J(problem.data.n_values(), problem.network.n_params()) {}

  Index n_residuals() const { return J.rows() + roots.size(); }

  const Problem& problem;
  const Vector roots;
  const std::unique_ptr<Evaluator> evaluator;
  Matrix values, J;  // column-major; GSL's is row-major
};

Eigen::Map<const Vector> view(const gsl_vector* x) { return {x->data, static_cast<Index>(x->size)}; }

int residuals(const gsl_vector* x, void* functions, gsl_vector* f) {
  auto& the = *static_cast<Functions*>(functions);
  the.evaluator->evaluate(view(x), the.problem.data.X, {.values = &the.values});
  Eigen::Map<Vector> all(f->data, the.n_residuals());
  all.head(the.J.rows()) = (the.values - the.problem.data.Y).reshaped();
  all.tail(the.roots.size()) = the.roots.cwiseProduct(view(x).head(the.roots.size()));
  return all.allFinite() ? GSL_SUCCESS : GSL_EBADFUNC;
}

int jacobian(const gsl_vector* x, void* functions, gsl_matrix* J) {
  auto& the = *static_cast<Functions*>(functions);
  the.evaluator->evaluate(view(x), the.problem.data.X, {.J_y_theta = &the.J});
  Eigen::Map<RowMajorMatrix, 0, Eigen::OuterStride<>> all(J->data, the.n_residuals(), the.J.cols(),
                                                          Eigen::OuterStride<>(static_cast<Index>(J->tda)));
  all.topRows(the.J.rows()) = the.J;
  all.bottomRows(the.roots.size()).setZero();
  all.bottomRows(the.roots.size()).diagonal() = the.roots;
  return the.J.allFinite() ? GSL_SUCCESS : GSL_EBADFUNC;
}

std::string words(int status, int convergence) {
  if (status != GSL_SUCCESS) return gsl_strerror(status);
  return convergence == 1 ? "small step" : "small gradient";
}

}  // namespace

Trial run_gsl(const Problem& problem, const Matrix& starts, const Limits& limits) {
  const double begun = cpu_seconds();
  const Vector start = starts.col(0);
  gsl_set_error_handler_off();
  Functions functions(problem);
  gsl_multifit_nlinear_fdf fdf{};
  fdf.f = residuals;
  fdf.df = jacobian;
  fdf.n = static_cast<std::size_t>(functions.n_residuals());
  fdf.p = static_cast<std::size_t>(start.size());
  fdf.params = &functions;
  gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
  parameters.trs = gsl_multifit_nlinear_trs_lmaccel;
  const std::unique_ptr<gsl_multifit_nlinear_workspace, decltype(&gsl_multifit_nlinear_free)> work(
      gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, fdf.n, fdf.p),
      gsl_multifit_nlinear_free);
  if (!work) throw InputError("gsl: {} residuals of {} parameters (it takes no fewer)", fdf.n, fdf.p);

  const gsl_vector_const_view x = gsl_vector_const_view_array(start.data(), fdf.p);
  int status = gsl_multifit_nlinear_init(&x.vector, &fdf, work.get());
  int convergence = 0;
  std::string stop;
  while (status == GSL_SUCCESS && convergence == 0 && stop.empty()) {
    status = gsl_multifit_nlinear_iterate(work.get());
    if (status != GSL_SUCCESS) break;
    gsl_multifit_nlinear_test(x_tolerance, gradient_tolerance, unused_tolerance, &convergence, work.get());
    if (convergence != 0) break;
    if (static_cast<Index>(gsl_multifit_nlinear_niter(work.get())) >=
        limits.max_iterations.value_or(usual_max_iterations))
      stop = "iteration limit";
    if (cpu_seconds() - begun > limits.cpu_seconds) stop = "time limit";
  }
  return {.theta = view(gsl_multifit_nlinear_position(work.get())),
          .n_steps = static_cast<Index>(gsl_multifit_nlinear_niter(work.get())),
          .n_evaluations = static_cast<Index>(fdf.nevalf),
          .n_jacobians = static_cast<Index>(fdf.nevaldf),
          .stop = stop.empty() ? words(status, convergence) : stop,
          .is_settled = convergence != 0};
}

}  // namespace jacobench::solvers
