#include "jacobench/files/input_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jacobench {
namespace {

struct CloseStream {
  void operator()(std::FILE* stream) const { std::fclose(stream); }
};
using TemporaryFile = std::unique_ptr<std::FILE, CloseStream>;

bool gives_once(const FileDescriptor& file) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) file.fail("read");
  return !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISBLK(status.st_mode);
}

TemporaryFile copy_of(const FileDescriptor& file) {
  TemporaryFile copy(std::tmpfile());
  if (!copy) file.fail("copied to a temporary file");
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n_read = ::read(file.number(), block.data(), block.size());
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) file.fail("read");
    if (n_read == 0) break;
    if (std::fwrite(block.data(), 1, static_cast<std::size_t>(n_read), copy.get()) !=
        static_cast<std::size_t>(n_read))
      file.fail("copied to a temporary file");
  }
  if (std::fflush(copy.get()) != 0) file.fail("copied to a temporary file");
  return copy;
}

FileDescriptor open_to_read(const std::filesystem::path& path) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, TemporaryFile> copies;
  const std::scoped_lock lock(mutex);
  auto copy = copies.find(path);
  if (copy == copies.end()) {
    FileDescriptor file(path, O_RDONLY, "read");
    if (!gives_once(file)) return file;
    copy = copies.emplace(path, copy_of(file)).first;
  }
  return FileDescriptor::taking_over(::fcntl(::fileno(copy->second.get()), F_DUPFD_CLOEXEC, 0), path, "read");
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : file_(open_to_read(path)) {}

std::size_t InputFile::read(std::span<char> block) {
  for (;;) {
    const ssize_t n_read = ::pread(file_.number(), block.data(), block.size(), position_);
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) file_.fail("read");
    position_ += n_read;
    return static_cast<std::size_t>(n_read);
  }
}

}  // namespace jacobench
