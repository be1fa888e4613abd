#include "jacobench/verification/comparison.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace jacobench {
namespace {

constexpr double u = unit_roundoff;
constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan = std::nan("");

ReferenceMatrix exactly(const Matrix& J) { return {.high = J, .low = Matrix::Zero(J.rows(), J.cols())}; }

EntryScales scales_of(const Matrix& scale) { return {.bound = {}, .scale = scale, .condition = scale}; }

// Errors of 0, 2, 8 and 8 u against scales of 1, 2, 2 and 4: 0, 1, 4 and 2 units.
TEST(Compare, GivesExactlyKnownErrors) {
  const Matrix truth{{3, 4}, {1, 0}};
  const Matrix J{{3, 4 + 8 * u}, {1 + 2 * u, 8 * u}};
  const Matrix scale{{1, 2}, {2, 4}};
  const ErrorSummary summary = compare(J, exactly(truth), scales_of(scale));
  EXPECT_EQ(summary.max_scaled, 4);
  EXPECT_EQ(summary.mean_scaled, (0 + 1 + 4 + 2) / 4.0);
  EXPECT_EQ(summary.p99_scaled, 4);
  EXPECT_EQ(summary.max_relative_to_row, 8 * u);  // row (3, 4) has norm 5, row (1, 0) norm 1
  EXPECT_EQ(summary.correct_digits, -std::log10(8 * u));
  EXPECT_EQ(summary.worst_row, 0);
  EXPECT_EQ(summary.worst_column, 1);
  EXPECT_EQ(summary.worst_computed, 4 + 8 * u);
  EXPECT_EQ(summary.worst_reference, 4);
  EXPECT_FALSE(summary.max_over_bound.has_value());
  EXPECT_FALSE(summary.max_bound.has_value());
}

TEST(Compare, HoldsErrorsAgainstBoundsEntryByEntry) {
  const Matrix truth{{1, 1, 1}};
  const Matrix J{{1 + 2 * u, 1 + 4 * u, 1 - 3 * u}};
  const EntryScales scales{
      .bound = Matrix{{4 * u, 16 * u, 4 * u}}, .scale = Matrix{{1, 1, 1}}, .condition = Matrix{{1, 4, 0.5}}};
  const ErrorSummary summary = compare(J, exactly(truth), scales);
  EXPECT_EQ(summary.max_over_bound, 0.75);
  EXPECT_EQ(summary.over_bound_column, 2);
  EXPECT_EQ(summary.max_bound, 8);  // 4, 4 and 8 units
  EXPECT_EQ(summary.worst_column, 1);
}

TEST(Compare, UsesTheLowPartOfTheReference) {
  ReferenceMatrix truth = exactly(Matrix{{1}});
  truth.low(0, 0) = 0.25 * u;
  EXPECT_EQ(compare(Matrix{{1}}, truth, scales_of(Matrix{{1}})).max_scaled, 0.25);
}

// The smallest error that 99 percent of the entries do not exceed: of 1..n units the ceil(0.99 n)-th.
TEST(Compare, PercentileCountsEntries) {
  for (Index n : {1, 2, 50, 99, 100, 101, 200, 1000, 1100}) {
    Matrix J(1, n);
    // not in order of size
    for (Index i = 0; i < n; ++i) J(0, i) = static_cast<double>((i * 7919) % n + 1) * u;
    const ErrorSummary summary = compare(J, exactly(Matrix::Zero(1, n)), scales_of(Matrix::Ones(1, n)));
    EXPECT_EQ(summary.max_scaled, static_cast<double>(n)) << n;
    EXPECT_EQ(summary.p99_scaled, static_cast<double>((99 * n + 99) / 100)) << n;
    EXPECT_EQ(summary.mean_scaled, static_cast<double>(n + 1) / 2) << n;
  }
}

TEST(Compare, NoErrorIsAllDigits) {
  const ErrorSummary summary = compare(Matrix{{2, 0}}, exactly(Matrix{{2, 0}}), scales_of(Matrix{{1, 0}}));
  EXPECT_EQ(summary.max_scaled, 0);
  EXPECT_EQ(summary.max_relative_to_row, 0);
  EXPECT_NEAR(summary.correct_digits, 15.95, 0.005);
}

// Only a J that is not finite where the truth is, or the other way round, has errors without end; they may
// neither vanish nor turn into NaN on their way into the summary.
TEST(Compare, WhatIsNotFiniteIsInfinitelyWrong) {
  struct Case {
    double computed, truth, low, scale;
  };
  const Case cases[] = {{nan, 1, 0, 1},
                        {infinity, 1, 0, 1},
                        {-infinity, 1, 0, 1},
                        {nan, 0, 0, 0},
                        {infinity, 1e300, 0, infinity},
                        {nan, 1, 0, infinity},
                        {1, infinity, 0, 1},
                        {1, infinity, -infinity, 1},
                        {-infinity, infinity, 0, 1},
                        {1, nan, 0, 1},
                        {1, infinity, nan, infinity},
                        {nan, infinity, 0, 1}};
  for (const Case& c : cases) {
    const EntryScales scales{
        .bound = Matrix{{c.scale, 1}}, .scale = Matrix{{c.scale, 1}}, .condition = Matrix{{1, 1}}};
    const ErrorSummary summary =
        compare(Matrix{{c.computed, 1}}, {.high = Matrix{{c.truth, 1}}, .low = Matrix{{c.low, 0}}}, scales);
    SCOPED_TRACE(fmt::format("{} for {} + {} at scale {}", c.computed, c.truth, c.low, c.scale));
    EXPECT_EQ(summary.max_scaled, infinity);
    EXPECT_EQ(summary.mean_scaled, infinity);
    EXPECT_EQ(summary.max_relative_to_row, infinity);
    EXPECT_EQ(summary.correct_digits, -infinity);
    EXPECT_EQ(summary.max_over_bound, infinity);
    EXPECT_EQ(summary.worst_column, 0);
  }
}

TEST(Compare, TheSameInfinityIsNoError) {
  const ErrorSummary summary =
      compare(Matrix{{infinity, 1}}, {.high = Matrix{{infinity, 1}}, .low = Matrix{{-infinity, 0}}},
              scales_of(Matrix{{infinity, 1}}));
  EXPECT_EQ(summary.max_scaled, 0);
}

TEST(Compare, AnErrorWhereTheScaleIsZeroIsInfinite) {
  EXPECT_EQ(compare(Matrix{{u}}, exactly(Matrix{{0}}), scales_of(Matrix{{0}})).max_scaled, infinity);
  EXPECT_EQ(compare(Matrix{{0}}, exactly(Matrix{{0}}), scales_of(Matrix{{0}})).max_scaled, 0);
}

// Numbers of 1e-200 are far from underflow: their row has a norm, though the squares underflow. Likewise
// 1e200.
// An error of rounding is within a bound that overflowed, what has no digit is not.
TEST(Compare, ABoundThatOverflowedHoldsNothingWithoutADigit) {
  const EntryScales scales{.bound = Matrix{{infinity}}, .scale = Matrix{{1}}, .condition = Matrix{{1}}};
  for (const double wrong : {1e300, 0.0})
    EXPECT_EQ(compare(Matrix{{wrong}}, exactly(Matrix{{1}}), scales).max_over_bound, infinity);
  EXPECT_EQ(compare(Matrix{{1 + 4 * u}}, exactly(Matrix{{1}}), scales).max_over_bound, 0);
}

TEST(Compare, RowNormsNeitherUnderflowNorOverflow) {
  for (double size : {1e-200, 1e200}) {
    const Matrix truth = Matrix{{3, 4}} * size;
    const Matrix J{{truth(0, 0), truth(0, 1) * (1 + 4 * u)}};
    const ErrorSummary summary = compare(J, exactly(truth), scales_of(truth));
    EXPECT_GT(summary.max_relative_to_row, u) << size;
    EXPECT_LT(summary.max_relative_to_row, 8 * u) << size;
  }
}

TEST(Compare, ErrorsBelowTheUnderflowThresholdAreNone) {
  EXPECT_EQ(compare(Matrix{{0x1p-970}}, exactly(Matrix{{0}}), scales_of(Matrix{{0}})).max_scaled, 0);
  EXPECT_EQ(compare(Matrix{{0x1p-950}}, exactly(Matrix{{0}}), scales_of(Matrix{{0}})).max_scaled, infinity);
}

TEST(Compare, WrongShapesAreBrokenPreconditions) {
  const Matrix J = Matrix::Ones(2, 3);
  EXPECT_THROW(compare(J, exactly(Matrix::Ones(3, 2)), scales_of(J)), std::logic_error);
  EXPECT_THROW(compare(J, exactly(J), scales_of(Matrix::Ones(2, 2))), std::logic_error);
  EXPECT_THROW(compare(J, exactly(J), {.bound = Matrix::Ones(1, 1), .scale = J, .condition = J}),
               std::logic_error);
  EXPECT_THROW(compare(J, exactly(J), {.bound = J, .scale = J, .condition = {}}), std::logic_error);
  EXPECT_THROW(compare(Matrix(0, 0), exactly(Matrix(0, 0)), scales_of(Matrix(0, 0))), std::logic_error);
}

}  // namespace
}  // namespace jacobench
