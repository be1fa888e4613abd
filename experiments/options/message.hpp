// Pieces of the one-line messages that people read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jacobench::harness {

// The text in double quotes, fit for one line of a terminal: control characters as \xNN, cut after 60 bytes.
std::string in_quotes(std::string_view text);

// The text with every run of blanks and line breaks made one blank.
std::string one_line(std::string_view text);

// What to say after an unknown name: "did you mean NAME?" where a known one starts with it or is a few typing
// errors away, otherwise "known: NAME, NAME, ...".
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace jacobench::harness
