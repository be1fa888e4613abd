// An open file or directory of the operating system, closed when it goes out of scope.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

namespace jacobench {

class FileDescriptor {
 public:
  // open(2). Throws InputError "PATH: cannot be VERB (reason)", verb being such as "read".
  FileDescriptor(std::filesystem::path path, int flags, std::string_view verb);

  // Takes over the descriptor that a call of the operating system has just returned, errors too: a negative number is
  // refused as above.
  static FileDescriptor taking_over(int number, std::filesystem::path path, std::string_view verb);

  FileDescriptor(FileDescriptor&& other) noexcept
      : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();

  int number() const { return number_; }

  // All of these bytes. Throws InputError.
  void write(std::string_view bytes) const;

  // Returns once the operating system has what was written on the disk. Throws InputError.
  void sync() const;

  // "PATH: cannot be VERB (reason of errno)", as InputError.
  [[noreturn]] void fail(std::string_view verb) const;

 private:
  FileDescriptor(int number, std::filesystem::path path, std::string_view verb);

  std::filesystem::path path_;
  int number_;
};

}  // namespace jacobench
