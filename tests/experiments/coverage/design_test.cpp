#include "coverage/design.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"

#include "support/entrywise.hpp"
#include "support/error_line.hpp"

namespace jacobench::coverage {
namespace {

using jacobench::testing::all_above;
using jacobench::testing::all_at_most;
using jacobench::testing::error_line;

RandomStream a_stream() { return RandomStream(5, 8, 2, RandomPurpose::inputs); }

Matrix drawn(Design design, Index N, Index D, double scale) {
  RandomStream stream = a_stream();
  Matrix X(N, D);
  draw_design(design, scale, stream, X);
  return X;
}

TEST(Design, GridOnALine) {
  EXPECT_EQ(drawn(Design::grid, 5, 1, 2), (Matrix(5, 1) << -2, -1, 0, 1, 2).finished());
  EXPECT_EQ(drawn(Design::grid, 1, 1, 2), Matrix::Zero(1, 1));
  const Matrix X = drawn(Design::grid, 100, 1, 0.7);
  EXPECT_EQ(X(0, 0), -0.7);
  EXPECT_EQ(X(99, 0), 0.7);
}

TEST(Design, GridOfSeveralInputsIsAProduct) {
  EXPECT_EQ(drawn(Design::grid, 9, 2, 1),
            (Matrix(9, 2) << -1, -1, 0, -1, 1, -1, -1, 0, 0, 0, 1, 0, -1, 1, 0, 1, 1, 1).finished());
  const Matrix X = drawn(Design::grid, 1000, 3, 1);  // 1000^(1/3) is below 10 in double precision
  EXPECT_TRUE(all_at_most(X.cwiseAbs(), 1));
  EXPECT_NEAR(X.colwise().sum().norm(), 0, 1e-12);
}

TEST(Design, GridNamesTheNearestNumberOfPoints) {
  EXPECT_EQ(error_line([] { drawn(Design::grid, 100, 5, 1); }),
            "design: a grid of 5 inputs has k^5 points, not 100; the nearest number of points is 32");
  EXPECT_EQ(error_line([] { drawn(Design::grid, 99, 2, 1); }),
            "design: a grid of 2 inputs has k^2 points, not 99; the nearest number of points is 100");
  EXPECT_EQ(error_line([] { drawn(Design::grid, 3, 100, 1); }),
            "design: a grid of 100 inputs has k^100 points, not 3; the nearest number of points is 1");
}

// Sample moments of n draws lie within 5 of their standard deviations.
TEST(Design, RandomDesignsHaveTheirMoments) {
  const Index n = 50000;
  const double scale = 1.5;
  for (const auto& [design, variance, variance_of_square] :
       {std::tuple{Design::uniform, 1.0 / 3, 4.0 / 45}, std::tuple{Design::normal, 1.0, 2.0}}) {
    const Matrix Z = drawn(design, n, 2, scale) / scale;
    for (Index d = 0; d < 2; ++d) {
      EXPECT_NEAR(Z.col(d).mean(), 0, 5 * std::sqrt(variance / n));
      EXPECT_NEAR(Z.col(d).squaredNorm() / n, variance, 5 * std::sqrt(variance_of_square / n));
    }
    EXPECT_NEAR(Z.col(0).dot(Z.col(1)) / n, 0, 5 * variance / std::sqrt(n));
  }
  EXPECT_TRUE(all_at_most(drawn(Design::uniform, n, 2, scale).cwiseAbs(), scale));
}

TEST(Design, FirstObservationsDoNotDependOnHowManyFollow) {
  for (const Design design : {Design::uniform, Design::normal})
    EXPECT_EQ(drawn(design, 10, 3, 1), drawn(design, 30, 3, 1).topRows(10));
}

TEST(Design, IsFilledInPlace) {
  for (const DesignInfo& info : design_table()) {
    RandomStream stream = a_stream();
    Matrix X(16, 2);
    EXPECT_EQ(allocations_of([&] { draw_design(info.design, 1, stream, X); }), 0u) << info.name;
  }
}

TEST(EvaluationPoints, OnALine) {
  const Matrix X = evaluation_points(4, 4, 1, 2, 1);
  EXPECT_EQ(X, (Matrix(8, 1) << -1.5, -0.5, 0.5, 1.5, -3, -2.5, 2.5, 3).finished());
  EXPECT_EQ(evaluation_points(1, 3, 1, 2, 1), (Matrix(4, 1) << 0, -3, 2.5, 3).finished());
  EXPECT_EQ(evaluation_points(0, 1, 1, 2, 1), Matrix::Constant(1, 1, 3));
  EXPECT_EQ(evaluation_points(0, 0, 1, 2, 1).rows(), 0);
}

TEST(EvaluationPoints, InABox) {
  const Index n = 2000;
  const Matrix X = evaluation_points(n, n, 3, 2, 7);
  Vector reach(X.rows());
  for (Index i = 0; i < X.rows(); ++i) reach[i] = X.row(i).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
  EXPECT_TRUE(all_at_most(reach.head(n), 2));
  EXPECT_TRUE(all_above(reach.tail(n), 2));
  EXPECT_TRUE(all_at_most(reach.tail(n), 3));
  // Beyond, P(reach <= 2.5) = (2.5^3 - 2^3) / (3^3 - 2^3), inside P(reach <= 1) = 1 / 8; to 5 deviations.
  const auto share = [&](const auto& v, double limit) {
    return (v.array() <= limit).template cast<double>().mean();
  };
  const double p = (15.625 - 8) / (27 - 8);
  EXPECT_NEAR(share(reach.tail(n), 2.5), p, 5 * std::sqrt(p * (1 - p) / n));
  EXPECT_NEAR(share(reach.head(n), 1), 0.125, 5 * std::sqrt(0.125 * 0.875 / n));
}

TEST(EvaluationPoints, AreThoseOfTheirSeed) {
  const Matrix X = evaluation_points(5, 6, 2, 1, 3);
  EXPECT_EQ(X, evaluation_points(5, 6, 2, 1, 3));
  const Matrix others = evaluation_points(5, 6, 2, 1, 4);
  EXPECT_NE(X.topRows(5), others.topRows(5));
  EXPECT_NE(X.bottomRows(6), others.bottomRows(6));
  EXPECT_EQ(X.bottomRows(6), evaluation_points(9, 6, 2, 1, 3).bottomRows(6));
}

}  // namespace
}  // namespace jacobench::coverage
