// The experiment from its config to the check, on a grid too thin for figures: these are held by
// tests/lib/verification/activation_accuracy_test.cpp.
#include "activations/activations_experiment.hpp"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "options/value_text.hpp"
#include "report/chart.hpp"
#include "report/check.hpp"
#include "run/runner.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::activations {
namespace {

using namespace harness;

std::unique_ptr<Experiment> make() { return std::make_unique<ActivationsExperiment>(); }
constexpr ExperimentInfo table_of_one[] = {{"activations", "", make}};

TEST(Activations, HaveARowEachThatKeepsItsPromise) {
  const jacobench::testing::TemporaryFolder folder;
  std::ostringstream said;
  Study study = read_study(folder.file("a.ini",
                                       "experiment = activations\nactivations = tanh, relu\n"
                                       "[grid]\npoints_per_octave = 1\n"),
                           table_of_one);
  run_study(study, folder.path() / "result", "", {.out = said});
  const StoredResult result = read_result(folder.path() / "result", table_of_one, said);
  EXPECT_THAT(problems_of(result), ::testing::IsEmpty());
  ASSERT_EQ(result.rows.size(), 2u);
  const auto text_of = [&](std::size_t row, std::string_view column) {
    return result.rows[row].values.at(column_index(result.columns(), column));
  };
  EXPECT_EQ(text_of(0, "activation"), Value(std::string("tanh")));
  EXPECT_EQ(text_of(1, "activation"), Value(std::string("relu")));
  EXPECT_EQ(text_of(1, "value_ulp"), Value(0.0)) << "relu rounds nothing";
  EXPECT_NE(text_of(0, "value_ulp"), Value(0.0));

  const auto charts = charts_of(result.study.experiment->figures(), {result.columns(), result.rows});
  ASSERT_EQ(charts.size(), 2u);
  const Chart& by_argument = charts[1];
  EXPECT_EQ(by_argument.name, "ulp_by_argument");
  ASSERT_EQ(by_argument.panels.size(), 2u);
  const Panel& of_tanh = by_argument.panels[0];
  EXPECT_EQ(of_tanh.title, "activation tanh");
  ASSERT_EQ(of_tanh.lines.size(), 5u);  // three errors, two bounds
  double largest = 0;
  for (const Point& point : of_tanh.lines[0].points) largest = std::max(largest, point.y);
  const double stated = *number_in(text_of(0, "value_ulp"));
  EXPECT_NEAR(largest, stated, 0.005 * stated) << "three digits";
  EXPECT_EQ(of_tanh.lines[0].points.size(), 70u);  // octaves of either sign
  EXPECT_TRUE(of_tanh.lines[3].dashed);
  EXPECT_EQ(of_tanh.lines[3].colour, of_tanh.lines[0].colour);
  for (const Point& point : of_tanh.lines[3].points) EXPECT_EQ(Value(point.y), text_of(0, "value_bound"));
}

}  // namespace
}  // namespace jacobench::activations
