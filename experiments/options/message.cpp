#include "options/message.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"

namespace jacobench::harness {
namespace {

// Levenshtein's distance: the number of insertions, deletions and replacements between two words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t max_bytes = 60;
  std::string result = "\"";
  for (const unsigned char c : text.substr(0, max_bytes)) {
    if (c < 0x20 || c == 0x7f)
      result += fmt::format("\\x{:02x}", c);
    else
      result += static_cast<char>(c);
  }
  return result + (text.size() > max_bytes ? "...\"" : "\"");
}

std::string one_line(std::string_view text) {
  std::string result;
  for (const unsigned char c : text) {
    if (!std::isspace(c))
      result += static_cast<char>(c);
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::string* nearest = nullptr;
  std::size_t nearest_distance = std::max<std::size_t>(2, name.size() / 4) + 1;
  for (const std::string& candidate : known) {
    const bool abbreviated = !name.empty() && candidate.starts_with(name);
    const std::size_t distance = abbreviated ? 1 : edit_distance(name, candidate);
    if (distance < nearest_distance) {
      nearest = &candidate;
      nearest_distance = distance;
    }
  }
  if (nearest) return fmt::format("did you mean {}?", *nearest);
  return fmt::format("known: {}", joined(known, ", "));
}

}  // namespace jacobench::harness
