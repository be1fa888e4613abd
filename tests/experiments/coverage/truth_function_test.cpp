#include "coverage/truth_function.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/errors.hpp"

#include "support/error_line.hpp"
#include "support/named.hpp"

namespace jacobench::coverage {
namespace {

using jacobench::testing::error_line;

const TruthFunctionInfo& function(std::string_view name) {
  return jacobench::testing::named(truth_function_table(), name);
}

double value(std::string_view name, const std::vector<double>& x) { return function(name).f(x); }

TEST(TruthFunction, LinearAddsAllInputs) {
  EXPECT_EQ(value("linear", {0.5}), 1.5);
  EXPECT_EQ(value("linear", {0.5, -0.25, 1}), 2.25);
}

// sin(pi / 2), sin(pi / 6) and a full period.
TEST(TruthFunction, SineHasOnePeriod) {
  EXPECT_NEAR(value("sine", {0.5}), 1, 1e-15);
  EXPECT_NEAR(value("sine", {1.0 / 6}), 0.5, 1e-15);
  EXPECT_NEAR(value("sine", {-0.5, 7}), -1, 1e-15);
  EXPECT_NEAR(value("sine", {1}), 0, 1e-15);
}

// At a centre: the bump's height and what the other one leaves there; one width away: a factor 1 / e.
TEST(TruthFunction, TwoBumpsHaveTheirCentresHeightsAndWidths) {
  EXPECT_NEAR(value("two_bump", {-0.4}), 1 + 0.6 * std::exp(-20.25), 1e-14);
  EXPECT_NEAR(value("two_bump", {0.5}), 0.6 + std::exp(-9), 1e-14);
  EXPECT_NEAR(value("two_bump", {-0.7}), std::exp(-1) + 0.6 * std::exp(-36), 1e-14);
  EXPECT_NEAR(value("two_bump", {0.7}), 0.6 * std::exp(-1) + std::exp(-121.0 / 9), 1e-14);
}

// u = (x + 1) / 2; by hand from Friedman (1991), eq. 61.
TEST(TruthFunction, FriedmanAtPointsDoneByHand) {
  EXPECT_NEAR(value("friedman", {0, 0, 0, 0, 0}), 10 * std::sqrt(0.5) + 5 + 2.5, 1e-14);
  EXPECT_NEAR(value("friedman", {-1, 1, -1, -1, -1}), 5, 1e-14);        // 20 / 4
  EXPECT_NEAR(value("friedman", {1, 0, 0, 1, 1}), 10 + 10 + 5, 1e-14);  // u_1 u_2 = 1 / 2
  EXPECT_NEAR(value("friedman", {1, -1, 0.5, -1, 0}), 20.0 / 16 + 2.5, 1e-14);
}

TEST(TruthFunction, StepIsZeroAtTheJump) {
  EXPECT_EQ(value("step", {-1}), 0);
  EXPECT_EQ(value("step", {0}), 0);
  EXPECT_EQ(value("step", {1e-300}), 1);
}

TEST(TruthFunction, EvaluatesRowsWithoutAllocating) {
  const Matrix X = (Matrix(2, 5) << 0, 0, 0, 0, 0, 1, 0, 0, 1, 1).finished();
  Vector y(2);
  EXPECT_EQ(allocations_of([&] { evaluate(function("friedman"), X, y); }), 0u);
  EXPECT_EQ(y[0], value("friedman", {0, 0, 0, 0, 0}));
  EXPECT_EQ(y[1], value("friedman", {1, 0, 0, 1, 1}));
  EXPECT_THROW(evaluate(function("friedman"), X, y.head(1)), std::logic_error);
}

TEST(TruthFunction, WrongInputsAreErrorsOfTheUser) {
  EXPECT_EQ(error_line([] { check_n_inputs(function("friedman"), 4); }),
            "truth: friedman is a function of 5 inputs, not 4; change the number of inputs or the truth");
  EXPECT_THROW(check_n_inputs(function("linear"), 0), InputError);
  for (const Index D : {1, 2, 7}) EXPECT_NO_THROW(check_n_inputs(function("linear"), D));
}

}  // namespace
}  // namespace jacobench::coverage
