// Results of the first release, kept in tests/results/first_release: rows outlive their columns. All but coverage_quick
// are shortened to a few networks or steps: a list in config.ini is shorter, the rows are those of its cells and
// manifest.json counts them; all else is as it was written.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "options/value_text.hpp"
#include "report/check.hpp"
#include "report/table.hpp"
#include "run/manifest.hpp"
#include "run/runner.hpp"
#include "study/experiment_table.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using namespace testing;
using harness::ColumnList;
using harness::Row;
using harness::StoredResult;
using harness::Value;
using Json = nlohmann::ordered_json;

class FirstRelease : public ::testing::Test {
 protected:
  static std::string kept(const std::string& name) {
    return std::string(JACOBENCH_SOURCE) + "/tests/results/first_release/" + name;
  }

  // A copy of the result that may be written to.
  std::filesystem::path copy(const std::string& name) {
    const std::filesystem::path to = folder_.path() / name;
    std::filesystem::remove_all(to);
    std::filesystem::copy(kept(name), to, std::filesystem::copy_options::recursive);
    return to;
  }

  int call(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const int code = run_command_line(arguments, out, {.out = err}, harness::experiment_table());
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  static StoredResult read(const std::filesystem::path& folder) {
    std::ostringstream warnings;
    StoredResult result = harness::read_result(folder, harness::experiment_table(), warnings);
    EXPECT_EQ(warnings.str(), "");
    return result;
  }

  static harness::RunSummary resume(const std::filesystem::path& folder) {
    std::ostringstream said;
    harness::Study study = harness::read_study(folder / "config.ini", harness::experiment_table());
    return harness::run_study(study, folder, "jacobench run", {.out = said});
  }

  static std::vector<Json> json_rows(const std::filesystem::path& folder) {
    std::vector<Json> rows;
    std::istringstream lines(contents_of(folder / "rows.jsonl"));
    for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
    return rows;
  }

  static void write_rows(const std::filesystem::path& folder, const std::vector<Json>& rows) {
    std::ofstream file(folder / "rows.jsonl", std::ios::binary);
    for (const Json& row : rows) file << row.dump() << '\n';
  }

  TemporaryFolder folder_;
  std::string out_, err_;
};

class EachOfFirstRelease : public FirstRelease, public ::testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Results, EachOfFirstRelease,
                         ::testing::Values("quick", "step_sweep", "speed", "coverage_quick"),
                         [](const auto& result) { return result.param; });

TEST_P(EachOfFirstRelease, IsShownAsTextAndWithEveryFigureInCsv) {
  EXPECT_EQ(call({"table", kept(GetParam())}), all_well) << err_;
  EXPECT_EQ(err_, "");
  EXPECT_EQ(call({"table", kept(GetParam()), "--format", "csv"}), all_well) << err_;
  const std::string header = out_.substr(0, out_.find('\n'));
  std::istringstream fields(header);
  std::set<std::string> names;
  for (std::string name; std::getline(fields, name, ',');) EXPECT_TRUE(names.insert(name).second) << name;
  const StoredResult result = read(kept(GetParam()));
  const std::vector<Json> stored = json_rows(kept(GetParam()));
  for (const auto& member : stored.front().items()) EXPECT_TRUE(names.contains(member.key())) << member.key();
  ASSERT_EQ(result.rows.size(), stored.size());
  for (std::size_t r = 0; r < stored.size(); ++r)
    for (std::size_t c = 0; c < result.columns().size(); ++c) {
      const Json was = stored[r].value(result.columns()[c].name, Json());
      const Value now = result.rows[r].values[c];
      if (was.is_number()) {
        EXPECT_EQ(harness::number_in(now), was.get<double>()) << result.columns()[c].name;
      } else if (was.is_string()) {
        EXPECT_EQ(now, Value(was.get<std::string>()));
      }
    }
}

TEST_P(EachOfFirstRelease, HoldsAgainstItself) {
  const std::string baseline = folder_.path() / "baseline.json";
  EXPECT_EQ(call({"check", kept(GetParam()), "--baseline", baseline, "--update"}), all_well) << out_;
  EXPECT_EQ(call({"check", kept(GetParam()), "--baseline", baseline}), all_well) << out_;
  EXPECT_EQ(call({"check", kept(GetParam()), "--baseline", baseline, "--exact"}), all_well) << out_;
}

