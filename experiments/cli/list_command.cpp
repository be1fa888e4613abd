// jacobench list [WHAT...] [--format text|markdown|csv|latex|json]
#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/vector_path.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/decay_choice.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/jacobian/strategy.hpp"

#include "cli/command.hpp"
#include "cli/table_options.hpp"
#include "coverage/other_packages.hpp"
#include "coverage/scenario.hpp"
#include "networks/tried_formulas.hpp"
#include "options/message.hpp"
#include "options/print.hpp"
#include "peers/peer_table.hpp"
#include "report/table.hpp"

namespace jacobench::cli {
namespace {

// What there is to choose. Some have more to say: the keys are columns of the table.
struct Choice {
  std::string name, summary;
  std::vector<std::pair<std::string, std::string>> more = {};
};

template <class Table>
std::vector<Choice> choices_of(const Table& table) {
  std::vector<Choice> choices;
  for (const auto& info : table) {
    choices.push_back({std::string(info.name), std::string(info.summary)});
    if constexpr (requires { info.formula; })
      choices.back().more = {{"formula", std::string(info.formula)}, {"source", std::string(info.source)}};
  }
  return choices;
}

std::vector<Choice> experiments(const Invocation& invocation) { return choices_of(invocation.experiments); }

template <auto table>
std::vector<Choice> rows_of(const Invocation&) {
  return choices_of(table());
}

// The columns of an experiment's rows.
std::vector<Choice> columns_of(const harness::ExperimentInfo& info) {
  const std::unique_ptr<harness::Experiment> experiment = info.make();
  std::vector<Choice> choices;
  for (const harness::Column& column : experiment->columns())
    choices.push_back({column.name, column.meaning, {{"heading", column.heading}, {"unit", column.unit}}});
  return choices;
}

// What can be listed: one row each.
struct Listing {
  std::string what;
  std::function<std::vector<Choice>(const Invocation&)> choices;
};

const Listing own_listings[] = {
    {"experiments", experiments},
    {"commands", rows_of<command_table>},
    {"strategies", rows_of<strategy_table>},
    {"tried_formulas", rows_of<harness::tried_formula_table>},
    {"peers", rows_of<peers::peer_table>},
    {"wrt", rows_of<wrt_table>},
    {"activations", rows_of<activation_table>},
    {"initialisations", rows_of<initialisation_table>},
    {"covariances", rows_of<covariance_table>},
    {"bootstraps", rows_of<bootstrap_table>},
    {"interval_methods", rows_of<interval_method_table>},
    {"other_packages", rows_of<coverage::other_package_table>},
    {"interval_kinds", rows_of<interval_kind_table>},
    {"simultaneous", rows_of<simultaneous_table>},
    {"sides", rows_of<sides_table>},
    {"dof_rules", rows_of<dof_rule_table>},
    {"rank_policies", rows_of<rank_policy_table>},
    {"truths", rows_of<coverage::truth_table>},
    {"designs", rows_of<coverage::design_table>},
    {"noise_laws", rows_of<coverage::noise_law_table>},
    {"stops", rows_of<stop_table>},
    {"starts", rows_of<coverage::start_table>},
    {"solvers", rows_of<coverage::solver_table>},
    {"decay_rules", rows_of<decay_rule_table>},
    {"decay_of", rows_of<coverage::decay_of_table>},
    {"table_formats", rows_of<harness::table_format_table>},
    {"vector_paths", rows_of<vector_path_table>},
};

// Those, and the columns of every experiment.
std::vector<Listing> all_listings(const Invocation& invocation) {
  std::vector<Listing> listings(std::begin(own_listings), std::end(own_listings));
  for (const harness::ExperimentInfo& info : invocation.experiments)
    listings.push_back(
        {std::string(info.name) + "_columns", [&info](const Invocation&) { return columns_of(info); }});
  return listings;
}

void print(std::ostream& out, const std::string& what, const std::vector<Choice>& choices) {
  harness::print(out, "{}\n", what);
  std::size_t width = 0;
  for (const Choice& choice : choices) width = std::max(width, choice.name.size());
  for (const Choice& choice : choices)
    harness::print(out, "  {:{}}{}{}\n", choice.name, choice.summary.empty() ? 0 : width,
                   choice.summary.empty() ? "" : "  ", choice.summary);
}

// One row a choice: what it is of, its name and summary, and what else any of them says.
void append(harness::RowTable& table, const std::string& what, const std::vector<Choice>& choices) {
  for (const Choice& choice : choices) {
    harness::Row row{harness::RowStatus::ok, {}, {what, choice.name, choice.summary}};
    row.values.resize(table.columns.size());
    for (const auto& [key, text] : choice.more)
      if (!text.empty()) row.values[harness::column_index(table.columns, key)] = text;
    table.rows.push_back(std::move(row));
  }
}

harness::RowTable empty_table() {
  using harness::ColumnRole;
  harness::RowTable table{.columns = {}, .rows = {}, .rows_have_status = false};
  for (const char* name : {"what", "name", "summary", "heading", "unit", "formula", "source"})
    table.columns.push_back(
        {.name = name,
         .heading = name,
         .role = std::string_view(name) == "what" ? ColumnRole::identity : ColumnRole::measure});
  return table;
}

}  // namespace

int list_command(const Invocation& invocation) {
  TableOptions printing;
  harness::OptionTable own;
  printing.add_to(own);
  const auto wanted = read_operands(invocation, "list", {&own});
  if (!wanted) return all_well;
  const std::vector<Listing> listings = all_listings(invocation);
  std::vector<std::string> known;
  known.reserve(listings.size());
  for (const Listing& listing : listings) known.push_back(listing.what);
  for (const std::string& what : *wanted)
    if (std::find(known.begin(), known.end(), what) == known.end())
      throw InputError("list: {} cannot be listed; {}", harness::in_quotes(what),
                       harness::suggestion(what, known));
  harness::RowTable table = empty_table();
  const bool is_text = printing.format->name == "text";
  for (const Listing& listing : listings) {
    const bool is_wanted =
        wanted->empty() || std::find(wanted->begin(), wanted->end(), listing.what) != wanted->end();
    if (!is_wanted) continue;
    const std::vector<Choice> choices = listing.choices(invocation);
    if (is_text)
      print(invocation.out, listing.what, choices);
    else
      append(table, listing.what, choices);
  }
  if (!is_text) printing.write(invocation, table);
  return all_well;
}

}  // namespace jacobench::cli
