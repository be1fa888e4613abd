// What commands write, wherever they are told to write it.
#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "run/progress.hpp"
#include "support/special_files.hpp"
#include "support/toy_run.hpp"

namespace jacobench::cli {
namespace {

namespace fs = std::filesystem;
using testing::contents_of;

const fs::path model_files = JACOBENCH_TEST_MODELS;
const fs::path rat42_folder = fs::path(JACOBENCH_SOURCE) / "configs/rat42";

// An option of a command that names what to write.
struct Option {
  std::string command, name;
};

std::ostream& operator<<(std::ostream& out, const Option& option) {
  return out << option.command << "_" << option.name;
}

class Outputs : public ::testing::Test {
 protected:
  int call(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const harness::ProgressDisplay display{.out = err};
    const int code = run_command_line(arguments, out, display, testing::toy_experiments());
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  // What the command needs is made where it is missing.
  std::vector<std::string> arguments(const Option& option) {
    const std::vector<std::string> fit = {"fit",    rat42_folder / "rat42.csv",  "--outputs", "yield",
                                          "--from", rat42_folder / "start.json", "--starts",  "0"};
    if (option.command == "fit") return fit;
    if (option.command == "interval") {
      std::vector<std::string> with_file = fit;
      with_file.insert(with_file.end(), {"--out", folder_.path() / "fit.json"});
      if (!fs::exists(folder_.path() / "fit.json")) call(with_file);
      return {"interval", folder_.path() / "fit.json"};
    }
    if (option.command == "check") {
      testing::ToyRun toy(folder_);
      toy.run();
      return {"check", toy.result, "--update"};
    }
    return {option.command, model_files / "torch.json", model_files / "data.csv"};
  }

  int write_to(const Option& option, const std::string& name) {
    std::vector<std::string> all = arguments(option);
    all.insert(all.end(), {"--" + option.name, name});
    return call(all);
  }

  bool error_is_one_line() const { return std::count(err_.begin(), err_.end(), '\n') == 1; }

  testing::TemporaryFolder folder_;
  testing::SpecialFiles files_;
  std::string out_, err_;
};

class EveryOutput : public Outputs, public ::testing::WithParamInterface<Option> {
 protected:
  void SetUp() override {
    ASSERT_EQ(write_to(files_.path("wanted.csv")), all_well) << err_;
    wanted_ = contents_of(files_.path("wanted.csv"));
    printed_ = out_;
    ASSERT_NE(wanted_, "");
    ASSERT_EQ(files_.n_partials(), 0);
  }

  int write_to(const std::string& name) { return Outputs::write_to(GetParam(), name); }

  // A baseline that `check` can read; the others do not look.
  std::string old_file(const std::string& name) {
    return files_.file(name, R"({"format":"jacobench-baseline","version":1,"config":{},"cells":{}})");
  }

  void expect_refused(const std::string& name, const std::string& reason) {
    EXPECT_EQ(write_to(name), wrong_input);
    EXPECT_NE(err_.find(reason), std::string::npos) << err_;
    EXPECT_TRUE(error_is_one_line()) << err_;
    EXPECT_EQ(files_.n_partials(), 0);
  }

