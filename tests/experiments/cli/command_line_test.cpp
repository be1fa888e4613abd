#include "cli/command_line.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_experiment.hpp"

namespace jacobench::cli {
namespace {

using namespace testing;

class CommandLine : public ::testing::Test {
 protected:
  // Runs the command line and returns its exit code; what it wrote is in out_ and err_.
  int call(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const int code = run_command_line(arguments, out, {.out = err}, toy_experiments());
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string config(const std::string& contents = toy_config) { return folder_.file("toy.ini", contents); }
  std::string path(const std::string& name) { return folder_.path() / name; }

  TemporaryFolder folder_;
  std::string out_, err_;
};

TEST_F(CommandLine, RunsAStudyAndPrintsItsTable) {
  EXPECT_EQ(call({"run", config(), "--out", path("r"), "--toy.way=plain"}), all_well);
  EXPECT_EQ(out_,
            "toy, 2 of 2 cells\ninputs 1, way plain\n\n"
            "hidden  P  max error  of promise  time\n"
            "               2^-53                ns\n"
            "--------------------------------------\n"
            "none    1       1.50        0.25  1234\n\n"
            "3x2     6       9.00        0.25  2469\n");
  EXPECT_EQ(
      contents_of(path("r/config.ini")),
      "experiment = toy\nseed = 1\n\n[toy]\ninputs = 1\nhidden = none, 3x2\nway = plain\nscale = 1\nbias = "
      "yes\ncell_limit = 100\ngroup = 1\n");
  const auto manifest = nlohmann::json::parse(contents_of(path("r/manifest.json")));
  EXPECT_EQ(manifest["run"]["command_line"], "jacobench run toy.ini --out r --toy.way=plain");

  EXPECT_EQ(call({"run", config(), "--out", path("r"), "--toy.way=plain"}), all_well);
  EXPECT_EQ(err_, "all 2 cells were done already in " + path("r") + "\n");
  EXPECT_NE(out_, "");
}

TEST_F(CommandLine, RunsIntoOutputUnlessToldOtherwise) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  EXPECT_EQ(call({"run", config()}), all_well);
  std::filesystem::current_path(here);
  EXPECT_TRUE(std::filesystem::exists(path("output/toy/rows.jsonl")));
}

TEST_F(CommandLine, PlansAndReplaysWithoutWritingAnything) {
  const std::string file = config("experiment = toy\n[toy]\nway = plain, recorded\n");
  const auto before = snapshot(folder_.path());
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  EXPECT_EQ(call({"run", file, "--plan", "--toy.inputs", "3"}), all_well);
  EXPECT_EQ(out_,
            "inputs 3, hidden 3x2\n\n"
            "cell  way\n"
            "--------------\n"
            "   1  plain\n"
            "   2  recorded\n\n"
            "2 cells\n");
  EXPECT_EQ(call({"run", file, "--replay", "2:1"}), all_well);
  EXPECT_EQ(out_, "record 1 of way recorded: 1 0.25\n");
  std::filesystem::current_path(here);
  EXPECT_EQ(snapshot(folder_.path()), before);
}

TEST_F(CommandLine, EndsWithOneWhereACellFailed) {
  const std::string file = config("experiment = toy\n[toy]\nway = plain, throws\n");
  EXPECT_EQ(call({"run", file, "--out", path("r")}), not_all_well);
  EXPECT_NE(err_.find("1 of 2 cells failed; their rows stay, to run them again choose another --out\n"),
            std::string::npos);
  EXPECT_NE(out_.find("failed [1]"), std::string::npos);
  EXPECT_EQ(call({"run", file, "--out", path("r")}), not_all_well);
}

TEST_F(CommandLine, EndsAsASignalDoesAndSaysHowToGoOn) {
  {
    const BeforeEachCell interrupt([](std::size_t index) {
      if (index == 1) std::raise(SIGINT);
    });
    EXPECT_EQ(call({"run", config(), "--out", path("r")}), 130);
  }
  EXPECT_NE(err_.find("interrupted with 2 of 6 cells done; the same command goes on from there\n"),
            std::string::npos);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(call({"run", config(), "--out", path("r")}), all_well);
}

TEST_F(CommandLine, RefusesBadInputInOneLineAndWritesNothing) {
  const std::string file = config();
  const auto before = snapshot(folder_.path());
  struct {
    std::vector<std::string> arguments;
    std::string line;
  } const cases[] = {
      {{}, "no command is given; see jacobench help"},
      {{"rum"}, "\"rum\" is not a command; did you mean run? (see jacobench help)"},
      {{"--verbose"}, "\"--verbose\" is not a command; known: run, merge, table, join, check, "},
      {{"run"}, "run: a config file must come first: jacobench run CONFIG [--key value ...]"},
      {{"run", "--seed", "3", file},
       "run: a config file must come first: jacobench run CONFIG [--key value ...]"},
      {{"run", path("no.ini")}, path("no.ini") + ": cannot be read (No such file or directory)"},
      {{"run", folder_.path()},
       path("").substr(0, path("").size() - 1) + ": cannot be read (Is a directory)"},
      {{"run", file, "more"}, "run: \"more\" is one argument too many"},
      {{"run", file, "--toy.hiden", "3", "--out", path("r")},
       "--toy.hiden: is not an option here; did you mean --toy.hidden?"},
      {{"run", file, "--toy.hid", "3", "--out", path("r")},
       "--toy.hid: is not an option here; did you mean --toy.hidden?"},
      {{"run", file, "--toy.scale", "1.5x", "--out", path("r")},
       "--toy.scale: \"1.5x\" is not a number; allowed: a number from 0 to 1000000"},
      {{"run", file, "--toy.cell_limit=1", "--out", path("r")},
       "toy.hidden: needs 6 GB, this machine has 8; take fewer"},
      {{"run", file, "--plan", "--replay", "1:0"},
       "run: --plan and --replay do not go together; give one of them"},
      {{"run", file, "--plan", "--out", path("r")},
       "run: --out does not go with --plan, which writes nothing; leave it out"},
      {{"run", file, "--replay", "1:0", "--out", path("r")},
       "run: --out does not go with --replay, which writes nothing; leave it out"},
      {{"run", file, "--replay", "1"},
       "--replay: \"1\" is not a replicate of a cell; allowed: CELL:REPLICATE, "},
      {{"run", file, "--replay", "7:0"},
       "run: there is no cell 7; the cells of this study are 1 to 6, see --plan"},
      {{"run", file, "--replay", "1:0"}, "run: this experiment has no replicates; run it without --replay"},
      {{"join"}, "join: no result is given: jacobench join RESULT..."},
      {{"join", path("none")}, path("none") + ": is not a folder; name a result folder"},
      {{"table"}, "table: no result is given: jacobench table RESULT..."},
      {{"table", path("none")}, path("none") + ": is not a folder; name a result folder"},
      {{"table", folder_.path()},
       folder_.path().string() + ": is not a result folder (it has no config.ini)"},
      {{"table", "r", "--format", "html"},
       "--format: \"html\" is not known; allowed: text, markdown, csv, latex"},
      {{"check", "r"}, "check: --baseline is missing: jacobench check RESULT --baseline FILE"},
      {{"check", "--baseline", "b"}, "check: one result is wanted: jacobench check RESULT --baseline FILE"},
      {{"check", "r", "--baseline", "b", "--factor", "0.5"},
       "--factor: \"0.5\" is out of range; allowed: a number from 1 to 1000000"},
      {{"list", "everything"}, "list: \"everything\" cannot be listed; "},
      {{"help", "rnu"}, "\"rnu\" is not a command; did you mean run? (see jacobench help)"},
      {{"version", "2"}, "version: takes no arguments"},
  };
  for (const auto& [arguments, line] : cases) {
    EXPECT_EQ(call(arguments), wrong_input) << line;
    EXPECT_EQ(err_.substr(0, 11 + line.size()), "jacobench: " + line);
    EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1) << err_;
    EXPECT_EQ(out_, "");
  }
  EXPECT_EQ(snapshot(folder_.path()), before);
}

TEST_F(CommandLine, EndsWithThreeOnAnythingElse) {
  struct Broken {
    static std::unique_ptr<harness::Experiment> make() { throw std::logic_error("two\nlines"); }
  };
  const harness::ExperimentInfo broken[] = {{"toy", "", Broken::make}};
  std::ostringstream out, err;
  const std::vector<std::string> arguments = {"run", config()};
  EXPECT_EQ(run_command_line(arguments, out, {.out = err}, broken), bug);
  EXPECT_EQ(err.str(), "jacobench: two lines (this is a bug in jacobench)\n");
}

TEST_F(CommandLine, HelpsWithEveryCommand) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"help"}, {"--help"}, {"-h"}, {"help", "help"}}) {
    EXPECT_EQ(call(arguments), all_well);
    EXPECT_TRUE(out_.starts_with("usage: jacobench ")) << out_;
  }
  call({"help"});
  for (const Command& command : command_table()) {
    EXPECT_NE(out_.find("  " + std::string(command.name)), std::string::npos) << command.name;
  }
  for (const Command& command : command_table()) {
    EXPECT_EQ(call({std::string(command.name), "--help"}), all_well) << command.name << err_;
    const std::string help = out_;
    EXPECT_TRUE(help.starts_with("usage: jacobench " + std::string(command.name))) << help;
    EXPECT_EQ(call({"help", std::string(command.name)}), all_well);
    if (command.name != "help") {
      EXPECT_EQ(out_, help);
    }
  }
  EXPECT_EQ(call({"help", "check"}), all_well);
  EXPECT_NE(out_.find("  --factor VALUE\n"), std::string::npos);
}

