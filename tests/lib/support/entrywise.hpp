// Assertions on every entry of a matrix. They fail where an entry, a difference or a bound is not finite, where shapes
// differ and where there is nothing to compare, and name the worst entry.
//
// The maximum of the entries will not do: Eigen's maxCoeff() may pass over what is not a number, so that a matrix of
// NaN and zeros is within any bound. Where a test needs a maximum, maxCoeff<Eigen::PropagateNaN>() is one.
//
// Arrays are given as .matrix().
#pragma once

#include <gtest/gtest.h>

#include "jacobench/base/matrix.hpp"

namespace jacobench::testing {

// |a - b| <= bound, where 0 asks for equality; of a bound for each entry, the bound of its own.
::testing::AssertionResult all_within(const MatrixView& a, const MatrixView& b, double bound);
::testing::AssertionResult all_within(const MatrixView& a, const MatrixView& b, const MatrixView& bound);

// |a - b| <= bound |b|.
::testing::AssertionResult all_within_relative(const MatrixView& a, const MatrixView& b, double bound);

// a <= bound and a > bound.
::testing::AssertionResult all_at_most(const MatrixView& a, double bound);
::testing::AssertionResult all_above(const MatrixView& a, double bound);

}  // namespace jacobench::testing
