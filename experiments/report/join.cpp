#include "report/join.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

#include "options/value_text.hpp"
#include "report/table.hpp"

namespace jacobench::harness {
namespace {

constexpr const char* network_column = "network";
constexpr const char* activation_column = "activation";
constexpr const char* n_params_column = "n_params";

struct Network {
  std::string name, activation;

  bool operator==(const Network&) const = default;
};

Network network_of(const ColumnList& columns, const Row& row) {
  return {exact_text(row.values[column_index(columns, network_column)]),
          exact_text(row.values[column_index(columns, activation_column)])};
}

void expect_different_experiments(const std::vector<StoredResult>& results) {
  std::map<std::string, const StoredResult*> seen;
  for (const StoredResult& result : results) {
    const std::string& experiment = result.study.experiment_name;
    if (result.study.experiment->summary_columns().empty())
      throw InputError("{}: experiment {} says nothing of networks; leave this result out",
                       result.folder.string(), experiment);
    const auto [other, is_new] = seen.emplace(experiment, &result);
    if (!is_new)
      throw InputError("{}: is a result of experiment {}, as {} is; give one of each, or see jacobench table",
                       result.folder.string(), experiment, other->second->folder.string());
  }
}

// In the order in which they come.
std::vector<Network> networks_of(const std::vector<StoredResult>& results) {
  std::vector<Network> networks;
  for (const StoredResult& result : results)
    for (const Row& row : result.rows) {
      Network network = network_of(result.columns(), row);
      if (std::find(networks.begin(), networks.end(), network) == networks.end())
        networks.push_back(std::move(network));
    }
  return networks;
}

Value n_params_of(const std::vector<StoredResult>& results, const Network& network) {
  for (const StoredResult& result : results)
    for (const Row& row : result.rows)
      if (row.status == RowStatus::ok && network_of(result.columns(), row) == network)
        return row.values[column_index(result.columns(), n_params_column)];
  return {};
}

// The row that stands for this network, or null with the reason why there is none.
struct Choice {
  const Row* row = nullptr;
  std::string reason = {};
};

Choice choose(const StoredResult& result, const SummaryColumn& summary, const Network& network) {
  const ColumnList& columns = result.columns();
  const std::size_t figure = column_index(columns, summary.column);
  std::vector<const Row*> rows;
  for (const Row& row : result.rows) {
    const bool is_meant = std::all_of(summary.where.begin(), summary.where.end(), [&](const auto& condition) {
      return exact_text(row.values[column_index(columns, condition.first)]) == condition.second;
    });
    const bool is_null = std::holds_alternative<std::monostate>(row.values[figure]);
    if (is_meant && !is_null && row.status == RowStatus::ok && network_of(columns, row) == network)
      rows.push_back(&row);
  }
  if (rows.empty()) return {nullptr, "no figure"};
  const auto is_less = [&](const Row* a, const Row* b) { return a->values[figure] < b->values[figure]; };
  const auto [least, greatest] = std::minmax_element(rows.begin(), rows.end(), is_less);
  if (summary.choice == RowChoice::least) return {*least};
  if (summary.choice == RowChoice::greatest) return {*greatest};
  if ((*least)->values[figure] != (*greatest)->values[figure]) return {nullptr, "several figures"};
  return {*least};
}

// The columns of a summary: the figure, and its standard error where it has one.
std::vector<Column> columns_of(const ColumnList& columns, const SummaryColumn& summary) {
  Column figure = columns[column_index(columns, summary.column)];
  figure.name = summary.name;
  figure.heading = summary.heading;
  if (figure.standard_error.empty()) return {figure};
  Column error = columns[column_index(columns, figure.standard_error)];
  error.name = figure.standard_error = summary.name + "_standard_error";
  error.heading.clear();
  return {figure, error};
}

// The values of those columns of this network, and the notes where there are none.
void append_figures(const StoredResult& result, const std::string& result_name, const Network& network,
                    Row& line, std::vector<std::string>& notes) {
  const ColumnList& columns = result.columns();
  const std::vector<SummaryColumn> summaries = result.study.experiment->summary_columns();
  std::map<std::string, std::vector<std::string>> missing;  // headings by reason
  for (const SummaryColumn& summary : summaries) {
    const Choice choice = choose(result, summary, network);
    const auto append = [&](const std::string& name) {
      line.values.push_back(choice.row ? choice.row->values[column_index(columns, name)] : Value());
    };
    append(summary.column);
    const std::string& error = columns[column_index(columns, summary.column)].standard_error;
    if (!error.empty()) append(error);
    if (!choice.row) missing[choice.reason].push_back(summary.heading);
  }
  for (const auto& [reason, headings] : missing)
    notes.push_back(fmt::format("{}: {} of {} {}: {}", result_name, reason, network.name, network.activation,
                                joined(headings, ", ")));
}

}  // namespace

RowTable joined_table(const std::vector<StoredResult>& results) {
  JB_EXPECT(!results.empty(), "a join of no result");
  expect_different_experiments(results);
  RowTable table;
  table.rows_have_status = false;
  table.columns = {{.name = network_column, .heading = "network", .role = ColumnRole::identity},
                   {.name = n_params_column, .heading = "P", .role = ColumnRole::measure},
                   {.name = activation_column, .heading = "activation", .role = ColumnRole::identity}};
  const std::vector<std::string> names = result_names(results);
  for (std::size_t i = 0; i < results.size(); ++i) {
    table.preamble.push_back(progress_line(results[i], names[i]));
    for (const SummaryColumn& summary : results[i].study.experiment->summary_columns())
      for (Column& column : columns_of(results[i].columns(), summary))
        table.columns.push_back(std::move(column));
  }
  for (const Network& network : networks_of(results)) {
    Row line;
    line.values = {network.name, n_params_of(results, network), network.activation};
    for (std::size_t i = 0; i < results.size(); ++i)
      append_figures(results[i], names[i], network, line, table.notes);
    table.rows.push_back(std::move(line));
  }
  return table;
}

}  // namespace jacobench::harness
