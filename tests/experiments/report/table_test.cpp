#include "report/table.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "report/table_layout.hpp"
#include "support/error_line.hpp"
#include "support/table_text.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

// A result of its own for each config, and the tables of them, which begin with a line end for the sake of
// the layout below.
class Table : public ::testing::Test {
 protected:
  void run(const std::string& config, const std::string& name = "result") {
    ToyRun toy(folder_, config);
    toy.result = folder_.path() / name;
    toy.run();
    results_.push_back(toy.stored());
  }

  std::string table(const std::string& format) { return "\n" + text_of(table_of(results_), format); }

  TemporaryFolder folder_;
  std::vector<StoredResult> results_;
};

const std::string all_ways =
    "experiment = toy\n"
    "[toy]\n"
    "inputs = 3\n"
    "hidden = none, 3x2\n"
    "way = plain, fine, digits, stepped, nan, throws, skips\n";

TEST_F(Table, AsText) {
  run(all_ways);
  EXPECT_EQ(table("text"), R"(
toy, 14 of 14 cells
inputs 3

hidden  way      step  P  max error  of promise   time  status
                              2^-53                 ns
-------------------------------------------------------------------
none    plain          3    4.50           0.25   1234  ok
        fine           3    0.333          0.25   2469  ok
        digits         3    4.30e7         0.25   3704  ok
        stepped  1e-8  3    1.00e-7        0.25   4938  ok
        nan            3                          6172  ok
        throws                                          failed [1]
        skips                                           skipped [2]

3x2     plain          8   12.0            0.25   9876  ok
        fine           8    0.333          0.25  11110  ok
        digits         8    4.30e7         0.25  12345  ok
        stepped  1e-8  8    1.00e-7        0.25  13580  ok
        nan            8                         14814  ok
        throws                                          failed [1]
        skips                                           skipped [2]

[1] inputs=3 hidden=none way=throws and 1 more: the cell fell over
[2] inputs=3 hidden=none way=skips and 1 more: past the time cap of 1 s
)");
}

TEST_F(Table, AsTextOfCellsThatAllEndWell) {
  run(toy_config);
  EXPECT_EQ(table("text"), R"(
toy, 6 of 6 cells
inputs 1

hidden  way     P  max error  of promise  time
                       2^-53                ns
----------------------------------------------
none    plain   1     1.50          0.25  1234
        fine    1     0.333         0.25  2469
        digits  1     4.30e7        0.25  3704

3x2     plain   6     9.00          0.25  4938
        fine    6     0.333         0.25  6172
        digits  6     4.30e7        0.25  7407
)");
}

TEST_F(Table, AsMarkdown) {
  run(all_ways);
  EXPECT_EQ(table("markdown"), R"(
toy, 14 of 14 cells

inputs 3

| hidden | way     | step | P | max error [2^-53] | of promise | time [ns] | status      |
| ------ | ------- | ----:| -:| -----------------:| ----------:| ---------:| ----------- |
| none   | plain   |      | 3 |           4.50    |       0.25 |      1234 | ok          |
| none   | fine    |      | 3 |           0.333   |       0.25 |      2469 | ok          |
| none   | digits  |      | 3 |           4.30e7  |       0.25 |      3704 | ok          |
| none   | stepped | 1e-8 | 3 |           1.00e-7 |       0.25 |      4938 | ok          |
| none   | nan     |      | 3 |                   |            |      6172 | ok          |
| none   | throws  |      |   |                   |            |           | failed [1]  |
| none   | skips   |      |   |                   |            |           | skipped [2] |
| 3x2    | plain   |      | 8 |          12.0     |       0.25 |      9876 | ok          |
| 3x2    | fine    |      | 8 |           0.333   |       0.25 |     11110 | ok          |
| 3x2    | digits  |      | 8 |           4.30e7  |       0.25 |     12345 | ok          |
| 3x2    | stepped | 1e-8 | 8 |           1.00e-7 |       0.25 |     13580 | ok          |
| 3x2    | nan     |      | 8 |                   |            |     14814 | ok          |
| 3x2    | throws  |      |   |                   |            |           | failed [1]  |
| 3x2    | skips   |      |   |                   |            |           | skipped [2] |

[1] inputs=3 hidden=none way=throws and 1 more: the cell fell over

[2] inputs=3 hidden=none way=skips and 1 more: past the time cap of 1 s
)");
}

