#include "study/record_journal.hpp"

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

TEST(MemoryJournal, KeepsWhatItIsGiven) {
  MemoryJournal journal({1, 2});
  EXPECT_EQ(journal.earlier(2), (std::vector<double>{1, 2}));
  journal.append(std::vector<double>{3, 4});
  EXPECT_EQ(journal.records(), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_FALSE(journal.stop_requested());
}

}  // namespace
}  // namespace jacobench::harness
