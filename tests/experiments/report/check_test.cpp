#include "report/check.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/stub_result.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

enum ToyColumn { error = 5, of_promise = 6, remark = 8 };

class Check : public ::testing::Test {
 protected:
  void SetUp() override {
    toy_.run();
    baseline_ = baseline_of(toy_.stored());
  }

  // What the check says after this has been done to the result.
  template <class Change>
  std::vector<std::string> problems_after(Change change, double factor = 2) {
    StoredResult result = toy_.stored();
    change(result.rows);
    return problems_against(baseline_, result, factor);
  }

  TemporaryFolder folder_;
  ToyRun toy_{folder_};
  Baseline baseline_;
};

TEST_F(Check, FindsNothingWrongWithTheResultItself) {
  EXPECT_THAT(problems_after([](std::vector<Row>&) {}), IsEmpty());
}

TEST_F(Check, NamesAFigureThatIsWorseByMoreThanTheFactor) {
  const auto worse_by = [&](double ratio) {
    return problems_after([&](std::vector<Row>& rows) { rows[2].values[error] = 43000123.25 * ratio; });
  };
  EXPECT_THAT(worse_by(2.0), IsEmpty());
  EXPECT_THAT(worse_by(0.1), IsEmpty());
  EXPECT_THAT(worse_by(3.0),
              ElementsAre("inputs=1 hidden=none way=digits: error is 129000369.75, more than 86000246.5 "
                          "(the baseline's 43000123.25 times 2)"));
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) { rows[2].values[error] = 43000123.25 * 3; }, 4),
              IsEmpty());
}

// Both ways, and by as little as a double can be off.
TEST_F(Check, ToTheBitNamesEveryFigureThatIsNotTheBaselines) {
  StoredResult result = toy_.stored();
  EXPECT_THAT(problems_to_the_bit(baseline_, result), IsEmpty());
  for (const double other : {0.0, HUGE_VAL}) {
    result.rows[2].values[error] = std::nextafter(43000123.25, other);
    EXPECT_THAT(problems_to_the_bit(baseline_, result),
                ElementsAre(::testing::HasSubstr("way=digits: error is 4300012")));
  }
}

TEST_F(Check, TakesFiguresUpToTheFloorAsEqual) {
  // The baseline's 1/3 and anything up to the floor of 1 count as 1, so that 2 is the bound.
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) { rows[1].values[error] = 2.0; }), IsEmpty());
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) { rows[1].values[error] = 2.5; }),
              ElementsAre("inputs=1 hidden=none way=fine: error is 2.5, more than 2 (the floor 1 times 2)"));
}

TEST_F(Check, NamesABrokenPromise) {
  EXPECT_THAT(
      problems_after([](std::vector<Row>& rows) { rows[0].values[of_promise] = 1.25; }),
      ElementsAre(
          "inputs=1 hidden=none way=plain: of_promise is 1.25, which breaks the promise of at most 1"));
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) { rows[0].values[of_promise] = 1.0; }), IsEmpty());
  EXPECT_THAT(
      problems_after([](std::vector<Row>& rows) { rows[0].values[of_promise] = Value(); }),
      ElementsAre("inputs=1 hidden=none way=plain: of_promise is not a finite number; it must be at most 1"));
}

TEST_F(Check, AsksForNoPromiseWhereItIsWaived) {
  ToyRun toy(folder_, "experiment = toy\n[toy]\nway = unpromised\n");
  toy.result = folder_.path() / "unpromised";
  toy.run();
  EXPECT_THAT(problems_of(toy.stored()), IsEmpty());
}

TEST_F(Check, NamesAFigureThatIsNoLongerFinite) {
  EXPECT_THAT(
      problems_after([](std::vector<Row>& rows) { rows[0].values[error] = Value(); }),
      ElementsAre("inputs=1 hidden=none way=plain: error is not a finite number; the baseline has 1.5"));
  EXPECT_THAT(
      problems_after([](std::vector<Row>& rows) { rows[0].values[remark] = Value(); }),
      ElementsAre(
          "inputs=1 hidden=none way=plain: remark is missing; the baseline has a \"remark\", with comma"));
}

TEST_F(Check, NamesACellThatFailedOrWasSkipped) {
  const auto become = [](RowStatus status) {
    return [status](std::vector<Row>& rows) {
      rows[0].status = status;
      rows[0].reason = "some reason";
      for (std::size_t i = 4; i < rows[0].values.size(); ++i) rows[0].values[i] = Value();
    };
  };
  EXPECT_THAT(problems_after(become(RowStatus::failed)),
              ElementsAre("inputs=1 hidden=none way=plain: failed: some reason"));
  EXPECT_THAT(
      problems_after(become(RowStatus::skipped)),
      ElementsAre(
          "inputs=1 hidden=none way=plain: skipped, but the baseline has figures of it: some reason"));
}