TEST_F(CommandLine, HelpsWithTheOptionsOfAnExperiment) {
  EXPECT_EQ(call({"run", config(), "--help"}), all_well);
  EXPECT_NE(out_.find("  --toy.hidden VALUE\n      hidden widths\n      allowed: a comma-separated list, "
                      "each entry widths "
                      "from 1 to 1000 joined by x, such as 10x5, or none\n      default: 3x2\n"),
            std::string::npos)
      << out_;
  EXPECT_FALSE(std::filesystem::exists(path("r")));
  EXPECT_EQ(call({"run", "--help"}), all_well);
  EXPECT_NE(out_.find("experiment toy: cells that do as they are told\n"), std::string::npos) << out_;
  EXPECT_NE(out_.find("experiment toy_too: "), std::string::npos);
}

TEST_F(CommandLine, ListsTheExperiments) {
  EXPECT_EQ(call({"list", "experiments"}), all_well);
  EXPECT_EQ(out_, "experiments\n  toy      cells that do as they are told\n  toy_too  the same once more\n");
  EXPECT_EQ(call({"list"}), all_well);
  EXPECT_TRUE(out_.starts_with("experiments\n"));
}

// Each as a line of its own, then its rows; one row of each table that only it has.
TEST_F(CommandLine, ListsEveryTable) {
  EXPECT_EQ(call({"list"}), all_well);
  const std::string everything = out_;
  for (const auto& [what, row] : {std::pair<std::string, std::string>{"commands", "jacobian"},
                                  {"strategies", "ceres_ridders"},
                                  {"wrt", "inputs"},
                                  {"activations", "mish"},
                                  {"initialisations", "lecun"},
                                  {"covariances", "hc3"},
                                  {"bootstraps", "pairs"},
                                  {"interval_methods", "profile"},
                                  {"simultaneous", "sup_t"},
                                  {"dof_rules", "n_minus_trace_2h_hh"},
                                  {"rank_policies", "pseudo_inverse"},
                                  {"truths", "friedman"},
                                  {"designs", "grid"},
                                  {"noise_laws", "student5"},
                                  {"starts", "random"},
                                  {"solvers", "linear_step"},
                                  {"decay_of", "weights_and_biases"},
                                  {"table_formats", "latex"},
                                  {"vector_paths", "scalar"}}) {
    EXPECT_EQ(call({"list", what}), all_well);
    EXPECT_TRUE(out_.starts_with(what + "\n  ")) << out_;
    EXPECT_NE(out_.find("\n  " + row + "  "), std::string::npos) << out_;
    EXPECT_NE(everything.find("\n" + out_), std::string::npos) << what;
  }
}

