#include "options/value_text.hpp"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

TEST(RoundedText, KeepsSoManyDigits) {
  EXPECT_EQ(rounded_text(0.0, 3), "0");
  EXPECT_EQ(rounded_text(1.0, 3), "1.00");
  EXPECT_EQ(rounded_text(12.345, 3), "12.3");
  EXPECT_EQ(rounded_text(-0.012345, 2), "-0.012");
  EXPECT_EQ(rounded_text(9.996, 3), "10.0");
  EXPECT_EQ(rounded_text(12345.67, 3), "12346");
  EXPECT_EQ(rounded_text(99999.9, 3), "1.00e5");
  EXPECT_EQ(rounded_text(0.00099, 2), "9.9e-4");
  EXPECT_EQ(rounded_text(0.0009999, 2), "0.0010");
  EXPECT_EQ(rounded_text(4.3e7, 1), "4e7");
  EXPECT_EQ(rounded_text(5e-324, 3), "4.94e-324");
}

TEST(RoundedText, LeavesOtherValuesAsTheyAre) {
  EXPECT_EQ(rounded_text(Value(std::int64_t{1234567}), 3), "1234567");
  EXPECT_EQ(rounded_text(Value(true), 3), "yes");
  EXPECT_EQ(rounded_text(Value(std::string("10x5")), 3), "10x5");
  EXPECT_EQ(rounded_text(Value(), 3), "");
}

// Two digits of the error, and as many decimals of the estimate.
TEST(EstimateText, HasTheDigitsThatTheErrorLeavesIt) {
  EXPECT_EQ(estimate_text(0.94832, 0.00412, 3), "0.9483 +- 0.0041");
  EXPECT_EQ(estimate_text(0.95, 0.12, 3), "0.95 +- 0.12");
  EXPECT_EQ(estimate_text(0.94832, 0.00996, 3), "0.948 +- 0.010");
  EXPECT_EQ(estimate_text(-2.6, 10.2, 3), "-3 +- 10");
  EXPECT_EQ(estimate_text(0, 0.5, 3), "0.00 +- 0.50");
  EXPECT_EQ(estimate_text(43251, 1234, 3), "43300 +- 1200");
  EXPECT_EQ(estimate_text(4321098, 12345, 3), "4.321e6 +- 0.012e6");
  EXPECT_EQ(estimate_text(1.234e-5, 1.2e-6, 3), "1.23e-5 +- 0.12e-5");
  EXPECT_EQ(estimate_text(12, 43251, 3), "0 +- 43000");
}

TEST(EstimateText, HasSoManyDigitsWhereThereIsNoError) {
  EXPECT_EQ(estimate_text(1, 0, 3), "1.00 +- 0");
  EXPECT_EQ(estimate_text(0.94832, 1e-16, 3), "0.948 +- 1.0e-16");
  EXPECT_EQ(estimate_text(0, 0, 3), "0 +- 0");
}

TEST(ExactText, ReadsBackToTheBit) {
  for (const double value :
       {0.1, 1.0 / 3.0, 2.0 / 3.0, 1e-8, 5e-324, std::numeric_limits<double>::max(), 1e6})
    EXPECT_EQ(std::strtod(exact_text(value).c_str(), nullptr), value) << exact_text(value);
  EXPECT_EQ(exact_text(0.1), "0.1");
  EXPECT_EQ(exact_text_for_people(Value(1e-8)), "1e-8");
  EXPECT_EQ(exact_text_for_people(Value(1e6)), "1e6");
  EXPECT_EQ(exact_text_for_people(Value(0.25)), "0.25");
}

// Bounds that differ by a few standard errors print so.
TEST(TextToError, HasThreeDigitsOfTheStandardError) {
  EXPECT_EQ(text_to_error(999999999.49731, 0.0123, 6), "999999999.4973");
  EXPECT_EQ(text_to_error(-1e9, 0.0123, 6), "-1000000000");
  EXPECT_EQ(text_to_error(0.0673592, 0.00345, 6), "0.0673592");
  EXPECT_EQ(text_to_error(1234.5678, 1e-30, 6), "1234.5678");
  EXPECT_EQ(text_to_error(2.5, 0, 6), "2.5");
  EXPECT_EQ(text_to_error(0, 1, 6), "0");
}

}  // namespace
}  // namespace jacobench::harness
