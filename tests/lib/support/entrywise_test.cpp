// The assertions can fail, and say at what.
#include "support/entrywise.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

namespace jacobench {
namespace {

using testing::all_above;
using testing::all_at_most;
using testing::all_within;
using testing::all_within_relative;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();

const Matrix reference{{1, 2, 3}, {4, 5, 6}};

Matrix with(double entry, Index row = 1, Index column = 2) {
  Matrix changed = reference;
  changed(row, column) = entry;
  return changed;
}

TEST(Entrywise, WhatIsWithinItsBoundPasses) {
  EXPECT_TRUE(all_within(reference, reference, 0));
  EXPECT_TRUE(all_within(reference, with(6.25), 0.25));
  EXPECT_TRUE(all_within(with(6.25), reference, with(0.25)));
  EXPECT_TRUE(all_within_relative(with(6.75), reference, 0.125));
  EXPECT_TRUE(all_within_relative(with(0), with(0), 0.125)) << "zero is zero, whatever the bound";
  EXPECT_TRUE(all_at_most(reference, 6));
  EXPECT_TRUE(all_above(reference, 0.5));
}

// One entry is that and all others are zero: the maximum of the differences would be zero.
TEST(Entrywise, NoEntryIsPassedOverThatIsNotFinite) {
  for (const double entry : {nan, infinity, -infinity})
    for (Index row = 0; row < 2; ++row)
      for (Index column = 0; column < 3; ++column) {
        SCOPED_TRACE(::testing::Message() << entry << " at " << row << ", " << column);
        const Matrix wrong = with(entry, row, column);
        const auto place = HasSubstr("entry (" + std::to_string(row) + ", " + std::to_string(column) + ")");
        for (const ::testing::AssertionResult& result :
             {all_within(wrong, reference, 100), all_within(reference, wrong, 100),
              all_within(wrong, wrong, 100), all_within(reference, reference, wrong),
              all_within_relative(wrong, reference, 100), all_within_relative(reference, wrong, 100),
              all_at_most(wrong, 100), all_above(wrong, -100)}) {
          EXPECT_FALSE(result);
          EXPECT_THAT(result.message(), place);
        }
      }
}

TEST(Entrywise, NoBoundAllowsEverything) {
  for (const double bound : {nan, infinity, -infinity}) {
    EXPECT_FALSE(all_within(reference, reference, bound)) << bound;
    EXPECT_FALSE(all_within_relative(reference, reference, bound)) << bound;
    EXPECT_FALSE(all_at_most(reference, bound)) << bound;
    EXPECT_FALSE(all_above(reference, bound)) << bound;
  }
  EXPECT_FALSE(all_within(with(largest), with(-largest), largest)) << "their difference overflows";
}

TEST(Entrywise, TheWorstEntryIsNamedWithBothValuesAndItsBound) {
  const Matrix a{{1, 2.5, 3}, {4, 5, 6.75}};
  EXPECT_STREQ(
      all_within(a, reference, 0.25).message(),
      "entry (1, 2): 6.75 and 6 differ by 0.75, the bound is 0.25; the worst of 2 that fail, of 6 entries");
  // beside its bound the first is further off
  const Matrix bound{{1, 0.125, 1}, {1, 1, 0.5}};
  EXPECT_STREQ(
      all_within(a, reference, bound).message(),
      "entry (0, 1): 2.5 and 2 differ by 0.5, the bound is 0.125; the worst of 2 that fail, of 6 entries");
  EXPECT_STREQ(
      all_within_relative(a, reference, 0.0625).message(),
      "entry (0, 1): 2.5 and 2 differ by 0.5, the bound is 0.125; the worst of 2 that fail, of 6 entries");
  EXPECT_STREQ(all_at_most(a, 4.5).message(),
               "entry (1, 2): 6.75 is not a number of at most 4.5; the worst of 2 that fail, of 6 entries");
  EXPECT_STREQ(all_above(a, 2.5).message(),
               "entry (0, 0): 1 is not a number above 2.5; the worst of 2 that fail, of 6 entries");
  EXPECT_THAT(all_within(with(nan, 0, 1), with(60), 1).message(),
              AllOf(HasSubstr("entry (0, 1): nan and 2 differ by nan"), HasSubstr("the worst of 2")));
}

TEST(Entrywise, OneWrongEntryFails) {
  for (Index row = 0; row < 2; ++row)
    for (Index column = 0; column < 3; ++column) {
      const double beyond = std::nextafter(reference(row, column), 100);
      EXPECT_FALSE(all_within(with(beyond, row, column), reference, 0));
      EXPECT_FALSE(all_within(with(reference(row, column) + 0.5, row, column), reference, 0.25));
      EXPECT_FALSE(all_within_relative(with(1.5 * reference(row, column), row, column), reference, 0.25));
      EXPECT_FALSE(all_at_most(with(6.5, row, column), 6.25));
      EXPECT_FALSE(all_above(with(0.25, row, column), 0.25)) << "above is not at";
    }
  EXPECT_FALSE(all_within(reference, reference, -1));
}

TEST(Entrywise, ShapesThatDifferFail) {
  EXPECT_STREQ(all_within(reference, reference.leftCols(2), 100).message(),
               "2 x 3 values against 2 x 2, with 2 x 3 bounds");
  EXPECT_FALSE(all_within(reference, Matrix(reference.transpose()), 100));
  EXPECT_FALSE(all_within(reference, reference, Vector::Constant(2, 100)));
  EXPECT_FALSE(all_within_relative(reference, reference.topRows(1), 100));
}

TEST(Entrywise, NothingToCompareFails) {
  EXPECT_FALSE(all_within(Matrix(0, 3), Matrix(0, 3), 1));
  EXPECT_FALSE(all_within_relative(Vector(), Vector(), 1));
  EXPECT_FALSE(all_at_most(Vector(), 1));
  EXPECT_FALSE(all_above(Vector(), 1));
}

TEST(Entrywise, TheMaximumThatTestsMayTakePropagatesNaN) {
  for (Index size = 1; size < 20; ++size)
    for (Index place = 0; place < size; ++place) {
      Vector a = Vector::Zero(size);
      a[place] = nan;
      EXPECT_TRUE(std::isnan(a.maxCoeff<Eigen::PropagateNaN>())) << place << " of " << size;
      EXPECT_TRUE(std::isnan(a.minCoeff<Eigen::PropagateNaN>())) << place << " of " << size;
    }
}

}  // namespace
}  // namespace jacobench
