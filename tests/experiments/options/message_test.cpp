#include "options/message.hpp"

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

TEST(InQuotes, FitsOneLineOfATerminal) {
  EXPECT_EQ(in_quotes("plain"), "\"plain\"");
  EXPECT_EQ(in_quotes("a\nb\x1b[0m"), "\"a\\x0ab\\x1b[0m\"");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "...\"");
}

TEST(OneLine, HasNoLineBreaks) { EXPECT_EQ(one_line(" a\n\n\tb  c\r\n"), "a b c"); }

TEST(Suggestion, IsTheNearestNameOrAllOfThem) {
  const std::vector<std::string> known = {"layerwise", "per_parameter", "ceres_forward", "ceres_central"};
  EXPECT_EQ(suggestion("layerwize", known), "did you mean layerwise?");
  EXPECT_EQ(suggestion("ceres_centrla", known), "did you mean ceres_central?");
  EXPECT_EQ(suggestion("per_param", known), "did you mean per_parameter?");
  EXPECT_EQ(suggestion("symbolic", known), "known: layerwise, per_parameter, ceres_forward, ceres_central");
  EXPECT_EQ(suggestion("", known), "known: layerwise, per_parameter, ceres_forward, ceres_central");
}

}  // namespace
}  // namespace jacobench::harness