TEST_F(Table, AsLatex) {
  run(all_ways);
  EXPECT_EQ(table("latex"), R"(
\noindent toy, 14 of 14 cells\par
\noindent inputs 3\par
\begin{tabular}{llrrrrrl}
\toprule
hidden & way & step & P & max error & of promise & time & status \\
 &  &  &  & 2\textsuperscript{-53} &  & ns &  \\
\midrule
none & plain &  & $3$ & $4.50$ & $0.25$ & $1234$ & ok \\
 & fine &  & $3$ & $0.333$ & $0.25$ & $2469$ & ok \\
 & digits &  & $3$ & $4.30 \times 10^{7}$ & $0.25$ & $3704$ & ok \\
 & stepped & $1 \times 10^{-8}$ & $3$ & $1.00 \times 10^{-7}$ & $0.25$ & $4938$ & ok \\
 & nan &  & $3$ &  &  & $6172$ & ok \\
 & throws &  &  &  &  &  & failed [1] \\
 & skips &  &  &  &  &  & skipped [2] \\
\addlinespace
3x2 & plain &  & $8$ & $12.0$ & $0.25$ & $9876$ & ok \\
 & fine &  & $8$ & $0.333$ & $0.25$ & $11110$ & ok \\
 & digits &  & $8$ & $4.30 \times 10^{7}$ & $0.25$ & $12345$ & ok \\
 & stepped & $1 \times 10^{-8}$ & $8$ & $1.00 \times 10^{-7}$ & $0.25$ & $13580$ & ok \\
 & nan &  & $8$ &  &  & $14814$ & ok \\
 & throws &  &  &  &  &  & failed [1] \\
 & skips &  &  &  &  &  & skipped [2] \\
\bottomrule
\end{tabular}
\par\noindent [1] inputs=3 hidden=none way=throws and 1 more: the cell fell over
\par\noindent [2] inputs=3 hidden=none way=skips and 1 more: past the time cap of 1 s
)");
}

TEST_F(Table, AsCsv) {
  run(all_ways);
  EXPECT_EQ(table("csv"), R"(
inputs,hidden,way,step,n_params,error,of_promise,time_ns,remark,no_promise,status,reason
3,none,plain,,3,4.5,0.25,1234.5,"a ""remark"", with comma",,ok,
3,none,fine,,3,0.3333333333333333,0.25,2469,"a ""remark"", with comma",,ok,
3,none,digits,,3,43000123.25,0.25,3703.5,"a ""remark"", with comma",,ok,
3,none,stepped,1e-08,3,1e-07,0.25,4938,"a ""remark"", with comma",,ok,
3,none,nan,,3,,,6172.5,"a ""remark"", with comma",,ok,
3,none,throws,,,,,,,,failed,the cell fell over
3,none,skips,,,,,,,,skipped,past the time cap of 1 s
3,3x2,plain,,8,12,0.25,9876,"a ""remark"", with comma",,ok,
3,3x2,fine,,8,0.3333333333333333,0.25,11110.5,"a ""remark"", with comma",,ok,
3,3x2,digits,,8,43000123.25,0.25,12345,"a ""remark"", with comma",,ok,
3,3x2,stepped,1e-08,8,1e-07,0.25,13579.5,"a ""remark"", with comma",,ok,
3,3x2,nan,,8,,,14814,"a ""remark"", with comma",,ok,
3,3x2,throws,,,,,,,,failed,the cell fell over
3,3x2,skips,,,,,,,,skipped,past the time cap of 1 s
)");
}

