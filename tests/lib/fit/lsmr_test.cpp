#include "jacobench/fit/lsmr.hpp"

#include <Eigen/QR>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"

namespace jacobench {
namespace {

class FormedMatrix final : public LinearOperator {
 public:
  explicit FormedMatrix(const Matrix& A) : A_(A) {}
  void times(const Vector& x, Vector& A_x) override { A_x = A_ * x; }
  void transposed_times(const Vector& y, Vector& A_t_y) override { A_t_y = A_.transpose() * y; }

 private:
  const Matrix A_;
};

struct LeastSquares {
  Matrix A;
  Vector b;

  LeastSquares(Index n, Index p) : A(n, p), b(n) {
    RandomStream stream(5, 0, 0, RandomPurpose::simulation);
    for (double& each : A.reshaped()) each = stream.normal();
    for (double& each : b) each = stream.normal();
    A *= Vector::LinSpaced(p, 1, 30).asDiagonal();
  }
};

// Of the shortest, where there are several. The condition is some 100, of which rounding loses the square.
TEST(Lsmr, FindsTheLeastSquaresSolution) {
  for (const auto& [n, p] : {std::pair{40, 25}, {25, 40}}) {
    const LeastSquares problem(n, p);
    FormedMatrix A(problem.A);
    Lsmr lsmr;
    const double enough = 1e-11 * (problem.A.transpose() * problem.b).norm();
    const LsmrEnd end = lsmr.solve(
        A, problem.b, [&](double gradient, const Vector&, const Vector&) { return gradient <= enough; }, 500);
    EXPECT_TRUE(end.is_enough);
    const Vector want = problem.A.completeOrthogonalDecomposition().solve(problem.b);
    EXPECT_LE((lsmr.x() - want).norm(), 1e-9 * want.norm());
    EXPECT_LE((lsmr.A_x() - problem.A * lsmr.x()).norm(), 1e-12 * problem.b.norm());
  }
}

// By its definition the k-th iterate has the least gradient in the Krylov space, so that gradients never grow; and what
// the recurrence says of the gradient is it.
TEST(Lsmr, GradientsFallAsTheRecurrenceSays) {
  const LeastSquares problem(40, 25);
  FormedMatrix A(problem.A);
  Lsmr lsmr;
  double before = (problem.A.transpose() * problem.b).norm();
  const double first = before;
  lsmr.solve(
      A, problem.b,
      [&](double gradient, const Vector& x, const Vector&) {
        EXPECT_LE(gradient, before);
        EXPECT_NEAR(gradient, (problem.A.transpose() * (problem.b - problem.A * x)).norm(), 1e-11 * first);
        before = gradient;
        return false;
      },
      20);
}

TEST(Lsmr, NothingToFitIsFittedByNothing) {
  const LeastSquares problem(10, 4);
  FormedMatrix A(problem.A);
  Lsmr lsmr;
  const LsmrEnd end = lsmr.solve(
      A, Vector::Zero(10), [](double, const Vector&, const Vector&) { return false; }, 5);
  EXPECT_TRUE(end.is_enough);
  EXPECT_EQ(lsmr.x(), Vector::Zero(4));
}

}  // namespace
}  // namespace jacobench
