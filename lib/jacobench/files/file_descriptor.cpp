#include "jacobench/files/file_descriptor.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"

namespace jacobench {

FileDescriptor::FileDescriptor(std::filesystem::path path, int flags, std::string_view verb)
    : path_(std::move(path)), number_(::open(path_.c_str(), flags | O_CLOEXEC, 0666)) {
  if (number_ < 0) fail(verb);
}

FileDescriptor::FileDescriptor(int number, std::filesystem::path path, std::string_view verb)
    : path_(std::move(path)), number_(number) {
  if (number_ < 0) fail(verb);
}

FileDescriptor FileDescriptor::taking_over(int number, std::filesystem::path path, std::string_view verb) {
  return {number, std::move(path), verb};
}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

void FileDescriptor::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n_written = ::write(number_, bytes.data(), bytes.size());
    if (n_written < 0 && errno == EINTR) continue;
    if (n_written < 0) fail("written");
    bytes.remove_prefix(static_cast<std::size_t>(n_written));
  }
}

void FileDescriptor::sync() const {
  // EINVAL: a pipe or a device, which has no disk behind it.
  if (::fsync(number_) != 0 && errno != EINVAL) fail("written");
}

void FileDescriptor::fail(std::string_view verb) const {
  throw InputError("{}: cannot be {} ({})", path_.string(), verb, std::strerror(errno));
}

}  // namespace jacobench