TEST_F(Table, OfOneRowStatesNothingAboveIt) {
  run("experiment = toy\n");
  EXPECT_EQ(table("text"), R"(
toy, 1 of 1 cells

inputs  hidden  way    P  max error  of promise  time
                              2^-53                ns
-----------------------------------------------------
     1  3x2     plain  6       9.00        0.25  1234
)");
}

TEST_F(Table, OfAnUnfinishedResultSaysSo) {
  run(toy_config);
  results_[0].rows.resize(2);
  EXPECT_EQ(table("text"), R"(
toy, 2 of 6 cells (unfinished)
inputs 1, hidden none

way    P  max error  of promise  time
              2^-53                ns
-------------------------------------
plain  1      1.50         0.25  1234
fine   1      0.333        0.25  2469
)");
  results_[0].rows.clear();
  results_[0].n_cells.reset();
  EXPECT_EQ(table("text"), R"(
toy, 0 of an unknown number of cells (unfinished)
)");
}

TEST_F(Table, OfSeveralResultsHasTheirNamesInFront) {
  run("experiment = toy\n[toy]\nway = plain, fine\n", "one");
  run("experiment = toy\n[toy]\nway = plain\nscale = 2\n", "two");
  EXPECT_EQ(table("text"), R"(
one: toy, 2 of 2 cells
two: toy, 1 of 1 cells
inputs 1, hidden 3x2

result  way    P  max error  of promise  time
                      2^-53                ns
---------------------------------------------
one     plain  6      9.00         0.25  1234
        fine   6      0.333        0.25  2469

two     plain  6     18.0          0.25  1234
)");
  EXPECT_EQ(table("csv"), R"(
result,inputs,hidden,way,step,n_params,error,of_promise,time_ns,remark,no_promise,status,reason
one,1,3x2,plain,,6,9,0.25,1234.5,"a ""remark"", with comma",,ok,
one,1,3x2,fine,,6,0.3333333333333333,0.25,2469,"a ""remark"", with comma",,ok,
two,1,3x2,plain,,6,18,0.25,1234.5,"a ""remark"", with comma",,ok,
)");
}

TEST_F(Table, RepeatsAtTheBeginningOfAGroupWhatTheGroupIsOf) {
  const std::string config = "experiment = toy\n[toy]\nhidden = 3, 4\nway = plain, fine\n";
  run(config, "one");
  run(config + "scale = 2\n", "two");
  EXPECT_EQ(table("text"), R"(
one: toy, 4 of 4 cells
two: toy, 4 of 4 cells
inputs 1

result  hidden  way    P  max error  of promise  time
                              2^-53                ns
-----------------------------------------------------
one     3       plain  4      6.00         0.25  1234
                fine   4      0.333        0.25  2469

one     4       plain  5      7.50         0.25  3704
                fine   5      0.333        0.25  4938

two     3       plain  4     12.0          0.25  1234
                fine   4      0.667        0.25  2469

two     4       plain  5     15.0          0.25  3704
                fine   5      0.667        0.25  4938
)");
}

// Each was written by a version with a column of its own.
TEST_F(Table, OfResultsWithDifferentColumnsHasAllOfThem) {
  for (const std::string name : {"one", "two"}) {
    run("experiment = toy\n", name);
    const auto file = folder_.path() / name / "rows.jsonl";
    const std::string row = contents_of(file);
    folder_.file(name + "/rows.jsonl", "{\"of_" + name + "\":\"x\"," + row.substr(1));
    results_.back() = ToyRun(folder_, "experiment = toy\n").stored_in(folder_.path() / name);
  }
  const std::string csv = table("csv");
  EXPECT_NE(csv.find("\nresult,inputs,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",no_promise,of_one,of_two,status,reason\none,1,3x2,plain,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",,x,,ok,\ntwo,1,3x2,plain,"), std::string::npos) << csv;
  EXPECT_TRUE(csv.ends_with(",,,x,ok,\n")) << csv;
}

