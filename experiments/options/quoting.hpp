// Entries of a list between commas, and quotes around those that hold a comma or a #, as in CSV:
//   a, "b, c", "# d", "e ""f"""    are a; b, c; # d; e "f"
// A quote opens where an entry begins and nowhere else: 5" is the text that it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jacobench::harness {

std::string_view without_blanks_around(std::string_view text);

// Where this character stands outside quotes; npos where it does not.
std::size_t find_outside_quotes(std::string_view list, char wanted);

// The entries as they are written, with the blanks around them.
std::vector<std::string_view> split_entries(std::string_view list);

// What an entry means. Errors: InputError where it begins with a quote and does not end with its fellow
std::string unquoted(std::string_view entry);

std::string in_csv_quotes(std::string_view text);

// In quotes where it would read as something else without them.
std::string quoted_where_needed(std::string_view text);

}  // namespace jacobench::harness
