// Every solver of the comparison minimises the one objective, and says so where it cannot.
#include "solvers/solver.hpp"

#include <cmath>

#include <Eigen/Geometry>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::solvers {
namespace {

Dataset waves(Index n) {
  Dataset data{.X = Matrix(n, 2), .Y = Matrix(n, 1)};
  for (Index i = 0; i < n; ++i) {
    const auto t = static_cast<double>(i);
    data.X(i, 0) = std::sin(t);
    data.X(i, 1) = std::cos(1.7 * t);
    data.Y(i, 0) = 2 + std::sin(3 * t);
  }
  return data;
}

// With no hidden layer the minimum is ridge regression: (A'A + K) theta = A'y, A = [X 1].
TEST(Solvers, ReachTheClosedFormOfALinearNetwork) {
  Problem problem{.network = make_perceptron(
                      {.n_inputs = 2, .hidden = {}, .n_outputs = 1, .activation = Activation::tanh}),
                  .data = waves(30)};
  problem.decay = Vector{{0.5, 2, 0.1}};
  Matrix A(30, 3);
  A << problem.data.X, Vector::Ones(30);
  const Matrix normal = A.transpose() * A + Matrix(problem.decay.asDiagonal());
  const Vector b = A.transpose() * problem.data.Y.col(0);
  Matrix adjugate(3, 3);  // by cross products: no solver of the library's is used
  const Eigen::Vector3d c0 = normal.col(0), c1 = normal.col(1), c2 = normal.col(2);
  adjugate << c1.cross(c2).transpose(), c2.cross(c0).transpose(), c0.cross(c1).transpose();
  const Vector theta = adjugate * b / c0.dot(c1.cross(c2));
  const double minimum =
      (A * theta - problem.data.Y.col(0)).squaredNorm() + problem.decay.dot(theta.cwiseAbs2());

  for (const SolverInfo& solver : solver_table()) {
    const Trial trial = solver.run(problem, Vector{{3, -3, 3}}, {});
    // A gradient of 1e-8 of the objective, GSL's tolerance, leaves an error of 1e-8 over the least eigenvalue, which is
    // above 1.
    for (Index p = 0; p < 3; ++p) EXPECT_NEAR(trial.theta[p], theta[p], 1e-7) << solver.name;
    EXPECT_NEAR(objective(problem, trial.theta), minimum, 1e-12 * minimum) << solver.name;
    EXPECT_TRUE(trial.is_settled) << solver.name << ": " << trial.stop;
    EXPECT_GE(trial.n_steps, 1) << solver.name;
  }
}

// An independent condition: at a minimum the gradient 2 J'r + 2 k theta, by the readable Jacobian, is small beside its
// terms.
TEST(Solvers, EndWhereTheGradientOfThePenalisedObjectiveIsSmall) {
  Problem problem{.network = make_perceptron(
                      {.n_inputs = 2, .hidden = {2}, .n_outputs = 1, .activation = Activation::logistic}),
                  .data = waves(30)};
  problem.decay = equal_decay(problem.network, 0.1, DecayOf::weights_and_biases);
  const Vector start = Vector::LinSpaced(problem.network.n_params(), -0.7, 0.6);
  const auto evaluator = make_evaluator({.strategy = "per_parameter"}, problem.network, 30);
  for (const SolverInfo& solver : solver_table()) {
    const Trial trial = solver.run(problem, start, {});
    Matrix values(30, 1), J(30, problem.network.n_params());
    evaluator->evaluate(trial.theta, problem.data.X, {.values = &values, .J_y_theta = &J});
    const Vector r = (values - problem.data.Y).col(0);
    for (Index p = 0; p < J.cols(); ++p) {
      const double of_data = J.col(p).dot(r), of_penalty = 0.1 * trial.theta[p];
      const double size = J.col(p).norm() * r.norm() + std::abs(of_penalty);
      EXPECT_LE(std::abs(of_data + of_penalty), 1e-5 * size) << solver.name << ", parameter " << p;
    }
  }
}

TEST(Solvers, StopAtTheirLimits) {
  const Problem problem{
      .network =
          make_perceptron({.n_inputs = 2, .hidden = {3}, .n_outputs = 1, .activation = Activation::logistic}),
      .data = waves(40)};
  const Vector start = Vector::LinSpaced(problem.network.n_params(), -0.7, 0.6);
  for (const SolverInfo& solver : solver_table()) {
    const Trial out_of_time = solver.run(problem, start, {.cpu_seconds = 0});
    EXPECT_FALSE(out_of_time.is_settled) << solver.name;
    EXPECT_TRUE(std::isfinite(objective(problem, out_of_time.theta))) << solver.name;
  }
}

TEST(Solvers, AnUnknownOneIsRefused) { EXPECT_THROW(find_solver("simplex"), InputError); }

}  // namespace
}  // namespace jacobench::solvers
