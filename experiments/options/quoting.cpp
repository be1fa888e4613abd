#include "options/quoting.hpp"

#include <algorithm>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"

namespace jacobench::harness {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Just after the quote that closes the one at the beginning; the end of the text where none does.
std::size_t end_of_quotes(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    if (i + 1 == text.size() || text[i + 1] != '"') return i + 1;
    ++i;
  }
  return text.size();
}

}  // namespace

std::string_view without_blanks_around(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t find_outside_quotes(std::string_view list, char wanted) {
  bool is_at_begin = true;
  for (std::size_t i = 0; i < list.size();) {
    if (is_at_begin && list[i] == '"') {
      i += end_of_quotes(list.substr(i));
      is_at_begin = false;
      continue;
    }
    if (list[i] == wanted) return i;
    is_at_begin = list[i] == ',' || (is_at_begin && is_blank(list[i]));
    ++i;
  }
  return list.npos;
}

std::vector<std::string_view> split_entries(std::string_view list) {
  std::vector<std::string_view> entries;
  for (;;) {
    const std::size_t end = find_outside_quotes(list, ',');
    entries.push_back(list.substr(0, end));
    if (end == list.npos) return entries;
    list.remove_prefix(end + 1);
  }
}

std::string unquoted(std::string_view entry) {
  if (!entry.starts_with('"')) return std::string(entry);
  const bool is_closed = entry.size() >= 2 && entry.back() == '"' && end_of_quotes(entry) == entry.size();
  std::string text;
  for (std::size_t i = 1; i + 1 < entry.size(); ++i) {
    text += entry[i];
    if (entry[i] == '"') ++i;
  }
  if (!is_closed || in_csv_quotes(text) != entry)
    throw InputError(
        "{} does not end with the quote that it begins with; close it, and double a quote within",
        in_quotes(entry));
  return text;
}

std::string in_csv_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + '"';
}

std::string quoted_where_needed(std::string_view text) {
  const bool is_plain = text.find_first_of(",#") == text.npos && !text.starts_with('"') && !text.empty() &&
                        !is_blank(text.front()) && !is_blank(text.back());
  return is_plain ? std::string(text) : in_csv_quotes(text);
}

}  // namespace jacobench::harness
