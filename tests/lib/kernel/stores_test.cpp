#include "jacobench/kernel/stores.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using kernel::Stores;
using kernel::stores_for;
using testing::OnVectorPath;
using testing::runnable_vector_paths;

constexpr Index kib = 1024;

Index largest(const Caches& caches, Index faster_up_to) {
  return kernel::largest_faster_in_cache(caches, [&](Index bytes) {
    return bytes <= faster_up_to ? kernel::Seconds{1, 2} : kernel::Seconds{2, 1};
  });
}

TEST(Stores, GoThroughTheCacheUpToTheLastSizeAtWhichTheyAreFaster) {
  const Caches caches{.first = 48 * kib, .second = 2048 * kib, .last = 266240 * kib};
  EXPECT_EQ(largest(caches, 0), 2048 * kib);
  EXPECT_EQ(largest(caches, 4096 * kib), 4096 * kib);
  EXPECT_EQ(largest(caches, 16384 * kib), 16384 * kib);
  // No size is tried that is larger.
  EXPECT_EQ(largest(caches, std::numeric_limits<Index>::max()), 16384 * kib);
  // What is slower at one size is not asked for at the next.
  const auto at_eight_mib = [](Index bytes) { return kernel::Seconds{bytes == 8192 * kib ? 2.0 : 1.0, 1.5}; };
  EXPECT_EQ(kernel::largest_faster_in_cache(caches, at_eight_mib), 4096 * kib);
}

TEST(Stores, AreNotMeasuredWhereTheLastLevelIsNotMuchLargerThanACoresOwn) {
  const Caches caches{.first = 32 * kib, .second = 1024 * kib, .last = 6144 * kib};
  const auto never = [](Index) -> kernel::Seconds {
    ADD_FAILURE();
    return {};
  };
  EXPECT_EQ(kernel::largest_faster_in_cache(caches, never), 1024 * kib);
}

TEST(Stores, ArePastTheCacheWhereWhatIsWrittenIs) {
  EXPECT_EQ(stores_for(caches().second), Stores::ordinary);
  EXPECT_EQ(stores_for(kernel::most_bytes_in_cache()), Stores::ordinary);
  EXPECT_EQ(stores_for(kernel::most_bytes_in_cache() + 1), Stores::streaming);
  EXPECT_EQ(stores_for(kernel::most_in_doubt(caches()) + 1), Stores::streaming);
}

// Of every alignment and of lengths from none to some lines: what is written is what was asked for, and no more.
TEST(Fill, WritesTheNumberAndNothingElse) {
  for (const VectorPath path : runnable_vector_paths()) {
    const OnVectorPath on(path);
    for (const Stores stores : {Stores::ordinary, Stores::streaming})
      for (std::size_t begin = 0; begin < 9; ++begin)
        for (Index n = 0; n < 40; ++n) {
          std::vector<double> numbers(64, -1.0);
          kernel::fill(2.5, numbers.data() + begin, n, stores);
          for (std::size_t i = 0; i < numbers.size(); ++i)
            ASSERT_EQ(numbers[i], i >= begin && i < begin + static_cast<std::size_t>(n) ? 2.5 : -1.0)
                << info(path).name << " " << begin << " " << n << " " << i;
        }
  }
}

}  // namespace
}  // namespace jacobench
