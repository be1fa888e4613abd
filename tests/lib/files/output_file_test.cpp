#include "jacobench/files/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "support/special_files.hpp"

namespace jacobench {
namespace {

namespace fs = std::filesystem;
using testing::contents_of;

class OutputFileTest : public ::testing::Test {
 protected:
  static std::string error_of(const fs::path& path) {
    try {
      replace_text_file(path, "new");
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

  testing::SpecialFiles files_;
};

TEST_F(OutputFileTest, ARegularFileIsReplacedAndKeepsItsPermissions) {
  const fs::path file = files_.file("a", "old"), other_name = files_.path("b");
  fs::permissions(file, fs::perms(0640));
  fs::create_hard_link(file, other_name);
  replace_text_file(file, "new");
  EXPECT_EQ(contents_of(file), "new");
  EXPECT_EQ(contents_of(other_name), "old");  // the old contents were never written over
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0640));
  EXPECT_EQ(files_.n_partials(), 0);
}

TEST_F(OutputFileTest, WithoutCommitAllStaysAsItWas) {
  const fs::path old_file = files_.file("a", "old"), new_file = files_.path("b");
  for (const fs::path& path : {old_file, new_file}) {
    OutputFile output(path);
    EXPECT_EQ(files_.n_partials(), 0) << "before there is anything to write";
    output.stream() << std::string(100'000, 'x');
    EXPECT_EQ(files_.n_partials(), 1);
  }
  EXPECT_EQ(contents_of(old_file), "old");
  EXPECT_FALSE(fs::exists(new_file));
  EXPECT_EQ(files_.n_partials(), 0);
}

TEST_F(OutputFileTest, AWriteThatFailsLeavesTheOldFile) {
  const fs::path file = files_.file("a", "old");
  {
    const testing::FileSizeLimit limit(1000);
    OutputFile output(file);
    EXPECT_THROW(output.stream() << std::string(100'000, 'x'), InputError);
  }
  {
    const testing::FileSizeLimit limit(1000);
    OutputFile output(file);
    output.stream() << std::string(2000, 'x');
    EXPECT_THROW(output.commit(), InputError);
  }
  EXPECT_EQ(contents_of(file), "old");
  EXPECT_EQ(files_.n_partials(), 0);
}

TEST_F(OutputFileTest, ALinkStaysAndWhatItPointsToIsReplaced) {
  const fs::path file = files_.file("real/a", "old");
  files_.link("folder", "real");
  files_.link("first", "folder/a");
  const fs::path second = files_.link("second", "first");
  OutputFile output(second);
  EXPECT_EQ(output.place(), file);
  output.stream() << "new" << std::flush;
  EXPECT_TRUE(fs::exists(files_.path("real/a.partial")));
  output.commit();
  EXPECT_TRUE(fs::is_symlink(second));
  EXPECT_TRUE(fs::is_symlink(files_.path("first")));
  EXPECT_FALSE(fs::is_symlink(file));
  EXPECT_EQ(contents_of(file), "new");
}

TEST_F(OutputFileTest, ALinkToNothingMakesWhatItPointsTo) {
  const fs::path link = files_.link("link", "a");
  replace_text_file(link, "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(contents_of(files_.path("a")), "new");
}

TEST_F(OutputFileTest, WhatCannotBeAFileIsRefused) {
  const fs::path loop = files_.link("loop", "again");
  files_.link("again", "loop");
  const std::string head = loop.string() + ": cannot be written (";
  EXPECT_EQ(error_of(loop), head + "Too many levels of symbolic links)");
  EXPECT_NE(error_of(files_.folder()).find("cannot be written (Is a directory)"), std::string::npos);
  EXPECT_NE(error_of(files_.path("no/a")).find("cannot be written (No such file or directory)"),
            std::string::npos);
  EXPECT_NE(error_of(files_.path("a/")).find("cannot be written"), std::string::npos);
  EXPECT_NE(error_of("/dev/fd/987").find("cannot be written (Bad file descriptor)"), std::string::npos);
}

TEST_F(OutputFileTest, APipeIsWrittenAsItIs) {
  const fs::path pipe = files_.pipe("pipe");
  testing::PipeReader reader(files_.link("link", pipe));
  const std::string text(200'000, 'x');  // more than a pipe holds
  replace_text_file(files_.path("link"), text);
  EXPECT_EQ(reader.contents(), text);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(OutputFileTest, ADeviceStaysADevice) {
  const auto null = files_.null_device(), full = files_.full_device();
  if (!null || !full) GTEST_SKIP() << "making a device needs the right to, and a place that has devices";
  EXPECT_EQ(error_of(*null), "no error");
  EXPECT_EQ(error_of(*full), full->string() + ": cannot be written (No space left on device)");
  EXPECT_TRUE(fs::is_character_file(*null));
  EXPECT_TRUE(fs::is_character_file(*full));
}

// What standard output is redirected to may have contents already.
TEST_F(OutputFileTest, ADescriptorGoesOnWhereItIs) {
  const fs::path file = files_.file("a", "");
  const int descriptor = ::open(file.c_str(), O_WRONLY);
  for (const std::string folder : {"/dev/fd/", "/proc/self/fd/"}) {
    ASSERT_EQ(::write(descriptor, "before ", 7), 7);
    replace_text_file(folder + std::to_string(descriptor), "new ");
  }
  ASSERT_EQ(::write(descriptor, "after", 5), 5);
  ::close(descriptor);
  EXPECT_EQ(contents_of(file), "before new before new after");
}

TEST_F(OutputFileTest, APartialFileOfSomebodyElseStays) {
  const fs::path file = files_.file("a", "old"), partial = files_.file("a.partial", "theirs");
  OutputFile one(file), two(file);
  one.stream() << "one" << std::flush;
  two.stream() << "two" << std::flush;
  one.commit();
  EXPECT_EQ(contents_of(file), "one");
  two.commit();
  EXPECT_EQ(contents_of(file), "two");
  EXPECT_EQ(contents_of(partial), "theirs");
  EXPECT_EQ(files_.n_partials(), 1);
}

}  // namespace
}  // namespace jacobench
