#include "cli/csv_options.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"

#include "options/message.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

struct CharacterName {
  std::string_view name;
  char character;
};

constexpr CharacterName tab{"tab", '\t'}, blank{"blank", CsvDialect::blank}, none{"none", CsvDialect::none};

// One character as it stands, or by one of these names.
ValueFormat<char> character(const std::vector<CharacterName>& names) {
  const std::string allowed =
      joined(names_of(names), ", ") + (names.empty() ? "" : ", or ") + "one character";
  auto parse = [=](std::string_view text) {
    for (const CharacterName& name : names)
      if (text == name.name) return name.character;
    const bool is_one = text.size() == 1 && text[0] > ' ' && text[0] < '\x7f' && text[0] != '"';
    if (!is_one) throw InputError("{} is not one character; allowed: {}", in_quotes(text), allowed);
    return text[0];
  };
  auto write = [=](const char& c) {
    for (const CharacterName& name : names)
      if (c == name.character) return std::string(name.name);
    return std::string(1, c);
  };
  return {allowed, parse, write};
}

struct MissingInfo {
  Missing missing;
  std::string_view name;
};

constexpr MissingInfo missing_table[] = {{Missing::refuse, "refuse"}, {Missing::drop, "drop"}};

}  // namespace

void add_csv_options(OptionTable& table, CsvDialect& dialect) {
  table.add("separator", "of the data file: what stands between its columns; auto: found out",
            dialect.separator, value_or("auto", character({tab, blank})));
  table.add("decimal", "of the data file: the decimal mark; auto: found out where it is certain",
            dialect.decimal, value_or("auto", character({})));
  table.add("thousands",
            "of the data file: what stands between thousands; auto: found out where it is certain",
            dialect.thousands, value_or("auto", character({blank})));
  table.add("comment",
            "of the data file: what a line begins with that is passed over; auto: # where it cannot be a row",
            dialect.comment, value_or("auto", character({none})));
  table.add("encoding",
            "of the data file, as iconv calls it; auto: UTF-8, or UTF-16 and UTF-32 by their marks",
            dialect.encoding, value_or("auto", text()));
  table.add("missing", "rows in which a column that is used has no value (empty, NA, NaN, null, ...)",
            dialect.missing, one_of(missing_table, &MissingInfo::missing));
}

std::string left_out_text(Index n_left_out) {
  return fmt::format("{} {} left out for a missing value", n_left_out,
                     n_left_out == 1 ? "row is" : "rows are");
}

}  // namespace jacobench::cli