TEST_F(Check, LetsACellBeSkippedThatTheBaselineSkipsToo) {
  ToyRun toy(folder_, "experiment = toy\n[toy]\nway = skips\n");
  toy.result = folder_.path() / "skips";
  toy.run();
  EXPECT_THAT(problems_against(baseline_of(toy.stored()), toy.stored(), 2), IsEmpty());
}

TEST_F(Check, NamesACellThatOnlyOneOfTheTwoHas) {
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) { rows.erase(rows.begin() + 3); }),
              ElementsAre("inputs=1 hidden=3x2 way=plain: has not been run"));
  baseline_.cells.erase(baseline_.cells.begin());
  baseline_.cells.push_back({"inputs=1 hidden=9 way=plain", RowStatus::ok, {}});
  EXPECT_THAT(problems_after([](std::vector<Row>&) {}),
              ElementsAre("inputs=1 hidden=none way=plain: is not in the baseline; --update takes it in",
                          "inputs=1 hidden=9 way=plain: is in the baseline, but no cell of the study"));
}

// Held to 3.29 standard errors of the difference, 3.29 x 0.005 = 0.01645 for errors of 0.003 and 0.004, on
// both sides.
TEST(CheckOfEstimates, HoldsThemToTheErrorOfTheirDifference) {
  const ColumnList columns = {{.name = "method", .role = ColumnRole::identity},
                              {.name = "coverage", .role = ColumnRole::estimate, .standard_error = "se"},
                              {.name = "se", .role = ColumnRole::measure}};
  const auto result = [&](Value coverage, Value error) {
    return stub_result("stub", columns, {{RowStatus::ok, "", {std::string("delta"), coverage, error}}});
  };
  const auto problems = [&](Value coverage, Value error, Value baseline_error = 0.003) {
    return problems_against(baseline_of(result(0.95, baseline_error)), result(coverage, error), 2);
  };
  EXPECT_THAT(problems(0.95, 0.004), IsEmpty());
  EXPECT_THAT(problems(0.95 - 0.0164, 0.004), IsEmpty());
  EXPECT_THAT(problems(0.95 + 0.0164, 0.004), IsEmpty());
  EXPECT_THAT(
      problems(0.9335, 0.004),
      ElementsAre("method=delta: coverage is 0.9335, the baseline has 0.95; they are 0.0165 apart, and 3.29 "
                  "standard errors allow 0.0164"));
  EXPECT_THAT(problems(0.9665, 0.004), SizeIs(1));

  // Without any error they are equal up to rounding.
  EXPECT_THAT(problems(0.95 * (1 + 5e-13), 0.0, 0.0), IsEmpty());
  EXPECT_THAT(problems(0.95 * (1 + 2e-12), 0.0, 0.0), SizeIs(1));

  // What is null cannot be held.
  EXPECT_THAT(problems(Value(), 0.004),
              ElementsAre("method=delta: coverage is not a finite number; the baseline has 0.95"));
  EXPECT_THAT(
      problems(0.95, Value()),
      ElementsAre(
          "method=delta: coverage is 0.95, the baseline has 0.95; this one is without a standard error",
          "method=delta: se is not a finite number; the baseline has 0.003"));
  EXPECT_THAT(
      problems(0.95, 0.004, Value()),
      ElementsAre(
          "method=delta: coverage is 0.95, the baseline has 0.95; the baseline's is without a standard "
          "error"));
}

TEST_F(Check, RefusesTheBaselineOfAnotherConfig) {
  baseline_.config[1].value = "77";
  EXPECT_EQ(error_line([&] { problems_after([](std::vector<Row>&) {}); }),
            toy_.result.string() +
                ": the baseline is of another config (seed is 77 there and 1 here); give the right "
                "one, or --update it");
}

