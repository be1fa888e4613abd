// Text of data within a page or a picture: shown as it is, and never anything else.
#pragma once

#include <string>
#include <string_view>

namespace jacobench::harness {

// As text or a quoted attribute of HTML or XML: markup and quotes as entities; bytes that are no UTF-8 and characters
// that XML does not allow as U+FFFD.
std::string escaped(std::string_view text);

// At most so many characters, the last an ellipsis where some are left out.
std::string shortened(std::string_view text, std::size_t most);

// Characters of UTF-8; bytes that are none count as one each.
std::size_t n_characters(std::string_view text);

}  // namespace jacobench::harness
