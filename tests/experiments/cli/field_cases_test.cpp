// Inputs that people brought and what is right of them: tests/field, whose cases.json says how that is known.
#include <cmath>
#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv_column.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using Cases = nlohmann::json;

const std::filesystem::path field = std::filesystem::path(JACOBENCH_SOURCE) / "tests/field";

const Cases& all_cases() {
  static const Cases all = Cases::parse(testing::contents_of(field / "cases.json"));
  return all;
}

// By the place of the case in the file.
class FieldCases : public ::testing::TestWithParam<std::size_t> {
 protected:
  // A file that stands in tests/field is meant there, any other in a folder of this test's own.
  std::string argument(const std::string& text) const {
    if (std::filesystem::exists(field / text)) return (field / text).string();
    const bool is_file = text.ends_with(".csv") || text.ends_with(".json");
    return is_file ? (folder_.path() / text).string() : text;
  }

  const testing::TemporaryFolder folder_;
};

void expect_words(const Cases& step, const testing::Printed& printed, const std::string& written) {
  const std::string all = printed.out + printed.err + written;
  for (const std::string words : step.value("says", Cases::array()))
    EXPECT_NE(all.find(words), std::string::npos) << "does not say: " << words << "\n" << all;
  for (const std::string words : step.value("never_says", Cases::array()))
    EXPECT_EQ(all.find(words), std::string::npos) << "says: " << words << "\n" << all;
  const bool may_quote_it = printed.code == 2;
  EXPECT_TRUE(may_quote_it || !std::regex_search(all, std::regex("\\bnan\\b", std::regex::icase))) << all;
}

// Rows count from 0. A bound that is not given is an empty cell, which reads as NaN.
void expect_figures(const Cases& step, const std::filesystem::path& file) {
  for (const Cases& figure : step.value("figures", Cases::array())) {
    const std::string column = figure.at("column");
    const Vector values = testing::csv_column(file, column);
    const Index row = figure.at("row");
    ASSERT_LT(row, values.size());
    if (figure.at("is").is_null())
      EXPECT_TRUE(std::isnan(values[row])) << column << " of row " << row << " is " << values[row];
    else
      EXPECT_LE(std::abs(values[row] - figure.at("is").get<double>()), figure.at("within").get<double>())
          << column << " of row " << row << " is " << values[row];
  }
}

TEST_P(FieldCases, EndAsIsRight) {
  for (const Cases& step : all_cases()[GetParam()].at("steps")) {
    std::vector<std::string> arguments;
    for (const std::string text : step.at("run")) arguments.push_back(argument(text));
    const bool writes = step.contains("figures");
    if (writes) arguments.insert(arguments.end(), {"--out", argument("figures.csv")});
    const testing::Printed printed = testing::run_program(arguments);
    EXPECT_EQ(printed.code, step.at("exit").get<int>()) << printed.err << printed.out;
    expect_words(step, printed, writes ? testing::contents_of(argument("figures.csv")) : "");
    expect_figures(step, argument("figures.csv"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, FieldCases, ::testing::Range<std::size_t>(0, all_cases().size()),
                         [](const auto& its) {
                           return all_cases()[its.param].at("name").template get<std::string>();
                         });

}  // namespace
}  // namespace jacobench::cli
