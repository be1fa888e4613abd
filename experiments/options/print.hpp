// Formatted text into a stream, through fmt's compiled library: fmt/ostream.h would compile all of its formatting into
// every file that prints.
#pragma once

#include <ostream>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace jacobench::harness {

template <class... Args>
void print(std::ostream& out, fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace jacobench::harness