TEST_P(EachOfFirstRelease, IsComparedWithItself) {
  const bool has_timings = GetParam() == "speed";
  EXPECT_EQ(call({"compare", kept(GetParam()), kept(GetParam())}), has_timings ? all_well : wrong_input);
  EXPECT_EQ(out_.find("no difference seen") != std::string::npos, has_timings) << out_;
  EXPECT_EQ(err_.find("keeps no repeated timings") == std::string::npos, has_timings) << err_;
}

TEST_F(FirstRelease, IsJoined) {
  EXPECT_EQ(call({"join", kept("quick"), kept("speed"), kept("coverage_quick")}), all_well) << err_;
  EXPECT_NE(out_.find("\n5-1 "), std::string::npos) << out_;
  EXPECT_NE(out_.find("\n8-1-1 "), std::string::npos) << out_;
  EXPECT_EQ(call({"join", kept("step_sweep")}), all_well) << err_;
}

TEST_P(EachOfFirstRelease, IsResumedWithItsRowsAsTheyAre) {
  const std::filesystem::path result = copy(GetParam());
  const auto before = snapshot(result);
  const harness::RunSummary summary = resume(result);
  EXPECT_GT(summary.n_cells, 0u);
  EXPECT_EQ(summary.n_earlier, summary.n_cells);
  EXPECT_EQ(snapshot(result), before);
}

TEST_F(FirstRelease, IsCompletedByThisVersion) {
  const std::filesystem::path result = copy("quick");
  std::vector<Json> rows = json_rows(result);
  const std::size_t n_cells = rows.size();
  rows.resize(7);
  write_rows(result, rows);
  const std::string left = contents_of(result / "rows.jsonl");
  EXPECT_EQ(resume(result).n_earlier, 7u);
  EXPECT_TRUE(contents_of(result / "rows.jsonl").starts_with(left));
  EXPECT_EQ(json_rows(result).size(), n_cells);
  EXPECT_EQ(harness::recorded_schema_version(result / "manifest.json"), harness::schema_version);
  EXPECT_EQ(harness::recorded_schema_version(kept("quick") + "/manifest.json"), 1);
}

// As if the column had been added since: each of today's, one after the other.
TEST_P(EachOfFirstRelease, IsReadWithoutAnyOneOfItsColumns) {
  const std::vector<Json> rows = json_rows(kept(GetParam()));
  const harness::Baseline baseline = harness::baseline_of(read(kept(GetParam())));
  const ColumnList columns = read(kept(GetParam())).study.experiment->columns();
  const std::filesystem::path result = copy(GetParam());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    SCOPED_TRACE(columns[c].name);
    std::vector<Json> older = rows;
    for (Json& row : older) row.erase(columns[c].name);
    write_rows(result, older);
    const StoredResult stored = read(result);
    for (const Row& row : stored.rows) EXPECT_EQ(row.values[c], Value());
    for (const char* format : {"text", "csv"}) {
      EXPECT_EQ(call({"table", result, "--format", format}), all_well) << err_;
    }
    EXPECT_EQ(call({"join", result}), all_well) << err_;

    std::set<Json> keys;
    for (const Json& row : older) {
      Json key;
      for (const harness::Column& column : columns)
        if (column.role == harness::ColumnRole::identity) key.push_back(row.value(column.name, Json()));
      keys.insert(key);
    }
    if (keys.size() < rows.size()) continue;
    EXPECT_EQ(harness::problems_against(baseline, stored, 1), std::vector<std::string>());
    const std::string left = contents_of(result / "rows.jsonl");
    EXPECT_EQ(resume(result).n_earlier, rows.size());
    EXPECT_EQ(contents_of(result / "rows.jsonl"), left);
  }
}

