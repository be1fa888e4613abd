// Texts one after the other with a separator between them, which fmt::join would compile anew in every file.
#pragma once

#include <string>
#include <string_view>

namespace jacobench {

// texts: any range of std::string or std::string_view.
template <class Texts>
std::string joined(const Texts& texts, std::string_view separator) {
  std::string all;
  bool is_first = true;
  for (const std::string_view text : texts) {
    if (!is_first) all += separator;
    is_first = false;
    all += text;
  }
  return all;
}

}  // namespace jacobench
