#include "coverage/expectation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/error_line.hpp"

namespace jacobench::coverage {
namespace {

using harness::ColumnRole;
using jacobench::testing::error_line;
using Rules = std::vector<std::string>;

const harness::ColumnList row_columns{{.name = "method", .role = ColumnRole::identity},
                                      {.name = "level", .role = ColumnRole::identity},
                                      {.name = "coverage", .role = ColumnRole::measure}};

harness::Row row(const std::string& method, double level) {
  return {harness::RowStatus::ok, "", {method, level, std::monostate{}}};
}

const harness::Row delta_row = row("delta", 0.95);
constexpr double z_999 = 3.290526731491896;

TEST(Expectation, IsOfTheRowsThatHaveAllItsValues) {
  const Findings findings{0.95, 0.01, 0.95, {}, {}};
  const auto is_of = [&](const Rules& rules) {
    return hold({.nominal = rules}, row_columns, delta_row, findings).has_value();
  };
  EXPECT_TRUE(is_of({"method=delta"}));
  EXPECT_TRUE(is_of({"method=hc3", "  level=0.95   method=delta "}));
  EXPECT_FALSE(is_of({"method=hc3", "level=0.9 method=delta"}));
  EXPECT_TRUE(is_of({""})) << "no condition, all rows";
  EXPECT_FALSE(hold({}, row_columns, delta_row, findings));
}

// 1 is where chance ends: z_999 standard errors from the level.
TEST(Expectation, OfCoverageIsHeldAt999PerMille) {
  const Rules all{"method=delta"};
  const auto over = [](const Expectations& expectations, double distance) {
    return hold(expectations, row_columns, delta_row, {0.95 + distance, 0.01, 0.95, {}, {}})->over_allowance;
  };
  const double edge = 0.01 * z_999;
  for (const double sign : {-1, 1}) {
    EXPECT_NEAR(over({.nominal = all}, sign * edge), 1, 1e-12);
    EXPECT_NEAR(over({.nominal = all}, sign * edge / 2), 0.5, 1e-12);
  }
  EXPECT_NEAR(over({.under = all}, -edge), 1, 1e-12);
  EXPECT_NEAR(over({.under = all}, -2 * edge), 0.5, 1e-12);
  EXPECT_GT(over({.under = all}, 2 * edge), 1);
  EXPECT_GT(over({.under = all}, 0), 1);
  EXPECT_NEAR(over({.over = all}, 2 * edge), 0.5, 1e-12);
  EXPECT_GT(over({.over = all}, -2 * edge), 1);
  EXPECT_EQ(over({.nominal = all}, 0), 0);
  EXPECT_EQ(hold({.nominal = all}, row_columns, delta_row, {1, 0, 0.95, {}, {}})->over_allowance, HUGE_VAL);
}

TEST(Expectation, OfCalibrationIsHeldAtThreeStandardErrors) {
  const auto over = [](std::optional<double> ratio, std::optional<double> se) {
    const Findings findings{0.95, 0.01, 0.95, ratio, se};
    return hold({.calibrated = Rules{"method=delta"}}, row_columns, delta_row, findings)->over_allowance;
  };
  EXPECT_NEAR(over(1.06, 0.02), 1, 1e-12);
  EXPECT_NEAR(over(0.97, 0.02), 0.5, 1e-12);
  EXPECT_EQ(over({}, {}), HUGE_VAL) << "no ratio is no calibration";
}

TEST(Expectation, SeveralOfOneRowAreAllHeld) {
  const Expectations both{.nominal = Rules{"method=delta"}, .calibrated = Rules{"level=0.95"}};
  const auto held = hold(both, row_columns, delta_row, {0.95 + 0.01 * z_999, 0.01, 0.95, 1.03, 0.02});
  EXPECT_EQ(held->expected, "nominal, calibrated");
  EXPECT_NEAR(held->over_allowance, 1, 1e-12);
}

TEST(Expectation, IsRefusedWhereItSaysNothingOfTheStudy) {
  const std::vector<harness::Row> cells{delta_row, row("hc3", 0.9)};
  const auto refusal = [&](const Expectations& expectations) {
    return error_line([&] { check_rules(expectations, row_columns, cells); });
  };
  EXPECT_EQ(refusal({.nominal = Rules{"method=hc3", "method=delta level=0.95"}}), "no InputError was thrown");
  EXPECT_EQ(refusal({.nominal = Rules{"method=delta", "method=hc3 level=0.95"}}),
            "expect.nominal: \"method=hc3 level=0.95\" matches no cell of the study");
  EXPECT_EQ(refusal({.under = Rules{"delta"}}),
            "expect.under: \"delta\" is not column=value; name columns of the table");
  EXPECT_EQ(refusal({.over = Rules{"=delta"}}),
            "expect.over: \"=delta\" is not column=value; name columns of the table");
  const std::string unknown = " is not a column that tells cells apart; see jacobench run CONFIG --plan";
  EXPECT_EQ(refusal({.calibrated = Rules{"methud=delta"}}), "expect.calibrated: \"methud\"" + unknown);
  EXPECT_EQ(refusal({.nominal = Rules{"coverage=1"}}), "expect.nominal: \"coverage\"" + unknown);
}

}  // namespace
}  // namespace jacobench::coverage
