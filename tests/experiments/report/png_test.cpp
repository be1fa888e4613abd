#include "report/png.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "support/error_line.hpp"

namespace jacobench::harness {
namespace {

TEST(Png, IsMadeOfSvgOrRefusedInWords) {
  const std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3\" height=\"2\"/>";
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  EXPECT_EQ(testing::error_line([&] { png_of(svg); }),
            "report: rsvg-convert makes PNG, and it is missing or failed; install it (librsvg2-bin), or "
            "write .svg");
  ::setenv("PATH", path.c_str(), 1);
  if (std::system("command -v rsvg-convert >/dev/null") != 0)
    GTEST_SKIP() << "rsvg-convert is missing: scripts/setup report";
  // ISO/IEC 15948: the signature, then IHDR with the width and height of the picture at twice its size.
  const std::string png = png_of(svg);
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1A\n");
  EXPECT_EQ(png.substr(16, 8), std::string("\0\0\0\6\0\0\0\4", 8));
}

}  // namespace
}  // namespace jacobench::harness
