#include "options/quoting.hpp"

#include <gtest/gtest.h>

#include "support/error_line.hpp"

namespace jacobench::harness {
namespace {

using Entries = std::vector<std::string_view>;

TEST(Quoting, OpensWhereAnEntryBegins) {
  EXPECT_EQ(split_entries("a, \"b, c\" ,d"), (Entries{"a", " \"b, c\" ", "d"}));
  EXPECT_EQ(split_entries("5\" pipe, 6\""), (Entries{"5\" pipe", " 6\""}));
  EXPECT_EQ(split_entries("\"a \"\"b\"\", c\",d"), (Entries{"\"a \"\"b\"\", c\"", "d"}));
  EXPECT_EQ(find_outside_quotes("\"# a\", b # c", '#'), 9u);
  EXPECT_EQ(find_outside_quotes("\"# a", '#'), std::string_view::npos);
}

TEST(Quoting, IsTakenAway) {
  for (const char* text : {"a", "", "a, b", "\"", "\"\"", "a \"b\"", "#", " "})
    EXPECT_EQ(unquoted(in_csv_quotes(text)), text);
  EXPECT_EQ(unquoted("a \"b\""), "a \"b\"");
  for (const char* text : {"\"", "\"a", "\"a\"b", "\"a\"\"", "\"a\"b\""})
    EXPECT_NE(jacobench::testing::error_line([&] { unquoted(text); }).find("does not end"), std::string::npos)
        << text;
}

}  // namespace
}  // namespace jacobench::harness
