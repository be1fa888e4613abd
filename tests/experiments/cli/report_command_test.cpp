#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "study/experiment_table.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using jacobench::testing::Printed;
using jacobench::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The program with the experiments that it ships with.
Printed run_shipped_program(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const harness::ProgressDisplay display{.out = err};
  const int code = run_command_line(arguments, out, display, harness::experiment_table());
  return {code, out.str(), err.str()};
}

const std::string results = JACOBENCH_SOURCE "/results/";

TEST(ReportCommand, SaysWhatIsWrongAndWritesNothing) {
  const TemporaryFolder folder;
  const auto refused = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "report");
    const Printed printed = run_shipped_program(arguments);
    EXPECT_EQ(printed.code, wrong_input);
    EXPECT_EQ(printed.out, "");
    return printed.err;
  };
  const std::string quick = results + "quick";
  EXPECT_THAT(refused({}), HasSubstr("nothing is given"));
  EXPECT_THAT(refused({quick, "--figure", "digit", "--out", "-"}), HasSubstr("did you mean digits?"));
  EXPECT_THAT(refused({quick, "--figure", "digits", "--out", "x.pdf"}), HasSubstr("neither .svg nor .png"));
  EXPECT_THAT(refused({quick, "--out", "x.svg"}), HasSubstr("name the one to draw with --figure"));
  EXPECT_THAT(refused({"bands.csv"}), HasSubstr("name its fit file as well"));
  EXPECT_THAT(refused({"a.json", "b.json"}), HasSubstr("one fit and one file of its bands"));
  EXPECT_THAT(refused({results + "nowhere", "--out", (folder.path() / "x.html").string()}),
              HasSubstr("nowhere"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ReportCommand, WritesAPageOrAPicture) {
  const Printed page = run_shipped_program({"report", results + "quick", "--out", "-"});
  EXPECT_EQ(page.code, all_well) << page.err;
  EXPECT_THAT(page.out, StartsWith("<!DOCTYPE html>"));
  EXPECT_EQ(page.out, run_shipped_program({"report", results + "quick", "--out", "-"}).out);
  const Printed picture =
      run_shipped_program({"report", results + "quick", "--figure", "digits", "--out", "-"});
  EXPECT_EQ(picture.code, all_well) << picture.err;
  EXPECT_THAT(picture.out, StartsWith("<svg xmlns="));
}

// What README.md shows is what the commands beside it write.
TEST(ReportCommand, ThePicturesOfTheReadmeAreCurrent) {
  const auto drawn = [](std::vector<std::string> arguments, const std::string& figure) {
    arguments.insert(arguments.begin(), "report");
    for (std::string& argument : arguments)
      if (argument != "report") argument = results + argument;
    arguments.insert(arguments.end(), {"--figure", figure, "--out", "-"});
    return run_shipped_program(arguments).out;
  };
  using jacobench::testing::contents_of;
  EXPECT_EQ(contents_of(results + "step_sweep/step.svg"), drawn({"step_sweep"}, "step"));
  EXPECT_EQ(contents_of(results + "speed/time.svg"), drawn({"speed"}, "time"));
  EXPECT_EQ(contents_of(results + "rat42/bands.svg"), drawn({"rat42/fit.json", "rat42/bands.csv"}, "bands"));
}

}  // namespace
}  // namespace jacobench::cli
