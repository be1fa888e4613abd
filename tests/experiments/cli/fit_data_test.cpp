// What jacobench fit makes of data as people have them: columns of words, units, places of 0, pipes, and files without
// an answer.
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/command.hpp"
#include "support/csv_column.hpp"
#include "support/entrywise.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using jacobench::testing::all_within_relative;
using jacobench::testing::csv_column;
using ::testing::HasSubstr;
using ::testing::Not;

class FitData : public ::testing::Test {
 protected:
  int call(const std::vector<std::string>& arguments) {
    const jacobench::testing::Printed printed = jacobench::testing::run_program(arguments);
    out_ = printed.out;
    err_ = printed.err;
    return printed.code;
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // A jump between the eighth observation and the ninth, which no network without a penalty fits best.
  std::string jump(const std::string& name, double x0, double y0) const {
    std::string text = "dose,y\n";
    for (int i = 0; i < 20; ++i)
      text += fmt::format("{},{}\n", x0 + i / 4.0, y0 + (i < 8 ? 0 : 1) + 0.05 * std::cos(7.0 * i * i));
    return folder_.file(name, text);
  }

  // Sixteen observations of 2 x / (0.5 + x) with a small regular disturbance, fitted by a softsign without biases.
  std::string saturating_fit() {
    std::string text = "x,y\n";
    for (int i = 1; i <= 16; ++i)
      text += fmt::format("{},{}\n", i / 4.0, 2 * (i / 4.0) / (0.5 + i / 4.0) + 0.05 * std::cos(7.0 * i * i));
    const std::string start =
        folder_.file("start.json", R"({"format": "jacobench-mlp", "version": 1, "layers": [
      {"activation": "softsign", "weights": [[2]]}, {"activation": "identity", "weights": [[2]]}]})");
    EXPECT_EQ(call({"fit", folder_.file("data.csv", text), "--outputs", "y", "--from", start, "--starts", "0",
                    "--decay", "0", "--out", path("fit.json")}),
              all_well)
        << err_;
    return path("fit.json");
  }

  jacobench::testing::TemporaryFolder folder_;
  std::string out_, err_;
};

TEST_F(FitData, WithoutRowsIsRefused) {
  const std::string header = folder_.file("header.csv", "x,y\n");
  for (const char* hidden : {"none", "2"}) {
    EXPECT_EQ(call({"fit", header, "--outputs", "y", "--hidden", hidden}), wrong_input);
    EXPECT_THAT(err_, HasSubstr("header.csv: no observations; give at least two rows"));
  }
  EXPECT_EQ(call({"fit", folder_.file("na.csv", "x,y\n1,NA\nNA,2\n"), "--outputs", "y", "--missing", "drop"}),
            wrong_input);
  EXPECT_THAT(err_, HasSubstr("na.csv: every row has a missing value in a column that is used"));
}

