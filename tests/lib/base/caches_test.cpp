#include "jacobench/base/caches.hpp"

#include <gtest/gtest.h>

namespace jacobench {
namespace {

// Whatever the system says, or does not say.
TEST(Caches, GrowFromLevelToLevelInWholeLines) {
  EXPECT_GE(caches().first, Index{4} << 10);
  EXPECT_GE(caches().second, caches().first);
  EXPECT_GE(caches().last, caches().second);
  for (const Index bytes : {caches().first, caches().second, caches().last}) EXPECT_EQ(bytes % 64, 0);
}

}  // namespace
}  // namespace jacobench