TEST_F(CommandLine, ListsTheFormulaAndTheSourceOfEveryMethod) {
  EXPECT_EQ(call({"list", "interval_methods", "other_packages", "--format", "json"}), all_well);
  const auto listed = nlohmann::json::parse(out_);
  for (const auto& row : listed["rows"])
    for (const char* key : {"summary", "formula", "source"}) EXPECT_FALSE(row[key].is_null()) << row;
  EXPECT_EQ(call({"list", "toy_columns", "--columns", "name,unit", "--where", "unit=ns", "--format", "csv"}),
            all_well);
  EXPECT_EQ(out_, "name,unit\ntime_ns,ns\n");
}

TEST_F(CommandLine, TellsItsVersion) {
  EXPECT_EQ(call({"--version"}), all_well);
  EXPECT_TRUE(out_.starts_with("jacobench 0.")) << out_;
  EXPECT_NE(out_.find("\nEigen 3."), std::string::npos) << out_;
}

TEST_F(CommandLine, ChecksAResult) {
  call({"run", config(), "--out", path("r")});
  EXPECT_EQ(call({"check", path("r"), "--baseline", path("b.json")}), wrong_input);
  EXPECT_EQ(err_, "jacobench: " + path("b.json") + ": cannot be read (No such file or directory)\n");

  EXPECT_EQ(call({"check", path("r"), "--baseline", path("b.json"), "--update"}), all_well);
  EXPECT_NE(out_.find("added: inputs=1 hidden=none way=plain\n"), std::string::npos);
  EXPECT_NE(out_.find(path("b.json") + ": 7 changes, 6 cells\n"), std::string::npos) << out_;
  EXPECT_EQ(call({"check", path("r"), "--baseline", path("b.json")}), all_well);
  EXPECT_EQ(out_, "all 6 cells hold\n");

  // A wrong row, as from a strategy that has lost its accuracy.
  std::string rows = contents_of(path("r/rows.jsonl"));
  rows.replace(rows.find("\"error\":1.5"), 11, "\"error\":7.5");
  folder_.file("r/rows.jsonl", rows);
  EXPECT_EQ(call({"check", path("r"), "--baseline", path("b.json")}), not_all_well);
  EXPECT_EQ(out_,
            "inputs=1 hidden=none way=plain: error is 7.5, more than 3 (the baseline's 1.5 times 2)\n"
            "1 problems in 6 cells\n");
  EXPECT_EQ(call({"check", path("r"), "--baseline", path("b.json"), "--factor=5"}), all_well);
  EXPECT_EQ(call({"check", path("r"), "--baseline", path("b.json"), "--update"}), all_well);
  EXPECT_EQ(out_, "changed: inputs=1 hidden=none way=plain: error is 7.5 and was 1.5\n" + path("b.json") +
                      ": 1 changes, 6 cells\n");
}

