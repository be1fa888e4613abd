#include "jacobench/base/vector_path.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::runnable_vector_paths;

TEST(VectorPath, IsTheWidestThatRunsUnlessItIsForced) {
  for (const char* variable : {"JACOBENCH_VECTOR_PATH", "JACOBENCH_TEST_PATH"})
    if (std::getenv(variable)) GTEST_SKIP() << variable << " forces one";
  EXPECT_EQ(vector_path(), runnable_vector_paths().back());
}

TEST(VectorPath, ThatCannotRunIsRefusedWithTheReason) {
  for (const VectorPathInfo& path : vector_path_table()) {
    const std::string reason = why_not(path.id);
    if (reason.empty()) continue;
    try {
      use_vector_path(path.id);
      FAIL() << path.name << " ran, though " << reason;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
    return;
  }
  GTEST_SKIP() << "this processor can run every path";
}

TEST(VectorPath, ScalarRunsEverywhere) { EXPECT_EQ(why_not(VectorPath::scalar), ""); }

}  // namespace
}  // namespace jacobench
