#include "jacobench/files/output_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_size = 65536;
constexpr int max_links = 40;      // as Linux has it
constexpr int max_partials = 100;  // of other writers, or left behind where one was killed

[[noreturn]] void refuse(const fs::path& name, const char* reason) {
  throw InputError("{}: cannot be written ({})", name.string(), reason);
}

// Where the name leads: to something that is no symbolic link, or to an open descriptor, which looks like one. The
// folder of the place is free of links.
fs::path followed(const fs::path& name) {
  fs::path path = name;
  std::error_code error;
  for (int n_links = 0; n_links <= max_links; ++n_links) {
    const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
    if (error) refuse(name, std::strerror(error.value()));
    fs::path place = folder / path.filename();
    std::error_code not_there;
    if (folder.string().starts_with("/proc/") || !fs::is_symlink(place, not_there)) return place;
    path = folder / fs::read_symlink(place, error);
    if (error) refuse(name, std::strerror(error.value()));
  }
  refuse(name, std::strerror(ELOOP));
}

// A descriptor of this process is shared, not opened anew: what is written goes on where its other users are, behind
// what a file that standard output was redirected to has already.
int open_as_it_is(const fs::path& place) {
  if (place.parent_path() == fmt::format("/proc/{}/fd", ::getpid())) {
    const std::string digits = place.filename();
    int number = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return ::fcntl(number, F_DUPFD_CLOEXEC, 0);
  }
  return ::open(place.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

OutputFile::OutputFile(fs::path name)
    : name_(std::move(name)), place_(followed(name_)), buffer_(buffer_size, '\0') {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  stream_.exceptions(std::ios::badbit);  // the stream then passes on what overflow() throws
  std::error_code not_there;
  const fs::file_type type = fs::status(place_, not_there).type();
  const bool is_in_proc = place_.string().starts_with("/proc/");
  if (type == fs::file_type::block) refuse(name_, "is a disk");
  if (!is_in_proc && (type == fs::file_type::regular || type == fs::file_type::not_found)) {
    folder_.emplace(FileDescriptor::taking_over(
        ::open(place_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), name_, "written"));
    // Only to see that it can be written: work that is interrupted before it has a result leaves nothing behind.
    open_partial();
    remove_partial();
  } else {
    file_.emplace(FileDescriptor::taking_over(open_as_it_is(place_), name_, "written"));
  }
}

OutputFile::~OutputFile() { remove_partial(); }

void OutputFile::expect_room_for(double bytes) const {
  struct statvfs disk;
  if (!is_regular() || ::fstatvfs(folder_->number(), &disk) != 0) return;
  const double left = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  constexpr double gigabyte = 1e9;
  if (bytes > left)
    throw InputError("{}: would take {:.3g} GB, and its disk has {:.3g} GB left; write less, or elsewhere",
                     name_.string(), bytes / gigabyte, left / gigabyte);
}

void OutputFile::commit() {
  sync();
  file_->sync();
  if (!is_regular()) return;
  if (std::rename(partial_.c_str(), place_.c_str()) != 0) file_->fail("written");
  partial_.clear();
  folder_->sync();
}

OutputFile::int_type OutputFile::overflow(int_type byte) {
  sync();
  if (!traits_type::eq_int_type(byte, traits_type::eof())) sputc(traits_type::to_char_type(byte));
  return traits_type::not_eof(byte);
}

// What is larger than the buffer goes past it.
std::streamsize OutputFile::xsputn(const char* bytes, std::streamsize n) {
  if (static_cast<std::size_t>(n) < buffer_.size()) return std::streambuf::xsputn(bytes, n);
  sync();
  file_->write({bytes, static_cast<std::size_t>(n)});
#ifdef SYNC_FILE_RANGE_WRITE
  // The disk begins now, beside whoever makes the next bytes, and not only in commit().
  if (is_regular()) static_cast<void>(::sync_file_range(file_->number(), 0, 0, SYNC_FILE_RANGE_WRITE));
#endif
  return n;
}

int OutputFile::sync() {
  if (!file_) open_partial();
  const std::string_view bytes(pbase(), pptr());
  setp(pbase(), epptr());
  file_->write(bytes);
  return 0;
}

// Under a name that nothing has: another program may be writing the same file, and FILE.partial may be somebody's.
void OutputFile::open_partial() {
  fs::path partial = place_.string() + ".partial";
  const auto open = [&] { return ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); };
  int number = open();
  for (int n = 2; number < 0 && errno == EEXIST && n <= max_partials; ++n) {
    partial = fmt::format("{}.{}.partial", place_.string(), n);
    number = open();
  }
  file_.emplace(FileDescriptor::taking_over(number, name_, "written"));
  partial_ = partial;
  // Where a file system has no permissions, there are none to keep.
  if (struct stat before; ::stat(place_.c_str(), &before) == 0)
    static_cast<void>(::fchmod(file_->number(), before.st_mode & 0777));
}

void OutputFile::remove_partial() {
  if (partial_.empty()) return;
  ::unlink(partial_.c_str());
  partial_.clear();
  file_.reset();
}

}  // namespace jacobench
