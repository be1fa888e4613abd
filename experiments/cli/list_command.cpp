// jacobench list [WHAT]
#include <algorithm>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/jacobian/strategy.hpp"

#include "cli/command.hpp"
#include "options/message.hpp"
#include "options/print.hpp"

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
std::vector<Choice> strategies(const Invocation&) { return choices_of(strategy_table()); }
std::vector<Choice> activations(const Invocation&) { return choices_of(activation_table()); }

// What can be listed: one row each.
struct Listing {
  std::string_view what;
  std::vector<Choice> (*choices)(const Invocation&);
};

constexpr Listing listings[] = {
    {"experiments", experiments},
    {"strategies", strategies},
    {"activations", activations},
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
  for (const std::string& what : *wanted) {
    std::vector<std::string> known;
    for (const Listing& listing : listings) known.emplace_back(listing.what);
    if (std::find(known.begin(), known.end(), what) == known.end())
      throw InputError("list: {} cannot be listed; {}", harness::in_quotes(what),
                       harness::suggestion(what, known));
  }
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
