// jacobench list [WHAT...]
#include <algorithm>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/vector_path.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/decay_choice.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/jacobian/strategy.hpp"

#include "cli/command.hpp"
#include "coverage/other_packages.hpp"
#include "coverage/scenario.hpp"
#include "options/message.hpp"
#include "options/print.hpp"
#include "peers/peer_table.hpp"
#include "report/table.hpp"

namespace jacobench::cli {
namespace {

struct Choice {
  std::string name, summary;
};

template <class Table>
std::vector<Choice> choices_of(const Table& table) {
  std::vector<Choice> choices;
  for (const auto& info : table) choices.push_back({std::string(info.name), std::string(info.summary)});
  return choices;
}

std::vector<Choice> experiments(const Invocation& invocation) { return choices_of(invocation.experiments); }

template <auto table>
std::vector<Choice> rows_of(const Invocation&) {
  return choices_of(table());
}

// What can be listed: one row each.
struct Listing {
  std::string_view what;
  std::vector<Choice> (*choices)(const Invocation&);
};

constexpr Listing listings[] = {
    {"experiments", experiments},
    {"commands", rows_of<command_table>},
    {"strategies", rows_of<strategy_table>},
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

void print(std::ostream& out, const Listing& listing, const Invocation& invocation) {
  const std::vector<Choice> choices = listing.choices(invocation);
  std::size_t width = 0;
  for (const Choice& choice : choices) width = std::max(width, choice.name.size());
  for (const Choice& choice : choices)
    harness::print(out, "  {:{}}  {}\n", choice.name, width, choice.summary);
}

}  // namespace

int list_command(const Invocation& invocation) {
  const auto wanted = read_operands(invocation, "list", {});
  if (!wanted) return all_well;
  std::vector<std::string> known;
  for (const Listing& listing : listings) known.emplace_back(listing.what);
  for (const std::string& what : *wanted)
    if (std::find(known.begin(), known.end(), what) == known.end())
      throw InputError("list: {} cannot be listed; {}", harness::in_quotes(what),
                       harness::suggestion(what, known));
  for (const Listing& listing : listings) {
    const bool is_wanted =
        wanted->empty() || std::find(wanted->begin(), wanted->end(), listing.what) != wanted->end();
    if (!is_wanted) continue;
    harness::print(invocation.out, "{}\n", listing.what);
    print(invocation.out, listing, invocation);
  }
  return all_well;
}

}  // namespace jacobench::cli
