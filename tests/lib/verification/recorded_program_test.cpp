#include "jacobench/verification/recorded_program.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace jacobench {
namespace {

using Program = RecordedProgram<double>;

// f = (x y + x) x with x = 3, y = 5: f_x = 2 x y + 2 x = 36, f_y = x^2 = 9; integers, so equal to the bit.
TEST(RecordedProgram, DifferentiatesSumsAndProductsThatShareArguments) {
  Program p;
  const auto x = p.variable(3), y = p.variable(5);
  const auto f = p.multiply(p.multiply_add(x, y, x), x);
  EXPECT_EQ(p.value(f), 54);
  const auto& d = p.derivatives(f);
  EXPECT_EQ(d[x], 36);
  EXPECT_EQ(d[y], 9);
}

TEST(RecordedProgram, AnOperationMayHaveOneArgumentTwice) {
  Program p;
  const auto x = p.variable(7);
  EXPECT_EQ(p.derivatives(p.multiply(x, x))[x], 14);
  EXPECT_EQ(p.derivatives(p.add(x, x))[x], 2);
}

TEST(RecordedProgram, AppliesFunctionsByTheChainRule) {
  Program p;
  const auto x = p.variable(0.5);
  const auto square = p.multiply(x, x);
  const auto f = p.apply(square, std::sin(0.25), std::cos(0.25));
  EXPECT_EQ(p.derivatives(f)[x], 2 * 0.5 * std::cos(0.25));
}

TEST(RecordedProgram, WhatComesAfterAResultDoesNotMatterToIt) {
  Program p;
  const auto x = p.variable(2), y = p.variable(3);
  const auto f = p.multiply(x, y);
  const auto g = p.multiply(f, f);
  EXPECT_EQ(p.derivatives(f)[x], 3);
  EXPECT_EQ(p.derivatives(g)[x], 36);
  EXPECT_EQ(p.derivatives(f)[y], 2);  // again, after a sweep from further up
}

TEST(RecordedProgram, ClearForgetsEverything) {
  Program p;
  p.variable(1);
  p.clear();
  const auto x = p.variable(4);
  EXPECT_EQ(x, 0u);
  EXPECT_EQ(p.derivatives(x)[x], 1);
}

}  // namespace
}  // namespace jacobench
