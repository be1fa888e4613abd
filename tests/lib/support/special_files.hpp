// Devices, pipes and links in a folder of their own, for tests of what is written to them.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "support/temporary_folder.hpp"

namespace jacobench::testing {

class SpecialFiles {
 public:
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path path(const std::string& name) const { return folder() / name; }

  std::filesystem::path file(const std::string& name, const std::string& contents) const {
    return folder_.file(name, contents);
  }
  std::filesystem::path link(const std::string& name, const std::filesystem::path& target) const;
  std::filesystem::path pipe(const std::string& name) const;

  // A device like /dev/null or /dev/full; nothing where this user or this place has none.
  std::optional<std::filesystem::path> null_device() const { return device("null", 3); }
  std::optional<std::filesystem::path> full_device() const { return device("full", 7); }

  // Names that end in .partial, in this folder and those below.
  int n_partials() const;

 private:
  std::optional<std::filesystem::path> device(const std::string& name, unsigned minor) const;

  TemporaryFolder folder_{TemporaryFolder::Place::disk};
};

// Reads a pipe to its end while the test writes it.
class PipeReader {
 public:
  explicit PipeReader(const std::filesystem::path& pipe);
  ~PipeReader();

  // All that came. To be called once, after the writer has closed the pipe.
  std::string contents();

 private:
  void read();

  int descriptor_;
  std::atomic<bool> is_written_ = false;
  std::string contents_;
  std::thread thread_;
};

// Within its lifetime no file grows beyond so many bytes: a write fails there as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t n_bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  unsigned long before_;
};

}  // namespace jacobench::testing
