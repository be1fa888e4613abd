#include "report/page.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/page_assets.hpp"

namespace jacobench::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const std::vector<PageSection>& sections) {
  std::ostringstream out;
  write_page(out, "title", sections);
  return out.str();
}

PageSection section_saying(const std::string& text) {
  return {
      .heading = text,
      .paragraphs = {text},
      .facts = {{.heading = text, .facts = {{text, text}}}},
      .charts = {},
      .table = RowTable{{{.name = "name", .heading = "name", .role = ColumnRole::identity},
                         {.name = "figure", .heading = "figure", .role = ColumnRole::measure, .digits = 2},
                         {.name = "all_digits", .role = ColumnRole::measure}},
                        {{RowStatus::ok, "", {text, 0.12345, 1.0 / 3}},
                         {RowStatus::failed, text, {std::string("b"), Value(), Value()}}},
                        {},
                        {text}}};
}

TEST(Page, TextOfDataIsShownAndRunsNothing) {
  const std::string page = page_of({section_saying("</script><script>alert('x')</script>")});
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("&lt;/script&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
}

TEST(Page, AsksNothingOfAnyPlace) {
  const std::string page = page_of({section_saying("a")});
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* reference : {"src=", "http:", "https:", "url(", "@import", "<link"})
    EXPECT_THAT(page, Not(HasSubstr(reference)));
}

TEST(Page, HasAllColumnsWithExactValuesAndShowsThoseForPeople) {
  const std::string page = page_of({section_saying("a")});
  EXPECT_THAT(page, HasSubstr("<td class=\"n\" data-v=\"0.12345\">0.12</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"n x\" data-v=\"0.3333333333333333\">0.333</td>"));
}

TEST(Page, SaysWhyARowHasNoResult) {
  const std::string page = page_of({section_saying("disk full")});
  EXPECT_THAT(page, HasSubstr("<tr class=\"failed\"><td>b</td>"));
  EXPECT_THAT(page, HasSubstr("Cells without a result</summary>\n<p>[1] name=b: disk full</p>"));
}

}  // namespace
}  // namespace jacobench::harness
