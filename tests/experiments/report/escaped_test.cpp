#include "report/escaped.hpp"

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

TEST(Escaped, MarkupAndQuotesAreText) {
  EXPECT_EQ(escaped("</script><b a='1'>\"&amp;"), "&lt;/script&gt;&lt;b a=&#39;1&#39;&gt;&quot;&amp;amp;");
}

// Unicode 15, table 3-7: which bytes are UTF-8; XML 1.0, production Char: which characters a document may have.
TEST(Escaped, WhatNoDocumentMayHoldIsReplaced) {
  const std::string none = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped("é€𝄞\n\t"), "é€𝄞\n\t");
  for (const char* bytes : {"\x01", "\x80", "\xC0\xAF" /* overlong */, "\xFF"})
    EXPECT_EQ(escaped(bytes).substr(0, 3), none) << bytes;
  EXPECT_EQ(escaped("a\xE2\x82"), "a" + none + none);         // ends within a character
  EXPECT_EQ(escaped("\xED\xA0\x80").substr(0, 3), none);      // a surrogate
  EXPECT_EQ(escaped("\xF4\x90\x80\x80").substr(0, 3), none);  // beyond Unicode
  EXPECT_EQ(escaped("\xE0\x80\x80").substr(0, 3), none);      // overlong
}

TEST(Escaped, ShorteningCutsBetweenCharacters) {
  EXPECT_EQ(shortened("ééé", 3), "ééé");
  EXPECT_EQ(shortened("éééé", 3), "éé…");
  EXPECT_EQ(n_characters("é€𝄞"), 3u);
}

}  // namespace
}  // namespace jacobench::harness
