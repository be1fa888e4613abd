// A file to be read, from its beginning by each who opens it. A pipe gives what it has only once: that goes to a
// temporary file, in which this and whoever opens the same path later read.
// Errors: InputError "PATH: cannot be read (reason)"
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "jacobench/files/file_descriptor.hpp"

namespace jacobench {

class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);

  // Returns how many bytes of the block are filled: 0 at the end of the file only.
  std::size_t read(std::span<char> block);

 private:
  FileDescriptor file_;
  bool has_positions_;  // which a terminal has not
  std::int64_t position_ = 0;
};

}  // namespace jacobench
