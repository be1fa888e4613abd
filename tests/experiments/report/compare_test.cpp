// jacobench compare: cell by cell, and only what can be compared.
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "study/experiment_table.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_experiment.hpp"

namespace jacobench::cli {
namespace {

using namespace testing;

class Compare : public ::testing::Test {
 protected:
  int call(const std::vector<std::string>& arguments,
           std::span<const harness::ExperimentInfo> experiments = harness::experiment_table()) {
    std::ostringstream out, err;
    const int code = run_command_line(arguments, out, {.out = err}, experiments);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string path(const std::string& name) { return folder_.path() / name; }

  // A result of a few short timings.
  void run(const std::string& name, const std::string& hidden) {
    const std::string config =
        folder_.file("speed.ini", "experiment = speed\n[network]\nhidden = " + hidden +
                                      "\n[data]\nrows = 8\n[timing]\nrepetitions = 3\nmin_time = 1e-5\n"
                                      "[jacobian]\nstrategies = layerwise, per_parameter\n");
    ASSERT_EQ(call({"run", config, "--out", path(name)}), all_well) << err_;
  }

  TemporaryFolder folder_;
  std::string out_, err_;
};

TEST_F(Compare, SetsEveryCellOfBothSideBySide) {
  run("a", "3, 5");
  run("b", "3, 5");
  EXPECT_EQ(call({"compare", path("a"), path("b")}), all_well) << err_;
  for (const char* work : {"write_limit", "values", "per_parameter", "layerwise"})
    for (const char* network : {"2-3-1", "2-5-1"})
      EXPECT_NE(out_.find("network=" + std::string(network) +
                          " activation=tanh rows=8 wrt=parameters threads=1 work=" + work),
                std::string::npos)
          << out_;
}

TEST_F(Compare, RefusesAnotherConfigUnlessForced) {
  run("a", "3");
  run("b", "3, 5");
  EXPECT_EQ(call({"compare", path("a"), path("b")}), wrong_input);
  EXPECT_NE(err_.find("network.hidden: 3 and 3, 5"), std::string::npos) << err_;
  EXPECT_EQ(call({"compare", path("a"), path("b"), "--force"}), all_well) << err_;
  EXPECT_NE(out_.find("only in " + path("b") + ": network=2-5-1"), std::string::npos) << out_;
}

TEST_F(Compare, RefusesAnotherMachineOrBuildUnlessForced) {
  run("a", "3");
  run("b", "3");
  const std::string original = contents_of(path("b/manifest.json"));
  for (const auto& [part, name] :
       {std::pair{"machine", "cpu"}, {"program", "flags"}, {"program", "compiler"}}) {
    auto manifest = nlohmann::ordered_json::parse(original);
    manifest[part][name] = "another";
    folder_.file("b/manifest.json", manifest.dump());
    EXPECT_EQ(call({"compare", path("a"), path("b")}), wrong_input) << name;
    EXPECT_NE(err_.find(name), std::string::npos) << err_;
    EXPECT_EQ(call({"compare", path("a"), path("b"), "--force"}), all_well) << err_;
  }
}

TEST_F(Compare, TellsWhatItWants) {
  EXPECT_EQ(call({"compare", path("a")}), wrong_input);
  const std::string config = folder_.file("toy.ini", toy_config);
  ASSERT_EQ(call({"run", config, "--out", path("toy")}, toy_experiments()), all_well);
  EXPECT_EQ(call({"compare", path("toy"), path("toy")}, toy_experiments()), wrong_input);
  EXPECT_NE(err_.find("keeps no repeated timings"), std::string::npos) << err_;
}

TEST_F(Compare, ManifestSaysWhatTheTimerSawOfTheMachine) {
  run("a", "3");
  const auto manifest = nlohmann::json::parse(contents_of(path("a/manifest.json")));
  EXPECT_TRUE(manifest["run"].contains("clock_mhz"));
  EXPECT_TRUE(manifest["run"].contains("clock_scaling"));
}

}  // namespace
}  // namespace jacobench::cli
