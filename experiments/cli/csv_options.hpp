// The options of every command that reads a data file: how it is written (jacobench/files/csv.hpp).
#pragma once

#include <string>

#include "jacobench/files/csv.hpp"

#include "options/options.hpp"

namespace jacobench::cli {

// --encoding, --separator, --decimal, --thousands, --comment, --missing
void add_csv_options(harness::OptionTable& table, CsvDialect& dialect);

// "2 rows are left out for a missing value"
std::string left_out_text(Index n_left_out);

// How names of columns are given, for the help of options that take them.
inline constexpr std::string_view names_help =
    "; a name with a comma or quotes stands in quotes as in CSV: '\"a, b\",c'; of a column of words, "
    "NAME=WORD is 1 where it holds that word and 0 elsewhere";

}  // namespace jacobench::cli
