#include "report/escaped.hpp"

#include <cstdint>

namespace jacobench::harness {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// The length of the character of UTF-8 that the text begins with; 0 where it begins with none, or with one that XML
// does not allow.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\n' || first == '\t' ? 1 : 0;
  const std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first >= 0xF5 || text.size() < length) return 0;
  std::uint32_t code = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return is_overlong || is_surrogate || code > 0x10FFFF || code == 0xFFFE || code == 0xFFFF ? 0 : length;
}

template <class Take>
void for_each_character(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    take(length == 0 ? replacement : text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

std::string_view entity(std::string_view character) {
  switch (character.front()) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return character;
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for_each_character(text, [&](std::string_view character) { result += entity(character); });
  return result;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (n_characters(text) <= most) return std::string(text);
  std::string result;
  std::size_t n = 0;
  for_each_character(text, [&](std::string_view character) {
    if (++n < most) result += character;
  });
  return result + "…";
}

std::size_t n_characters(std::string_view text) {
  std::size_t n = 0;
  for_each_character(text, [&](std::string_view) { ++n; });
  return n;
}

}  // namespace jacobench::harness