// The baseline was written before the setting, the identity column and the figure were added.
TEST_F(Check, HoldsWhatAnOlderBaselineKnows) {
  std::erase_if(baseline_.config, [](const ConfigEntry& entry) { return entry.key == "toy.inputs"; });
  for (BaselineCell& cell : baseline_.cells) {
    cell.key.erase(0, std::string("inputs=1 ").size());
    std::erase_if(cell.figures, [](const auto& figure) { return figure.first == "n_params"; });
  }
  EXPECT_THAT(problems_after([](std::vector<Row>&) {}), IsEmpty());
  EXPECT_THAT(problems_to_the_bit(baseline_, toy_.stored()), IsEmpty());
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) { rows[2].values[error] = 1e9; }), SizeIs(1));

  // Rows that differ in the new column alone are one to the baseline.
  EXPECT_THAT(problems_after([](std::vector<Row>& rows) {
                rows.push_back(rows[2]);
                rows.back().values[0] = std::int64_t{2};
              }),
              ElementsAre("inputs=1 hidden=none way=digits: is one of several rows that the baseline calls "
                          "\"hidden=none way=digits\"; --update takes them in",
                          "inputs=2 hidden=none way=digits: is one of several rows that the baseline calls "
                          "\"hidden=none way=digits\"; --update takes them in"));
}

// A row cannot be held to what was not there when it was stored, and what is not known is held to nothing.
TEST_F(Check, HoldsWhatAnOlderRowHas) {
  const auto without = [](ToyColumn column) {
    return [column](std::vector<Row>& rows) {
      rows[0].values[column] = Value();
      rows[0].lacking.assign(rows[0].values.size(), false);
      rows[0].lacking[column] = true;
    };
  };
  for (const ToyColumn column : {error, of_promise, remark}) {
    EXPECT_THAT(problems_after(without(column)), IsEmpty());
    StoredResult result = toy_.stored();
    without(column)(result.rows);
    EXPECT_THAT(problems_to_the_bit(baseline_, result), IsEmpty());
    result.rows[0].lacking.clear();
    result.row_columns[column].role = ColumnRole::unknown;
    EXPECT_THAT(problems_against(baseline_, result, 2), IsEmpty());
  }
}

TEST_F(Check, SaysWhatAnUpdateChanges) {
  StoredResult result = toy_.stored();
  result.rows[0].values[error] = 1.25;
  result.rows[1].values[remark] = Value();
  result.rows[2].status = RowStatus::skipped;
  Baseline now = baseline_of(result);
  now.cells.erase(now.cells.begin() + 3);
  now.cells.push_back({"inputs=2", RowStatus::ok, {}});
  now.config[1].value = "2";
  EXPECT_THAT(
      changes(baseline_, now),
      ElementsAre(
          "config: seed is 1 there and 2 here",
          "changed: inputs=1 hidden=none way=plain: error is 1.25 and was 1.5",
          "changed: inputs=1 hidden=none way=fine: remark is nothing and was a \"remark\", with comma",
          "changed: inputs=1 hidden=none way=digits: skipped where it was ok", "added: inputs=2",
          "removed: inputs=1 hidden=3x2 way=plain"));
  EXPECT_THAT(changes(baseline_, baseline_), IsEmpty());
}

TEST_F(Check, ReadsBackTheBaselineItWrites) {
  baseline_.cells[1].status = RowStatus::skipped;
  const Baseline read = read_baseline(folder_.file("baseline.json", to_baseline_text(baseline_)));
  EXPECT_EQ(read.config, baseline_.config);
  EXPECT_EQ(read.cells, baseline_.cells);
}

TEST_F(Check, RefusesAFileThatIsNoBaseline) {
  const auto refusal = [&](const std::string& contents) {
    const auto file = folder_.file("b.json", contents);
    return error_line([&] { read_baseline(file); }).substr(folder_.path().string().size() + 1);
  };
  const std::string head = R"({"format":"jacobench-baseline","version":1,)";
  EXPECT_EQ(refusal("{"), "b.json: is not JSON");
  EXPECT_EQ(refusal("[1]"), "b.json: is not a baseline of jacobench");
  EXPECT_EQ(refusal(R"({"format":"jacobench-baseline","version":2})"),
            "b.json: is a baseline of another version, want 1");
  EXPECT_EQ(refusal(head + R"("cells":{}})"), "b.json: has no config or no cells");
  EXPECT_EQ(refusal(head + R"("config":{"seed":1},"cells":{}})"), "b.json: config: seed: is not a string");
  EXPECT_EQ(refusal(head + R"("config":{},"cells":{"a=1":[]}})"), "b.json: cell a=1: is not an object");
  EXPECT_EQ(refusal(head + R"("config":{},"cells":{"a=1":{"status":"bad"}}})"),
            "b.json: cell a=1: has no valid status");
}

}  // namespace
}  // namespace jacobench::harness
