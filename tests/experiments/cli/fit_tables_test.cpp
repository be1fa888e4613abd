// What programs read of a fit and its bands.
#include "cli/fit_tables.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "support/entrywise.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using jacobench::testing::all_within_relative;
using jacobench::testing::Printed;
using jacobench::testing::run_program;

class FitTables : public ::testing::Test {
 protected:
  // NIST's Rat42 from its first start.
  Printed fit(const std::vector<std::string>& more) {
    const std::string folder = std::string(JACOBENCH_SOURCE) + "/configs/rat42/";
    std::vector<std::string> arguments{"fit",    folder + "rat42.csv",  "--outputs", "yield",
                                       "--from", folder + "start.json", "--starts",  "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  std::string path(const std::string& name) { return (folder_.path() / name).string(); }

  jacobench::testing::TemporaryFolder folder_;
};

// w1 = b3, b1 = -b2 and w2 = b1 of NIST, certified to eleven digits.
const Vector certified{{0.067359200066, -2.6180768402, 72.462237576}};
const Vector certified_sd{{0.0034465663377, 0.088295217536, 1.7340283401}};

TEST_F(FitTables, CoefficientsAreOneRowAParameter) {
  const Printed printed = fit({"--coefficients", path("c.json"), "--summary", path("s.json")});
  ASSERT_EQ(printed.code, all_well) << printed.err;
  EXPECT_EQ(printed.out.substr(0, 5), "data ");  // the report is printed beside them
  const auto rows = nlohmann::json::parse(jacobench::testing::contents_of(path("c.json")))["rows"];
  ASSERT_EQ(rows.size(), 3u);
  const auto column = [&](const char* name) {
    return Vector{{rows[0][name].get<double>(), rows[1][name].get<double>(), rows[2][name].get<double>()}};
  };
  EXPECT_TRUE(all_within_relative(column("estimate"), certified, 1e-9));
  EXPECT_TRUE(all_within_relative(column("std_error"), certified_sd, 1e-9));
  EXPECT_TRUE(all_within_relative(column("statistic"), certified.cwiseQuotient(certified_sd), 1e-9));
  const double t = 2.4469118511;  // 97.5% of Student's t with 6 degrees of freedom
  EXPECT_TRUE(all_within_relative(column("upper"), certified + t * certified_sd, 1e-9));
  const nlohmann::json summary =
      nlohmann::json::parse(jacobench::testing::contents_of(path("s.json")))["rows"][0];
  EXPECT_NEAR(summary["sigma"], 1.1587725499, 1e-9);
  EXPECT_EQ(summary["dof"], 6);
  EXPECT_EQ(summary["n_observations"], 9);
  EXPECT_EQ(summary["network"], "1-1-1");
  EXPECT_EQ(summary["settled"], true);
  EXPECT_TRUE(summary["reason"].is_null());
}

TEST_F(FitTables, JsonHasSummaryAndCoefficients) {
  const nlohmann::json json = nlohmann::json::parse(fit({"--format", "json"}).out);
  EXPECT_EQ(json["summary"]["rows"].size(), 1u);
  EXPECT_EQ(json["coefficients"]["rows"][2]["parameter"], "w2[0,0]");
  EXPECT_NEAR(json["coefficients"]["rows"][2]["estimate"], certified[2], 1e-7);
  for (const char* format : {"markdown", "csv", "latex"})
    EXPECT_NE(fit({"--format", format}).out.find("w2[0,0]"), std::string::npos) << format;
}

TEST_F(FitTables, SayWhyAFigureIsMissing) {
  const nlohmann::json json =
      nlohmann::json::parse(fit({"--format", "json", "--max_iterations", "1", "--decay", "0"}).out);
  EXPECT_EQ(json["summary"]["rows"][0]["reason"], "the fit has not settled");
  for (const nlohmann::json& row : json["coefficients"]["rows"]) {
    EXPECT_TRUE(row["std_error"].is_null());
    EXPECT_TRUE(row["statistic"].is_null());
    EXPECT_EQ(row["reason"], "the fit has not settled");
  }
}

TEST_F(FitTables, TwoOfThemGoToTwoPlaces) {
  EXPECT_EQ(fit({"--coefficients", path("one"), "--summary", path("one")}).code, wrong_input);
  EXPECT_EQ(fit({"--coefficients", "-", "--out", "-"}).code, wrong_input);
}

// In brackets or behind a comma of the column's name.
TEST_F(FitTables, BandsHaveTheUnitsOfTheirColumns) {
  const std::string data =
      folder_.file("units.csv", "\"Temp, C\",\"yield [t/ha]\"\n0,1\n1,1.9\n2,3.2\n3,3.9\n");
  ASSERT_EQ(run_program({"fit", data, "--inputs", "\"Temp, C\"", "--outputs", "yield [t/ha]", "--hidden",
                         "none", "--decay", "0", "--out", path("fit.json")})
                .code,
            all_well);
  const Printed printed = run_program({"interval", path("fit.json"), "--at", "data", "--format", "json"});
  ASSERT_EQ(printed.code, all_well) << printed.err;
  const nlohmann::json json = nlohmann::json::parse(printed.out);
  EXPECT_EQ(json["columns"][1]["unit"], "C");
  EXPECT_EQ(json["columns"][3]["unit"], "t/ha");
  EXPECT_EQ(json["rows"][0]["unit"], "t/ha");
  EXPECT_TRUE(json["rows"][0]["reason"].is_null());
}

}  // namespace
}  // namespace jacobench::cli
