// The experiment from its config to the check, on a grid too thin for figures: these are held by
// tests/lib/verification/activation_accuracy_test.cpp.
#include "activations/activations_experiment.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
}

}  // namespace
}  // namespace jacobench::activations
