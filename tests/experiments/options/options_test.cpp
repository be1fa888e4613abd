#include "options/options.hpp"

#include <gtest/gtest.h>

#include "study/study.hpp"
#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_experiment.hpp"

namespace jacobench::harness {
namespace {

using testing::error_line;
using testing::TemporaryFolder;
using testing::toy_experiments;

class StudyOfAConfig : public ::testing::Test {
 protected:
  Study read(const std::string& config) {
    return read_study(folder_.file("a.ini", config), toy_experiments());
  }

  std::string refusal(const std::string& config) {
    std::string line = error_line([&] { read(config); });
    const std::string prefix = folder_.path().string() + "/";
    return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
  }

  TemporaryFolder folder_;
};

TEST_F(StudyOfAConfig, HasDefaultsForWhatTheFileDoesNotSay) {
  EXPECT_EQ(read("experiment = toy\n").config(), (Config{{"experiment", "toy"},
                                                         {"seed", "1"},
                                                         {"toy.inputs", "1"},
                                                         {"toy.hidden", "3x2"},
                                                         {"toy.way", "plain"},
                                                         {"toy.scale", "1"},
                                                         {"toy.bias", "yes"},
                                                         {"toy.cell_limit", "100"},
                                                         {"toy.group", "1"}}));
}

TEST_F(StudyOfAConfig, ReadsBackWhatItsResolvedConfigSays) {
  const Config config = read(
                            "experiment = toy_too\nseed=9\n[toy]\nscale = 0.30000000000000004\nbias = no\n"
                            "hidden =3x2,none , 1000\n")
                            .config();
  EXPECT_EQ(value_of(config, "toy.scale"), "0.30000000000000004");
  EXPECT_EQ(value_of(config, "toy.hidden"), "3x2, none, 1000");
  EXPECT_EQ(read(to_ini(config)).config(), config);
}

TEST_F(StudyOfAConfig, IsRefusedWithFileLineKeyAndRemedy) {
  const std::string head = "experiment = toy\n[toy]\n";
  EXPECT_EQ(refusal(head + "hiden = 3\n"),
            "a.ini:3: toy.hiden: is not a known key; did you mean toy.hidden?");
  EXPECT_EQ(refusal(head + "hid = 3\n"), "a.ini:3: toy.hid: is not a known key; did you mean toy.hidden?");
  EXPECT_EQ(
      refusal("experiment = toy\n[network]\nwidth = 3\n"),
      "a.ini:3: network.width: is not a known key; known: seed, toy.inputs, toy.hidden, toy.way, toy.scale, "
      "toy.bias, toy.cell_limit, toy.group");
  EXPECT_EQ(refusal(head + "scale = 1.5x\n"),
            "a.ini:3: toy.scale: \"1.5x\" is not a number; allowed: a number from 0 to 1000000");
  EXPECT_EQ(
      refusal(head + "hidden = 3x0\n"),
      "a.ini:3: toy.hidden: \"3x0\" has a width of 0, which is out of range; allowed: widths from 1 to 1000 "
      "joined by x, such as 10x5, or none");
  EXPECT_EQ(refusal(head + "hidden =\n"),
            "a.ini:3: toy.hidden: is empty; allowed: a comma-separated list, each entry widths from 1 to "
            "1000 joined "
            "by x, such as 10x5, or none");
  EXPECT_EQ(
      refusal(head + "way = sideways\n"),
      "a.ini:3: toy.way: \"sideways\" is not known; allowed: plain, fine, digits, stepped, unpromised, nan, "
      "broken, throws, "
      "throws_int, no_memory, recorded, skips, other_row");
  EXPECT_EQ(refusal(head + "inputs = 1\ninputs = 2\n"), "a.ini:4: toy.inputs: is given twice; keep one");
}

TEST_F(StudyOfAConfig, IsRefusedWithoutAKnownExperiment) {
  EXPECT_EQ(
      refusal("seed = 1\n"),
      "a.ini: names no experiment; begin it with a line such as experiment = NAME (known: toy, toy_too)");
  EXPECT_EQ(refusal("\nexperiment = toi\n"),
            "a.ini:2: experiment: \"toi\" is not a known experiment; did you mean toy?");
  EXPECT_EQ(refusal("experiment = coverage\n"),
            "a.ini:1: experiment: \"coverage\" is not a known experiment; known: toy, toy_too");
}

TEST_F(StudyOfAConfig, LetsTheCommandLineBeatTheFile) {
  Study study = read("experiment = toy\nseed = 1\n[toy]\nscale = 2\n");
  const std::vector<std::string> arguments = {"--toy.scale", "3", "--toy.hidden=7"};
  EXPECT_TRUE(assign_command_line(arguments, {&study.options}).empty());
  EXPECT_EQ(value_of(study.config(), "toy.scale"), "3");
  EXPECT_EQ(value_of(study.config(), "toy.hidden"), "7");
  EXPECT_EQ(value_of(study.config(), "seed"), "1");
  const std::vector<std::string> bad = {"--toy.scale=-1"};
  EXPECT_EQ(error_line([&] { assign_command_line(bad, {&study.options}); }),
            "--toy.scale: \"-1\" is out of range; allowed: a number from 0 to 1000000");
}

TEST(OptionTable, SaysHowItsOptionsAreUsed) {
  std::int64_t rows = 50;
  bool update = false;
  OptionTable table;
  table.add("data.rows", "observations", rows, whole_number(1, 1000));
  table.add_flag("update", "take it over", update);
  EXPECT_EQ(table.help(),
            "  --data.rows VALUE\n      observations\n      allowed: a whole number from 1 to 1000\n      "
            "default: 50\n"
            "  --update\n      take it over\n");
}

TEST(OptionTable, TellsWhatNoFigureDependsOn) {
  std::int64_t rows = 50, threads = 1;
  OptionTable table;
  table.add("rows", "observations", rows, whole_number(1, 1000));
  table.add_without_effect("threads", "of the run", threads, whole_number(1, 8));
  EXPECT_EQ(table.meaning("threads"), "of the run; the figures do not depend on it");
  EXPECT_EQ(table.with_effect({{"rows", "7"}, {"threads", "3"}, {"other", "x"}}),
            (Config{{"rows", "7"}, {"other", "x"}}));
}

TEST(OptionTable, HoldsItsAuthorToKeysThatAreKeys) {
  std::int64_t rows = 50;
  OptionTable table;
  table.add("rows", "", rows, whole_number(1, 1000));
  for (const std::string key : {"rows", "Rows", "", ".rows", "rows.", "a.b.c", "data rows"})
    EXPECT_THROW(table.add(key, "", rows, whole_number(1, 1000)), std::logic_error) << key;
}

}  // namespace
}  // namespace jacobench::harness