// A strategy that this version does not have: in rows and config it is text.
TEST_F(FirstRelease, IsReadWithAStrategyThatIsNotKnown) {
  const std::filesystem::path result = copy("speed");
  for (const char* name : {"rows.jsonl", "config.ini"}) {
    std::string text = contents_of(result / name);
    for (std::size_t at = 0; (at = text.find("ceres_ridders", at)) != std::string::npos;)
      text.replace(at, std::string("ceres_ridders").size(), "forgotten");
    folder_.file(std::string("speed/") + name, text);
  }
  EXPECT_EQ(call({"table", result}), all_well) << err_;
  EXPECT_NE(out_.find("forgotten"), std::string::npos) << out_;
  EXPECT_NE(err_.find("config.ini:19: jacobian.strategies: warning: "), std::string::npos) << err_;
  EXPECT_EQ(call({"table", result, "--format", "csv"}), all_well) << err_;
  EXPECT_NE(out_.find(",speedup_over_forgotten,"), std::string::npos) << out_;
  EXPECT_EQ(call({"compare", result, result}), all_well) << err_;
  EXPECT_NE(out_.find("work=forgotten"), std::string::npos) << out_;
  EXPECT_EQ(call({"compare", result, kept("speed")}), wrong_input);
  EXPECT_NE(
      err_.find("jacobian.strategies: per_parameter, layerwise, ceres_forward, ceres_central, forgotten and"),
      std::string::npos)
      << err_;
  EXPECT_EQ(call({"join", result}), all_well) << err_;
  const std::string baseline = folder_.path() / "baseline.json";
  EXPECT_EQ(call({"check", result, "--baseline", baseline, "--update"}), all_well) << out_;
  EXPECT_EQ(call({"check", result, "--baseline", baseline, "--exact"}), all_well) << out_;
}

// Each row is there twice, told apart by a column that this version does not know.
TEST_F(FirstRelease, IsNotComparedWhereRowsCannotBeToldApart) {
  const std::filesystem::path result = copy("speed");
  std::vector<Json> rows = json_rows(result);
  for (std::size_t i = 0, n = rows.size(); i < n; ++i) {
    rows.push_back(rows[i]);
    rows.back()["machine"] = "another";
  }
  write_rows(result, rows);
  EXPECT_EQ(call({"compare", result, kept("speed")}), all_well) << err_;
  EXPECT_EQ(out_.find("no difference seen"), std::string::npos) << out_;
  EXPECT_NE(
      out_.find("several rows, told apart by what this version does not know: network=8-1-1 activation=tanh "
                "rows=64 wrt=parameters threads=1 work=layerwise\n"),
      std::string::npos)
      << out_;
}

// Speed-ups are no longer stored: those that are computed are those that were, but for the rounding of the times.
TEST_F(FirstRelease, HasTheSpeedUpsThatItsTimesGive) {
  const StoredResult stored = read(kept("speed"));
  const std::filesystem::path result = copy("speed");
  std::vector<Json> rows = json_rows(result);
  std::size_t n_erased = 0;
  for (Json& row : rows)
    for (const char* strategy :
         {"per_parameter", "layerwise", "ceres_forward", "ceres_central", "ceres_ridders"})
      n_erased += row.erase(std::string("speedup_over_") + strategy);
  ASSERT_EQ(n_erased, 5 * rows.size());
  write_rows(result, rows);
  const StoredResult derived = read(result);
  ASSERT_EQ(derived.columns().size(), stored.columns().size());
  std::size_t n_speedups = 0;
  for (std::size_t c = 0; c < stored.columns().size(); ++c) {
    ASSERT_EQ(derived.columns()[c].name, stored.columns()[c].name);
    if (!stored.columns()[c].name.starts_with("speedup_over_")) continue;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto then = harness::number_in(stored.rows[r].values[c]),
                 now = harness::number_in(derived.rows[r].values[c]);
      ASSERT_EQ(then.has_value(), now.has_value()) << r;
      if (!then) continue;
      EXPECT_NEAR(*now / *then, 1, 4 * 0x1p-52) << "two products with 1e6 and three quotients";
      ++n_speedups;
    }
  }
  EXPECT_GT(n_speedups, 0u);
  EXPECT_EQ(call({"table", kept("speed")}), all_well);
  const std::string text = out_.substr(out_.find('\n'));
  EXPECT_EQ(call({"table", result}), all_well);
  EXPECT_EQ(out_.substr(out_.find('\n')), text);
  const std::size_t heading = text.find("over central");
  EXPECT_NE(heading, std::string::npos);
  EXPECT_EQ(text.find("over central", heading + 1), std::string::npos) << "each figure once";
}

}  // namespace
}  // namespace jacobench::cli