TEST_F(FitData, AColumnOfWordsIsAnInputOrAnOutput) {
  const std::string file = folder_.file("words.csv", "m,kind\n1,a\n2,b\n3,a\n4,c\n5,b\n6,c\n7,a\n8,b\n9,c\n");
  for (const char* output : {"kind=a", "kind=b"}) {
    EXPECT_EQ(call({"fit", file, "--outputs", output, "--hidden", "none"}), all_well) << err_;
    EXPECT_THAT(out_, HasSubstr(fmt::format("9 observations of {} on m\n", output)));
  }
  EXPECT_EQ(call({"fit", file, "--outputs", "kind=a", "--inputs", "m,kind"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("--outputs: kind=a is an input as well"));
  EXPECT_EQ(call({"fit", file, "--outputs", "m", "--weights", "kind=a", "--inputs", "kind"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("--weights: kind=a is an input or output as well"));
}

TEST_F(FitData, AColumnThatIsCalledLikeAWordOfAnotherIsRefused) {
  const std::string file = folder_.file("both.csv", "g=c,g,y\n1,c,1\n2,b,2\n3,b,3\n4,c,1.5\n2,c,9\n");
  EXPECT_EQ(call({"fit", file, "--outputs", "y", "--hidden", "none"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("column g=c is called like the word c of column g; rename one"));
}

// Kelvin for degrees Celsius, and outputs far from 0: the same bands. The points are those of the file, to the bit.
TEST_F(FitData, ShiftedColumnsHaveTheSameBands) {
  const auto bands = [&](const std::string& data) {
    EXPECT_EQ(call({"fit", data, "--outputs", "y", "--hidden", "2", "--out", data + ".json"}), all_well)
        << err_;
    EXPECT_THAT(out_, HasSubstr("\ncentred     columns less their means"));
    EXPECT_EQ(call({"interval", data + ".json", "--at", "data", "--out", data + ".bands.csv"}), all_well)
        << err_;
    EXPECT_EQ(csv_column(data + ".bands.csv", "dose"), csv_column(data, "dose"));
    return data + ".bands.csv";
  };
  const std::string one = bands(jump("one.csv", 0, 0)), other = bands(jump("other.csv", 273.15, 1000));
  EXPECT_TRUE(all_within_relative(csv_column(other, "se_mean"), csv_column(one, "se_mean"), 1e-5));
  const Vector upper = csv_column(one, "prediction_upper").array() + 1000;
  EXPECT_TRUE(all_within_relative(csv_column(other, "prediction_upper"), upper, 1e-8));
}

TEST_F(FitData, FromAPipeIsThatOfTheFile) {
  const std::string file = jump("file.csv", 0, 0), pipe = path("pipe.csv");
  ASSERT_EQ(call({"fit", file, "--outputs", "y", "--hidden", "none"}), all_well) << err_;
  std::string want = out_;
  want.replace(want.find("file.csv"), 8, "pipe.csv");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(std::system(("cat " + file + " >" + pipe + " &").c_str()), 0);
  EXPECT_EQ(call({"fit", pipe, "--outputs", "y", "--hidden", "none"}), all_well) << err_;
  EXPECT_EQ(out_, want);
}

TEST_F(FitData, OfUnitsWhoseSquaresUnderflowIsRefused) {
  const std::string file =
      folder_.file("tiny.csv", "x,z,y\n1,1e-200,2e-300\n2,3e-200,3e-300\n3,2e-200,5e-300\n");
  EXPECT_EQ(call({"fit", file, "--inputs", "x", "--outputs", "y", "--hidden", "none"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("tiny.csv: y is nowhere larger than 5e-300"));
  EXPECT_EQ(call({"fit", file, "--inputs", "z", "--outputs", "x", "--hidden", "none"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("tiny.csv: z is nowhere larger than 3e-200"));
}

TEST_F(FitData, ThatBlanksSeparateIsSaid) {
  const std::string table = folder_.file("table.txt", "a b\nr1 1 2\nr2 2 3\nr3 3 5\n");
  EXPECT_EQ(call({"fit", table, "--outputs", "b", "--separator", "blank"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("as R's write.table leaves it"));
  EXPECT_EQ(call({"fit", folder_.file("blank.txt", "a b\n1 2\n2 3\n3 5\n"), "--outputs", "b"}), wrong_input);
  EXPECT_THAT(err_, HasSubstr("say --separator blank"));
}

// A conformal interval of sixteen observations has too few scores, and none is of the mean: both are said.
TEST_F(FitData, EveryReasonIsSaid) {
  const std::string fit = saturating_fit();
  EXPECT_EQ(call({"interval", fit, "--at", "data", "--method", "jackknife_plus"}), not_all_well);
  for (const std::string& where : {out_, err_}) {
    EXPECT_THAT(where, HasSubstr("none of the mean"));
    EXPECT_THAT(where, HasSubstr("are too few for level 0.95"));
  }
}

// f(0) is 0 whatever the parameters are: no interval is missing there, and none has a width.
TEST_F(FitData, WhereNoParameterHasAnEffectTheIntervalHasNoWidth) {
  const std::string fit = saturating_fit(), at = folder_.file("at.csv", "x\n0\n1\n");
  for (const char* method :
       {"delta", "profile", "bootstrap_residual_percentile", "bootstrap_residual_studentised"}) {
    SCOPED_TRACE(method);
    EXPECT_EQ(
        call({"interval", fit, "--at", at, "--method", method, "--kind", "mean", "--out", path("b.csv")}),
        all_well)
        << err_;
    const Vector lower = csv_column(path("b.csv"), "mean_lower"),
                 upper = csv_column(path("b.csv"), "mean_upper");
    EXPECT_EQ(lower[0], 0);
    EXPECT_EQ(upper[0], 0);
    EXPECT_LT(lower[1], upper[1]);
    EXPECT_THAT(err_, Not(::testing::ContainsRegex("[1-9][0-9]* had no standard error")));
  }
}

TEST_F(FitData, BandsThatAreNoneAreNotDrawn) {
  const std::string fit = saturating_fit(), page = path("page.html");
  const auto refused = [&](const std::string& text) {
    EXPECT_EQ(call({"report", fit, folder_.file("bands.csv", text), "--out", page}), wrong_input) << text;
    EXPECT_FALSE(std::filesystem::exists(page));
    return err_;
  };
  EXPECT_THAT(refused("method,x,output,fit,mean_lower,mean_upper\ndelta,1,y,abc,1,2\n"),
              HasSubstr("bands.csv:2: column fit: 'abc' is no number"));
  EXPECT_THAT(refused("method,x,output,fit,mean_lower,mean_upper\ndelta,1,y,1.5,1,2x\n"),
              HasSubstr("bands.csv:2: column mean_upper: '2x' is no number"));
  EXPECT_THAT(refused("method,x,output,fit\ndelta,1,y,1.5\n"),
              HasSubstr("bands.csv: has no column of bounds"));
}

}  // namespace
}  // namespace jacobench::cli
