// What every command makes of the data files that people have.
#include "cli/csv_options.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "jacobench/files/fit_file.hpp"

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "run/progress.hpp"
#include "support/entrywise.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using jacobench::testing::all_within;

class DataFiles : public ::testing::Test {
 protected:
  int call(const std::vector<std::string>& arguments) {
    const jacobench::testing::Printed printed = jacobench::testing::run_program(arguments);
    out_ = printed.out;
    err_ = printed.err;
    return printed.code;
  }

  // Fits a line, which any of these data determine.
  int fit(const std::string& data, std::vector<std::string> more) {
    std::vector<std::string> all{"fit", data,       "--hidden", "none",  "--decay",
                                 "0",   "--starts", "1",        "--out", path("fit.json")};
    all.insert(all.end(), more.begin(), more.end());
    return call(all);
  }

  std::string file(const std::string& name, const std::string& text) { return folder_.file(name, text); }
  std::string path(const std::string& name) { return (folder_.path() / name).string(); }

  std::string out_, err_;
  jacobench::testing::TemporaryFolder folder_;
};

TEST_F(DataFiles, EveryColumnCanBeNamed) {
  const std::string data =
      file("names.csv",
           "\"Temp, \u00B0C\",# cells,\"yield \"\"t\"\" / ha\",Ertrag \u00B5\n20,1,2.1,5\n"
           "25,2,2.9,6\n30,2,4.2,6\n35,3,5.1,9\n40,5,5.8,11\n");
  ASSERT_EQ(fit(data, {"--inputs", "\"Temp, \u00B0C\",# cells", "--outputs", "yield \"t\" / ha"}), all_well)
      << err_;
  StoredFit stored = read_fit(path("fit.json"));
  EXPECT_EQ(stored.inputs, (std::vector<std::string>{"Temp, \u00B0C", "# cells"}));
  EXPECT_EQ(stored.outputs, (std::vector<std::string>{"yield \"t\" / ha"}));
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", data}), all_well) << err_;
  EXPECT_NE(out_.find("method,\"Temp, \u00B0C\",\"# cells\",output"), std::string::npos) << out_;
  EXPECT_EQ(fit(data, {"--inputs", "Ertrag \u00B5", "--outputs", "\"yield \"\"t\"\" / ha\""}), all_well)
      << err_;
  EXPECT_EQ(fit(data, {"--inputs", "Temp, \u00B0C", "--outputs", "# cells"}), wrong_input);
  EXPECT_NE(err_.find("no column 'Temp'; its columns: \"Temp, \u00B0C\", \"# cells\", "), std::string::npos)
      << err_;
}

TEST_F(DataFiles, RowsWithoutAValueAreLeftOutWhereThatIsAskedFor) {
  const std::string data =
      file("na.csv", "dose,note,signal\n0,NA,0.11\n0.5,a,NA\n1,b,0.60\n2,c,1.07\n4,,2.11\n");
  EXPECT_EQ(fit(data, {"--inputs", "dose", "--outputs", "signal"}), wrong_input);
  EXPECT_NE(err_.find("na.csv:3: column signal: 'NA' is no value; --missing drop leaves such rows out"),
            std::string::npos)
      << err_;
  ASSERT_EQ(fit(data, {"--inputs", "dose", "--outputs", "signal", "--missing", "drop"}), all_well) << err_;
  EXPECT_NE(out_.find("4 observations of signal on dose; 1 row is left out for a missing value\n"),
            std::string::npos)
      << out_;
  const StoredFit stored = read_fit(path("fit.json"));
  EXPECT_EQ(stored.n_left_out, 1);
  EXPECT_TRUE(all_within(stored.fit.data.Y, (Matrix(4, 1) << 0.11, 0.6, 1.07, 2.11).finished(), 0));
  EXPECT_EQ(read_fit(file("again.json", to_fit_text(stored))).n_left_out, 1);
  const std::string points = file("at.csv", "dose\n1\nnull\n3\n\"\"\n");
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", points, "--missing", "drop"}), all_well) << err_;
  EXPECT_NE(err_.find("at.csv: 1 row is left out for a missing value\n"), std::string::npos) << err_;
}

