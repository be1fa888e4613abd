#include "support/special_files.hpp"

#include <array>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace jacobench::testing {

namespace fs = std::filesystem;

fs::path SpecialFiles::link(const std::string& name, const fs::path& target) const {
  fs::create_symlink(target, path(name));
  return path(name);
}

fs::path SpecialFiles::pipe(const std::string& name) const {
  if (::mkfifo(path(name).c_str(), 0600) != 0) throw std::runtime_error("no pipe: " + name);
  return path(name);
}

std::optional<fs::path> SpecialFiles::device(const std::string& name, unsigned minor) const {
  constexpr unsigned memory_devices = 1;
  if (::mknod(path(name).c_str(), S_IFCHR | 0600, makedev(memory_devices, minor)) != 0) return std::nullopt;
  const int descriptor = ::open(path(name).c_str(), O_WRONLY);
  if (descriptor < 0) return std::nullopt;
  ::close(descriptor);
  return path(name);
}

int SpecialFiles::n_partials() const {
  int n = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder()))
    n += entry.path().string().ends_with(".partial");
  return n;
}

// Opened without waiting for a writer, so that a test whose writer never comes fails and does not hang.
PipeReader::PipeReader(const fs::path& pipe) : descriptor_(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK)) {
  if (descriptor_ < 0) throw std::runtime_error("cannot be read: " + pipe.string());
  thread_ = std::thread([this] { read(); });
}

PipeReader::~PipeReader() {
  contents();
  ::close(descriptor_);
}

std::string PipeReader::contents() {
  is_written_ = true;
  if (thread_.joinable()) thread_.join();
  return contents_;
}

void PipeReader::read() {
  std::array<char, 4096> block;
  constexpr int milliseconds = 10;
  for (;;) {
    const bool is_last = is_written_;
    pollfd ready{.fd = descriptor_, .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, milliseconds);
    ssize_t n_read;
    while ((n_read = ::read(descriptor_, block.data(), block.size())) > 0)
      contents_.append(block.data(), static_cast<std::size_t>(n_read));
    if (is_last) return;
  }
}

FileSizeLimit::FileSizeLimit(std::size_t n_bytes) {
  static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  before_ = limit.rlim_cur;
  limit.rlim_cur = n_bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

FileSizeLimit::~FileSizeLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = before_;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  static_cast<void>(std::signal(SIGXFSZ, SIG_DFL));
}

}  // namespace jacobench::testing