  std::string wanted_, printed_;
};

TEST_P(EveryOutput, FollowsALink) {
  const fs::path file = old_file("real/file.csv"), link = files_.link("link.csv", "real/file.csv");
  EXPECT_EQ(write_to(link), all_well) << err_;
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_FALSE(fs::is_symlink(file));
  EXPECT_EQ(contents_of(file), wanted_);
  EXPECT_EQ(files_.n_partials(), 0);
}

TEST_P(EveryOutput, MakesWhatALinkPointsTo) {
  const fs::path link = files_.link("link.csv", "file.csv");
  EXPECT_EQ(write_to(link), all_well) << err_;
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(contents_of(files_.path("file.csv")), wanted_);
}

TEST_P(EveryOutput, RefusesALoopOfLinksAndAFolder) {
  expect_refused(files_.link("loop.csv", "loop.csv"), "loop.csv: cannot be written (Too many levels");
  expect_refused(files_.folder(), "cannot be written (Is a directory)");
  expect_refused(files_.path("no/file.csv"), "cannot be written (No such file or directory)");
}

TEST_P(EveryOutput, GoesIntoAPipe) {
  const fs::path pipe = files_.pipe("pipe");
  testing::PipeReader reader(pipe);
  EXPECT_EQ(write_to(pipe), all_well) << err_;
  EXPECT_EQ(reader.contents(), wanted_);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_P(EveryOutput, LeavesADeviceADevice) {
  const auto null = files_.null_device(), full = files_.full_device();
  if (!null || !full) GTEST_SKIP() << "making a device needs the right to, and a place that has devices";
  EXPECT_EQ(write_to(*null), all_well) << err_;
  EXPECT_TRUE(fs::is_character_file(*null));
  expect_refused(*full, "full: cannot be written (No space left on device)");
  EXPECT_TRUE(fs::is_character_file(*full));
}

// Standard output has then nothing else in it: what is printed otherwise goes to standard error.
TEST_P(EveryOutput, IsPrintedAlone) {
  for (const std::string name : {"-", "/dev/stdout", "/dev/fd/1"}) {
    EXPECT_EQ(write_to(name), all_well) << err_;
    EXPECT_EQ(out_, wanted_) << name;
    if (GetParam().command == "fit") {
      EXPECT_EQ(err_, printed_) << name;
    }
    if (GetParam().command == "check") {
      EXPECT_NE(err_.find("6 cells"), std::string::npos) << err_;
    }
    EXPECT_FALSE(fs::exists("-"));
  }
}

TEST_P(EveryOutput, LeavesTheOldFileWhereItFails) {
  const fs::path file = old_file("file.csv");
  const std::string before = contents_of(file);
  const std::vector<std::string> made_before = arguments(GetParam());
  {
    const testing::FileSizeLimit limit(10);
    std::vector<std::string> all = made_before;
    all.insert(all.end(), {"--" + GetParam().name, file});
    EXPECT_EQ(call(all), wrong_input);
  }
  EXPECT_NE(err_.find("file.csv: cannot be written (File too large)"), std::string::npos) << err_;
  EXPECT_TRUE(error_is_one_line()) << err_;
  EXPECT_EQ(contents_of(file), before);
  EXPECT_EQ(files_.n_partials(), 0);
}

INSTANTIATE_TEST_SUITE_P(OfACommand, EveryOutput,
                         ::testing::Values(Option{"fit", "out"}, Option{"fit", "diagnostics"},
                                           Option{"interval", "out"}, Option{"jacobian", "out"},
                                           Option{"evaluate", "out"}, Option{"check", "baseline"}),
                         ::testing::PrintToStringParamName());

TEST_F(Outputs, OfAFitAreNotLostWithEachOther) {
  const auto full = files_.full_device();
  if (!full) GTEST_SKIP() << "making a device needs the right to, and a place that has devices";
  for (const auto& [failing, other] : {std::pair{"out", "diagnostics"}, {"diagnostics", "out"}}) {
    std::vector<std::string> all = arguments({"fit", failing});
    const fs::path file = files_.path(other);
    all.insert(all.end(), {std::string("--") + failing, *full, std::string("--") + other, file});
    EXPECT_EQ(call(all), wrong_input);
    EXPECT_TRUE(error_is_one_line()) << err_;
    EXPECT_NE(out_.find("degrees of freedom"), std::string::npos) << out_;
    EXPECT_NE(contents_of(file), "") << other;
  }
}

TEST_F(Outputs, OfAFitGoToDifferentPlaces) {
  files_.link("link", "a");
  for (const auto& [out, diagnostics] :
       {std::pair<std::string, std::string>{"-", "/dev/stdout"}, {files_.path("link"), files_.path("a")}}) {
    std::vector<std::string> all = arguments({"fit", "out"});
    all.insert(all.end(), {"--out", out, "--diagnostics", diagnostics});
    EXPECT_EQ(call(all), wrong_input);
    EXPECT_EQ(err_, "jacobench: --diagnostics: " + diagnostics +
                        " is what --out is to write; choose another file\n");
    EXPECT_EQ(out_, "");
  }
}

TEST_F(Outputs, OfAFitDoNotReplaceTheModelItStartsFrom) {
  const fs::path start = files_.file("start.json", contents_of(rat42_folder / "start.json"));
  EXPECT_EQ(call({"fit", rat42_folder / "rat42.csv", "--outputs", "yield", "--from", start, "--starts", "0",
                  "--out", start}),
            wrong_input);
  EXPECT_NE(err_.find("is what is being read"), std::string::npos) << err_;
  EXPECT_EQ(contents_of(start), contents_of(rat42_folder / "start.json"));
}

TEST_F(Outputs, OfAnArrayAreOfTheFormatTheirNameSays) {
  const Option evaluate{"evaluate", "out"};
  ASSERT_EQ(write_to(evaluate, files_.path("array.npy")), all_well) << err_;
  const fs::path pipe = files_.pipe("pipe.npy");
  testing::PipeReader reader(pipe);
  EXPECT_EQ(write_to(evaluate, pipe), all_well) << err_;
  EXPECT_EQ(reader.contents(), contents_of(files_.path("array.npy")));
  EXPECT_EQ(write_to(evaluate, files_.path("array.txt")), wrong_input);
  EXPECT_NE(err_.find("ends in neither .csv nor .npy"), std::string::npos) << err_;
  EXPECT_EQ(files_.n_partials(), 0);
}

}  // namespace
}  // namespace jacobench::cli
