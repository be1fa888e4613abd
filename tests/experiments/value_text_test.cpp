#include "harness/value_text.hpp"

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

TEST(ExactText, ReadsBackToTheBit) {
  for (const double value :
       {0.1, 1.0 / 3.0, 2.0 / 3.0, 1e-8, 5e-324, std::numeric_limits<double>::max(), 1e6})
    EXPECT_EQ(std::strtod(exact_text(value).c_str(), nullptr), value) << exact_text(value);
  EXPECT_EQ(exact_text(0.1), "0.1");
  EXPECT_EQ(exact_text_for_people(Value(1e-8)), "1e-8");
  EXPECT_EQ(exact_text_for_people(Value(1e6)), "1e6");
  EXPECT_EQ(exact_text_for_people(Value(0.25)), "0.25");
}

}  // namespace
}  // namespace jacobench::harness
