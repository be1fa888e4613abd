#include "jacobench/files/input_file.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jacobench {
namespace {

bool is_pipe(const FileDescriptor& file) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) file.fail("read");
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
}

// Without a name, so that it ends with the process.
FileDescriptor temporary_file() {
  std::error_code is_none;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(is_none);
  std::string name = (is_none ? "/tmp" : folder) / "jacobench_XXXXXX";
  FileDescriptor file = FileDescriptor::taking_over(::mkostemp(name.data(), O_CLOEXEC), name, "written");
  ::unlink(name.c_str());
  return file;
}

FileDescriptor copy_of(const FileDescriptor& file) {
  FileDescriptor copy = temporary_file();
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n_read = ::read(file.number(), block.data(), block.size());
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) file.fail("read");
    if (n_read == 0) return copy;
    copy.write({block.data(), static_cast<std::size_t>(n_read)});
  }
}

FileDescriptor open_to_read(const std::filesystem::path& path) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, FileDescriptor> copies;
  const std::scoped_lock lock(mutex);
  auto copy = copies.find(path);
  if (copy == copies.end()) {
    FileDescriptor file(path, O_RDONLY, "read");
    if (!is_pipe(file)) return file;
    copy = copies.emplace(path, copy_of(file)).first;
  }
  return FileDescriptor::taking_over(::fcntl(copy->second.number(), F_DUPFD_CLOEXEC, 0), path, "read");
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path)
    : file_(open_to_read(path)), has_positions_(::lseek(file_.number(), 0, SEEK_CUR) >= 0) {}

std::size_t InputFile::read(std::span<char> block) {
  for (;;) {
    const ssize_t n_read = has_positions_ ? ::pread(file_.number(), block.data(), block.size(), position_)
                                          : ::read(file_.number(), block.data(), block.size());
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) file_.fail("read");
    position_ += n_read;
    return static_cast<std::size_t>(n_read);
  }
}

}  // namespace jacobench
