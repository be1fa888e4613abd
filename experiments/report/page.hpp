// The report: one page of HTML that needs nothing else, in any browser.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/chart.hpp"

namespace jacobench::harness {

// Facts under a heading, which may be folded away.
struct PageFacts {
  std::string heading;
  std::vector<std::pair<std::string, std::string>> facts;
  bool is_folded = false;
};

struct PageSection {
  std::string heading;
  std::vector<std::string> paragraphs;
  std::vector<PageFacts> facts;
  std::vector<Chart> charts;
  std::optional<RowTable> table;
};

// All text is data, and shown as it is. The same sections give the same bytes.
void write_page(std::ostream& out, const std::string& title, const std::vector<PageSection>& sections);

}  // namespace jacobench::harness
