// A file that somebody named to be written, so that nothing is lost but the contents they meant to replace.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>

#include "jacobench/files/file_descriptor.hpp"

namespace jacobench {

// Opened before the work whose result it takes, so that a place that cannot be written is found before.
//   A regular file, or a name that nothing has yet, is replaced in one step: all goes to FILE.partial beside it, which
//   takes the name and the permissions of the file in commit(). At any moment, whatever interrupts, the old or the new
//   contents are there whole; without commit() the old ones stay.
//   A symbolic link stays, and what it points to is written so.
//   Anything else (a device, a pipe, a descriptor such as /dev/fd/3) is opened and written as it is.
class OutputFile : private std::streambuf {
 public:
  // Errors: InputError where the place cannot be written
  explicit OutputFile(std::filesystem::path name);
  ~OutputFile() override;

  // What the name leads to, symbolic links followed.
  const std::filesystem::path& place() const { return place_; }

  // Whether the place is a regular file, now or after commit().
  bool is_regular() const { return folder_.has_value(); }

  // Refuses, where it is a regular file, more than its disk has left beside what the file has now. Errors: InputError
  void expect_room_for(double bytes) const;

  // Writing to it throws InputError where that fails, the disk being full for example.
  std::ostream& stream() { return stream_; }

  // To be called once, when all is written. Errors: InputError
  void commit();

 private:
  int_type overflow(int_type byte) override;
  std::streamsize xsputn(const char* bytes, std::streamsize n) override;
  int sync() override;
  void open_partial();
  void remove_partial();

  std::filesystem::path name_, place_, partial_;  // partial_: empty where there is none
  std::optional<FileDescriptor> folder_, file_;
  std::string buffer_;
  std::ostream stream_{this};
};

}  // namespace jacobench
