#include "jacobench/fit/output_mixing.hpp"

#include <Eigen/LU>
#include <gtest/gtest.h>

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

using testing::all_within;

const Matrix three_outputs{{1, 0.6, -0.3}, {0.6, 1, 0.2}, {-0.3, 0.2, 1}};
constexpr double few_roundings = 64 * unit_roundoff;  // of a few sums of three products of the order of one

// E with covariance C in its columns becomes one with covariance I, and back.
TEST(OutputMixing, IsARootOfTheCorrelation) {
  const OutputMixing mixing(three_outputs);
  Matrix G = Matrix::Identity(3, 3);  // rows e_n
  mixing.correlate(G);
  EXPECT_TRUE(all_within(G.transpose() * G, three_outputs, few_roundings));
  Matrix back = G;
  mixing.uncorrelate(back);
  EXPECT_TRUE(all_within(back, Matrix::Identity(3, 3), few_roundings));
  Matrix inverse = Matrix::Identity(3, 3);
  mixing.uncorrelate(inverse);
  mixing.uncorrelate_transposed(inverse);
  EXPECT_TRUE(all_within(inverse, three_outputs.inverse(), few_roundings));
}

TEST(OutputMixing, StackedRowsAreRowsOfOutputs) {
  const OutputMixing mixing(three_outputs);
  Matrix E = Matrix::Random(4, 3), stacked(12, 2);
  stacked.col(0) = E.reshaped();
  stacked.col(1) = -2 * stacked.col(0);
  mixing.uncorrelate(E);
  mixing.uncorrelate_rows(stacked);
  EXPECT_TRUE(all_within(stacked.col(0), E.reshaped(), 0));
  EXPECT_TRUE(all_within(stacked.col(1), -2 * E.reshaped(), 0));
  Matrix bounds{{-1, 2, 3}}, one = bounds;
  mixing.uncorrelate(one);
  mixing.bound_uncorrelated(bounds);
  EXPECT_GE(bounds(0, 2), 3);
  EXPECT_TRUE((bounds.array() >= one.array().abs()).all());
}

TEST(OutputMixing, WithoutACorrelationNothingIsDone) {
  const OutputMixing none, empty{Matrix()};
  EXPECT_TRUE(none.is_identity() && empty.is_identity());
  const Matrix E = Matrix::Random(4, 3);
  Matrix same = E;
  none.uncorrelate(same);
  none.uncorrelate_transposed(same);
  none.correlate(same);
  none.uncorrelate_rows(same);
  EXPECT_EQ(same, E);
}

}  // namespace
}  // namespace jacobench
