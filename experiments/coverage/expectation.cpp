#include "coverage/expectation.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "jacobench/base/errors.hpp"

#include "coverage/measures.hpp"
#include "options/message.hpp"
#include "options/value_text.hpp"

namespace jacobench::coverage {
namespace {

constexpr double calibration_z = 3;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const std::string& rule) {
  Pairs pairs;
  std::istringstream words(rule);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == word.npos)
      throw InputError("{} is not column=value; name columns of the table", harness::in_quotes(word));
    pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return pairs;
}

std::size_t identity_column(const harness::ColumnList& columns, const std::string& name) {
  const auto column = std::find_if(columns.begin(), columns.end(), [&](const harness::Column& candidate) {
    return candidate.name == name && candidate.role == harness::ColumnRole::identity;
  });
  if (column == columns.end())
    throw InputError("{} is not a column that tells cells apart; see jacobench run CONFIG --plan",
                     harness::in_quotes(name));
  return static_cast<std::size_t>(column - columns.begin());
}

bool matches(const std::string& rule, const harness::ColumnList& columns, const harness::Row& cell) {
  const Pairs pairs = pairs_of(rule);
  return std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
    return harness::exact_text(cell.values[identity_column(columns, pair.first)]) == pair.second;
  });
}

void check_rule(const std::string& key, const std::string& rule, const harness::ColumnList& columns,
                const std::vector<harness::Row>& cells) {
  try {
    const bool is_used = std::any_of(cells.begin(), cells.end(),
                                     [&](const harness::Row& cell) { return matches(rule, columns, cell); });
    if (!is_used) throw InputError("{} matches no cell of the study", harness::in_quotes(rule));
  } catch (const InputError& error) {
    throw InputError("expect.{}: {}", key, error.what());
  }
}

// At most 1 where the coverage is beyond the level by more than chance takes it.
double over_allowance_beyond(double distance, double se) {
  return distance > 0 ? z_999 * se / distance : HUGE_VAL;
}

}  // namespace

void check_rules(const Expectations& expectations, const harness::ColumnList& columns,
                 const std::vector<harness::Row>& cells) {
  for (const auto& [key, rules] : {std::pair{"nominal", &expectations.nominal},
                                   {"under", &expectations.under},
                                   {"over", &expectations.over},
                                   {"calibrated", &expectations.calibrated},
                                   {"no_claim", &expectations.no_claim}})
    if (*rules)
      for (const std::string& rule : **rules) check_rule(key, rule, columns, cells);
}

std::optional<Held> hold(const Expectations& expectations, const harness::ColumnList& columns,
                         const harness::Row& cell, const Findings& findings) {
  std::optional<Held> held;
  const auto take = [&](const char* what, const Expectations::Rules& rules, double over_allowance) {
    const auto is_of_cell = [&](const std::string& rule) { return matches(rule, columns, cell); };
    if (!rules || std::none_of(rules->begin(), rules->end(), is_of_cell)) return;
    if (!held) held = Held{"", 0};
    held->expected += (held->expected.empty() ? "" : ", ") + std::string(what);
    held->over_allowance = std::max(held->over_allowance, over_allowance);
  };
  const double distance = findings.coverage - findings.level;
  const auto if_claim = [&](double over_allowance) { return findings.is_claim ? over_allowance : HUGE_VAL; };
  take("nominal", expectations.nominal,
       if_claim(distance == 0 ? 0 : std::abs(distance) / (z_999 * findings.coverage_se)));
  take("under", expectations.under, if_claim(over_allowance_beyond(-distance, findings.coverage_se)));
  take("over", expectations.over, if_claim(over_allowance_beyond(distance, findings.coverage_se)));
  take("calibrated", expectations.calibrated,
       findings.se_ratio ? std::abs(*findings.se_ratio - 1) / (calibration_z * *findings.se_ratio_se)
                         : HUGE_VAL);
  take("no claim", expectations.no_claim, findings.is_claim ? HUGE_VAL : 0);
  return held;
}

}  // namespace jacobench::coverage
