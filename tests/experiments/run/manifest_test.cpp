#include "run/manifest.hpp"

#include <array>
#include <cctype>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "jacobench/kernel/blas.hpp"

#include "run/build_info.hpp"
#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::harness {
namespace {

using testing::contents_of;
using testing::error_line;
using testing::TemporaryFolder;

class Manifest : public ::testing::Test {
 protected:
  nlohmann::json read() const { return nlohmann::json::parse(contents_of(file_)); }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "manifest.json";
  Config config_ = {{"experiment", "toy"}, {"seed", "7"}};
};

TEST_F(Manifest, TellsTheCircumstancesOfARun) {
  record_run_start(file_, config_, 6, "jacobench run a.ini");
  auto manifest = read();
  EXPECT_EQ(manifest["schema_version"], schema_version);
  EXPECT_EQ(manifest["experiment"], "toy");
  EXPECT_EQ(manifest["seed"], "7");
  EXPECT_EQ(manifest["cells"], 6);
  EXPECT_EQ(manifest["program"]["compiler"], build_info().compiler);
  const auto& libraries = manifest["program"]["libraries"];
  EXPECT_TRUE(libraries.contains("Eigen") && libraries.contains("Google Benchmark"));
  EXPECT_EQ(libraries.contains("OpenBLAS"), !blas::openblas_version().empty());
  for (const auto& [name, version] : libraries.items())
    EXPECT_TRUE(std::isdigit(version.get<std::string>().front())) << name << " " << version;
  EXPECT_GT(manifest["machine"]["hardware_threads"], 0);
  EXPECT_NE(manifest["machine"]["cpu"], "");
  EXPECT_EQ(manifest["run"]["command_line"], "jacobench run a.ini");
  EXPECT_TRUE(manifest["run"]["ended"].is_null());
  EXPECT_TRUE(manifest["resumed"].empty());

  record_run_end(file_, "complete");
  manifest = read();
  EXPECT_EQ(manifest["run"]["outcome"], "complete");
  EXPECT_EQ(manifest["run"]["ended"].get<std::string>().size(), std::string("2000-01-01T00:00:00Z").size());
  EXPECT_EQ(recorded_cell_count(file_), 6);
}

TEST_F(Manifest, KeepsTheFirstRunWhenItIsResumed) {
  record_run_start(file_, config_, 6, "jacobench run a.ini");
  const auto first = read()["run"];
  record_run_start(file_, config_, 6, "jacobench run a.ini --out x");
  record_run_end(file_, "interrupted");
  const auto manifest = read();
  EXPECT_EQ(manifest["run"], first);
  ASSERT_EQ(manifest["resumed"].size(), 1u);
  EXPECT_EQ(manifest["resumed"][0]["command_line"], "jacobench run a.ini --out x");
  EXPECT_EQ(manifest["resumed"][0]["outcome"], "interrupted");
  EXPECT_EQ(manifest["resumed"][0]["program"]["commit"], build_info().commit);
}

// A result that a later version runs on is of the later schema; those of the first release do not say of which they
// are.
TEST_F(Manifest, HasTheLatestSchemaVersionOfItsRuns) {
  EXPECT_EQ(recorded_schema_version(file_), 1);
  record_run_start(file_, config_, 6, "");
  EXPECT_EQ(recorded_schema_version(file_), schema_version);
  auto manifest = read();
  manifest.erase("schema_version");
  folder_.file("manifest.json", manifest.dump());
  EXPECT_EQ(recorded_schema_version(file_), 1);
  record_run_start(file_, config_, 6, "");
  EXPECT_EQ(recorded_schema_version(file_), schema_version);
  manifest["schema_version"] = schema_version + 1;
  folder_.file("manifest.json", manifest.dump());
  record_run_start(file_, config_, 6, "");
  EXPECT_EQ(recorded_schema_version(file_), schema_version + 1);
}

TEST_F(Manifest, HoldsNeitherPathsNorTheHostName) {
  const std::vector<std::string> arguments = {"run", "/home/somebody/a.ini", "--out=/home/somebody/out",
                                              "configs/b.ini", "two words"};
  EXPECT_EQ(command_line_text(arguments), "jacobench run a.ini --out=out configs/b.ini 'two words'");
  record_run_start(file_, config_, 6, command_line_text(arguments));
  const std::string manifest = contents_of(file_);
  EXPECT_EQ(manifest.find(folder_.path().string()), std::string::npos);
  EXPECT_EQ(manifest.find("/home"), std::string::npos);
  std::array<char, 256> host{};
  ASSERT_EQ(gethostname(host.data(), host.size() - 1), 0);
  EXPECT_EQ(manifest.find("\"" + std::string(host.data()) + "\""), std::string::npos);
}

TEST_F(Manifest, OfSomebodyElseIsRefused) {
  for (const std::string contents : {"", "[]", "{\"run\": 3}"}) {
    folder_.file("manifest.json", contents);
    EXPECT_EQ(
        error_line([&] { record_run_start(file_, config_, 6, ""); }),
        file_.string() + ": is not a manifest that jacobench wrote; restore it, or choose another --out");
    EXPECT_EQ(contents_of(file_), contents);
  }
  EXPECT_EQ(recorded_cell_count(folder_.path() / "none.json"), std::nullopt);
}

}  // namespace
}  // namespace jacobench::harness
