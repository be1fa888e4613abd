// What of a page is the same whatever it shows.
#pragma once

#include <string_view>

namespace jacobench::harness {

extern const std::string_view page_styles;

// The only script of a page: tips of marks, sorting, filtering and columns on demand. It holds no data.
extern const std::string_view page_script;

// The page allows this script and no other: base64 of SHA-256 of page_script, as
//   openssl dgst -sha256 -binary SCRIPT | base64
// A browser refuses the script where it is another one; tests/browser sees that.
extern const std::string_view page_script_hash;

}  // namespace jacobench::harness
