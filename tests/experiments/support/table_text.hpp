// A table as it is written, as text.
#pragma once

#include <sstream>
#include <string>

#include "report/table.hpp"
#include "support/named.hpp"

namespace jacobench::testing {

inline std::string text_of(const harness::RowTable& table, const std::string& format = "text") {
  std::ostringstream out;
  named(harness::table_format_table(), format).write(out, table, {});
  return out.str();
}

}  // namespace jacobench::testing