TEST_F(DataFiles, AColumnOfWordsGivesAnInputForEachWordButTheFirst) {
  std::string text = "kind,size,y\n";
  for (const char* row :
       {"old,1,2", "new,1,5", "odd,1,9", "old,2,3", "new,2,6", "odd,2,10.5", "old,3,4", "new,3,7.5"})
    text += std::string(row) + "\n";
  const std::string data = file("kinds.csv", text);
  ASSERT_EQ(fit(data, {"--outputs", "y"}), all_well) << err_;
  const StoredFit stored = read_fit(path("fit.json"));
  EXPECT_EQ(stored.inputs, (std::vector<std::string>{"kind=odd", "kind=old", "size"}));
  const Matrix& X = stored.fit.data.X;
  EXPECT_EQ(X.row(0), (Matrix(1, 3) << 0, 1, 1).finished());
  EXPECT_EQ(X.row(1), (Matrix(1, 3) << 0, 0, 1).finished());
  EXPECT_EQ(X.row(5), (Matrix(1, 3) << 1, 0, 2).finished());
  ASSERT_EQ(stored.words.size(), 1U);
  EXPECT_EQ(stored.words[0].words, (std::vector<std::string>{"new", "odd", "old"}));
  EXPECT_EQ(to_fit_text(stored), to_fit_text(read_fit(file("again.json", to_fit_text(stored)))));
  EXPECT_NE(out_.find("words       kind is new, odd, old; an input of a word is 1 where"), std::string::npos)
      << out_;

  const std::string points = file("points.csv", "size,kind\n2,new\n2,odd\n");
  ASSERT_EQ(call({"interval", path("fit.json"), "--at", points}), all_well) << err_;
  EXPECT_NE(out_.find("\ndelta,0,0,2,y,"), std::string::npos) << out_;
  EXPECT_NE(out_.find("\ndelta,1,0,2,y,"), std::string::npos) << out_;
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", file("typo.csv", "size,kind\n2,New\n")}),
            wrong_input);
  EXPECT_NE(err_.find("column kind: 'New' is none of the words"), std::string::npos) << err_;

  const std::string named = file("named.csv", "name,size,y\na,1,2\nb,2,3\nc,3,4\nd,4,6\ne,5,6\n");
  EXPECT_EQ(fit(named, {"--outputs", "y"}), wrong_input);
  EXPECT_NE(err_.find("column name holds 5 different words in 5 rows, a among them; choose"),
            std::string::npos)
      << err_;
  EXPECT_EQ(fit(named, {"--outputs", "y", "--inputs", "size,name=c"}), all_well) << err_;

  const std::string same = file("same.csv", "name,size,y\na,1,2\na,2,3\na,3,5\na,4,6\n");
  EXPECT_EQ(fit(same, {"--outputs", "y", "--inputs", "name"}), wrong_input);
  EXPECT_NE(err_.find("column name holds the same word in every row"), std::string::npos) << err_;
  ASSERT_EQ(fit(same, {"--outputs", "y"}), all_well) << err_;
  EXPECT_TRUE(read_fit(path("fit.json")).words.empty());
}

// The same numbers, as two countries write them, give the same fit to the bit and the same bands.
TEST_F(DataFiles, AreReadByEveryCommandInEveryDialect) {
  const std::string plain = file("plain.csv", "x0,y\n0.5,1.1\n1.5,2.0\n2.5,2.9\n1003.5,1004.2\n");
  const std::string german = file("german.csv", "x0;y\n0,5;1,1\n1,5;2,0\n2,5;2,9\n1.003,5;1.004,2\n");
  ASSERT_EQ(fit(plain, {}), all_well) << err_;
  const StoredFit of_plain = read_fit(path("fit.json"));
  ASSERT_EQ(fit(german, {}), all_well) << err_;
  const StoredFit of_german = read_fit(path("fit.json"));
  EXPECT_TRUE(all_within(of_german.fit.data.X, of_plain.fit.data.X, 0));
  EXPECT_TRUE(all_within(of_german.fit.theta, of_plain.fit.theta, 0));
  const std::string model = file("model.json", R"({"format": "jacobench-mlp", "version": 1, "layers":
      [{"activation": "tanh", "weights": [[0.5]], "bias": [0.25]}]})");
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"interval", path("fit.json"), "--at"}, {"jacobian", model}, {"evaluate", model}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back(plain);
    ASSERT_EQ(call(arguments), all_well) << err_;
    const std::string wanted = out_;
    arguments.back() = german;
    EXPECT_EQ(call(arguments), all_well) << err_;
    EXPECT_EQ(out_, wanted);
    arguments.insert(arguments.end(), {"--decimal", "."});
    EXPECT_EQ(call(arguments), wrong_input);
    EXPECT_NE(err_.find("german.csv:2: column x0: '0,5' is not a number"), std::string::npos) << err_;
  }
}

// What a double cannot hold is in no file: the observation, the entry and the unit are named, and nothing is written.
TEST_F(DataFiles, OverflowIsAnErrorWithAName) {
  const std::string model = file("model.json", R"({"format": "jacobench-mlp", "version": 1, "layers":
      [{"activation": "exp", "weights": [[1]]}, {"activation": "identity", "weights": [[1]]}]})");
  const std::string data = file("points.csv", "x\n1\n800\n");
  const std::string why = "is beyond the range of double precision (unit 0 of layer 1 (exp) gives 2.73e+347)";
  EXPECT_EQ(call({"jacobian", model, data}), wrong_input);
  EXPECT_NE(err_.find("row 1, y0:w1[0,0]: " + why), std::string::npos) << err_;
  EXPECT_EQ(call({"evaluate", model, data, "--out", path("y.csv")}), wrong_input);
  EXPECT_NE(err_.find("row 1, y0: " + why), std::string::npos) << err_;
  EXPECT_FALSE(std::filesystem::exists(path("y.csv")));
}

TEST(CsvOptions, AreACharacterOrItsName) {
  CsvDialect dialect;
  harness::OptionTable table;
  add_csv_options(table, dialect);
  const auto give = [&](const char* key, const char* value) { table.assign({key, value, key}); };
  give("separator", "tab");
  give("decimal", ",");
  give("comment", "none");
  EXPECT_EQ(dialect.separator, '\t');
  EXPECT_EQ(dialect.decimal, ',');
  EXPECT_EQ(dialect.comment, CsvDialect::none);
  EXPECT_EQ(table.text("separator"), "tab");
  give("separator", "auto");
  EXPECT_EQ(dialect.separator, std::nullopt);
  EXPECT_THROW(give("decimal", ".,"), InputError);
  EXPECT_THROW(give("comment", "\u00B0"), InputError);
}

}  // namespace
}  // namespace jacobench::cli
