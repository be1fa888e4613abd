#include "run/shard.hpp"

#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

TEST(Shard, TogetherTheyDoEveryRecordAndGroupOnce) {
  for (const std::int64_t of : {1, 2, 3, 7, 16})
    for (const std::int64_t n : {0, 1, 5, 16, 400, 1001}) {
      std::int64_t next = 0;
      for (std::int64_t number = 1; number <= of; ++number) {
        const auto [begin, end] = Shard{number, of}.share_of_records(n);
        EXPECT_EQ(begin, next);
        EXPECT_LE(end - begin, n / of + 1);
        next = end;
      }
      EXPECT_EQ(next, n);
      for (std::size_t place = 0; place < static_cast<std::size_t>(n); ++place) {
        int n_that_do = 0;
        for (std::int64_t number = 1; number <= of; ++number) n_that_do += Shard{number, of}.has_group(place);
        EXPECT_EQ(n_that_do, 1);
      }
    }
}

TEST(Shard, IsWrittenAsWhichOfHowMany) {
  EXPECT_EQ(shard().parse("3/16"), (Shard{3, 16}));
  EXPECT_EQ(shard().write({3, 16}), "3/16");
  for (const std::string wrong : {"", "3", "/", "0/4", "5/4", "1/0", "-1/4", "3/16/2", "a/b", "1.5/4", "3/"})
    EXPECT_EQ(error_line([&] { shard().parse(wrong); }),
              "\"" + wrong + "\" is no shard; allowed: which one of how many, such as 3/16");
}

TEST(Shard, IsReadFromItsFolder) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_shard(folder.path()), std::nullopt);
  write_shard(folder.path(), {2, 5});
  EXPECT_EQ(read_shard(folder.path()), (Shard{2, 5}));
  folder.file(shard_file_name, "two\n");
  EXPECT_EQ(error_line([&] { read_shard(folder.path()); }),
            (folder.path() / shard_file_name).string() +
                ": \"two\" is no shard; allowed: which one of how many, such as 3/16");
}

}  // namespace
}  // namespace jacobench::harness
