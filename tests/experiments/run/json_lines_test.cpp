#include "run/json_lines.hpp"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::harness {
namespace {

using testing::contents_of;
using testing::error_line;
using testing::TemporaryFolder;

class JsonLinesFile : public ::testing::Test {
 protected:
  JsonLines read(const std::string& contents) {
    return read_json_lines(folder_.file("a.jsonl", contents), warnings_);
  }

  TemporaryFolder folder_;
  std::ostringstream warnings_;
};

TEST_F(JsonLinesFile, WithoutAFlawIsReadWhole) {
  const JsonLines lines = read("{\"a\":1}\n{\"a\":2}\n");
  ASSERT_EQ(lines.values.size(), 2u);
  EXPECT_EQ(lines.values[1]["a"], 2);
  EXPECT_EQ(lines.n_bytes, 16u);
  EXPECT_EQ(warnings_.str(), "");
}

TEST_F(JsonLinesFile, LosesATornLastLineWithAWarning) {
  const std::string warning =
      (folder_.path() / "a.jsonl").string() + ":2: warning: the last line is torn and is discarded\n";
  const std::string zeros_of_a_power_cut = std::string(5, '\0') + '\n';
  for (const std::string& last :
       std::vector<std::string>{"{\"a\":2}", "{\"a\":", "{\"a\":\n", "x", zeros_of_a_power_cut}) {
    warnings_.str("");
    const JsonLines lines = read("{\"a\":1}\n" + last);
    EXPECT_EQ(lines.values.size(), 1u) << last;
    EXPECT_EQ(lines.n_bytes, 8u) << last;
    EXPECT_EQ(warnings_.str(), warning) << last;
  }
}

TEST_F(JsonLinesFile, IsRefusedWithACorruptLineInTheMiddle) {
  const std::string file = (folder_.path() / "a.jsonl").string();
  EXPECT_EQ(error_line([&] { read("{\"a\":1}\n{\"a\"\n{\"a\":3}\n"); }),
            file + ":2: the line is corrupt (not JSON)");
  EXPECT_EQ(error_line([&] { read("\n{\"a\":3}\n"); }), file + ":1: the line is corrupt (not JSON)");
}

TEST_F(JsonLinesFile, IsCutToItsWholeLinesBeforeItGrows) {
  const auto file = folder_.file("a.jsonl", "{\"a\":1}\n{\"a\"");
  JsonLinesWriter writer(file, read_json_lines(file, warnings_).n_bytes);
  writer.append({"{\"a\":2}"});
  EXPECT_EQ(contents_of(file), "{\"a\":1}\n{\"a\":2}\n");
}

TEST_F(JsonLinesFile, SaysWhenTheDiskIsFull) {
  JsonLinesWriter writer("/dev/full", 0);
  EXPECT_EQ(error_line([&] { writer.append({"{}"}); }),
            "/dev/full: cannot be written (No space left on device)");
}

}  // namespace
}  // namespace jacobench::harness