TEST_F(CommandLine, TakesNoBaselineFromAResultThatIsNotWell) {
  for (const std::string way : {"throws", "broken", "nan"}) {
    call({"run", config("experiment = toy\n[toy]\nway = plain, " + way + "\n"), "--out", path(way)});
    EXPECT_EQ(call({"check", path(way), "--baseline", path("b.json"), "--update"}), not_all_well);
    EXPECT_NE(out_.find(path("b.json") + " is not updated: 1 problems in the result\n"), std::string::npos)
        << out_;
    EXPECT_FALSE(std::filesystem::exists(path("b.json")));
  }
  folder_.file("thesis.json", "{}");
  call({"run", config(), "--out", path("r")});
  EXPECT_EQ(call({"check", path("r"), "--baseline", path("thesis.json"), "--update"}), wrong_input);
  EXPECT_EQ(contents_of(path("thesis.json")), "{}");
}

TEST_F(CommandLine, WarnsOfATornRowInATableAndLeavesIt) {
  call({"run", config(), "--out", path("r")});
  const std::string rows = contents_of(path("r/rows.jsonl"));
  folder_.file("r/rows.jsonl", rows.substr(0, rows.size() - 5));
  EXPECT_EQ(call({"table", path("r"), "--format", "csv"}), all_well);
  EXPECT_EQ(err_, path("r/rows.jsonl") + ":6: warning: the last line is torn and is discarded\n" + path("r") +
                      ": unfinished, 5 of 6 cells\n");
  EXPECT_EQ(contents_of(path("r/rows.jsonl")).size(), rows.size() - 5);
}

}  // namespace
}  // namespace jacobench::cli