TEST_F(Table, OfResultsWithOneNameHasTheirPathsInFront) {
  run("experiment = toy\n", "a/same");
  run("experiment = toy\n", "b/same");
  const std::string text = table("text");
  EXPECT_NE(text.find("\n" + (folder_.path() / "a/same").string() + "  "), std::string::npos) << text;
}

TEST_F(Table, OfDifferentExperimentsIsRefused) {
  run("experiment = toy\n", "one");
  run("experiment = toy_too\n", "two");
  EXPECT_EQ(error_line([&] { table("text"); }),
            (folder_.path() / "two").string() + ": is a result of experiment toy_too, but " +
                (folder_.path() / "one").string() +
                " is one of toy; a table takes one experiment (jacobench join takes several)");
}

// Estimates whose errors have digits of different places, one without an error, one that is missing.
RowTable estimates() {
  const auto row = [](const std::string& method, Value coverage, Value error) {
    return Row{RowStatus::ok, "", {method, coverage, error}};
  };
  return {{{.name = "method", .heading = "method", .role = ColumnRole::identity},
           {.name = "coverage",
            .heading = "coverage",
            .role = ColumnRole::estimate,
            .standard_error = "coverage_se"},
           {.name = "coverage_se", .role = ColumnRole::measure}},
          {row("delta", 0.94832, 0.00412), row("hc3", 0.9, 0.123), row("ridge", 12.5, 1.5e1),
           row("exact", 1.0, 0.0), row("once", 0.75, {}), row("never", {}, {})}};
}

TEST(TableOfEstimates, HasThemWithTheirErrors) {
  const auto table = [](const std::string& format) { return "\n" + text_of(estimates(), format); };
  EXPECT_EQ(table("text"), R"(

method            coverage
--------------------------
delta    0.9483 +-  0.0041
hc3      0.90   +-  0.12
ridge   12      +- 15
exact    1.00   +-  0
once     0.750
never
)");
  EXPECT_EQ(table("markdown"), R"(
| method |           coverage |
| ------ | ------------------:|
| delta  |  0.9483 +-  0.0041 |
| hc3    |  0.90   +-  0.12   |
| ridge  | 12      +- 15      |
| exact  |  1.00   +-  0      |
| once   |  0.750             |
| never  |                    |
)");
  EXPECT_EQ(table("latex"), R"(
\begin{tabular}{lr}
\toprule
method & coverage \\
\midrule
delta & $0.9483 \pm 0.0041$ \\
hc3 & $0.90 \pm 0.12$ \\
ridge & $12 \pm 15$ \\
exact & $1.00 \pm 0$ \\
once & $0.750$ \\
never &  \\
\bottomrule
\end{tabular}
)");
  EXPECT_EQ(table("csv"), R"(
method,coverage,coverage_se,status,reason
delta,0.94832,0.00412,ok,
hc3,0.9,0.123,ok,
ridge,12.5,15,ok,
exact,1,0,ok,
once,0.75,,ok,
never,,,ok,
)");
}

TEST(TableLayout, EscapesWhatAFormatReadsAsItsOwn) {
  const PrintedTable table{
      {}, {{"a_b", "2^-53", false}, {"50%", "^", true}}, {{{"x|y", "-1.5e-7"}, false, 0}}, {"{~\\}"}};
  std::ostringstream latex, markdown;
  lay_out_latex(latex, table);
  EXPECT_EQ("\n" + latex.str(), R"(
\begin{tabular}{lr}
\toprule
a\_b & 50\% \\
2\textsuperscript{-53} & \textasciicircum{} \\
\midrule
x|y & $-1.5 \times 10^{-7}$ \\
\bottomrule
\end{tabular}
\par\noindent \{\textasciitilde{}\textbackslash{}\}
)");
  lay_out_markdown(markdown, table);
  EXPECT_EQ("\n" + markdown.str(), R"(
| a_b [2^-53] | 50% [^] |
| ----------- | -------:|
| x\|y        | -1.5e-7 |

{~\}
)");
}

}  // namespace
}  // namespace jacobench::harness
