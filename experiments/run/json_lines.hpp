// Files of one JSON value a line that grow line by line and survive being interrupted at any byte.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "jacobench/files/file_descriptor.hpp"

namespace jacobench::harness {

struct JsonLines {
  std::vector<nlohmann::ordered_json> values;
  std::size_t n_bytes = 0;  // of the whole lines; what comes after them is a torn last line
};

// The lines of the file. A last line that was torn by an interruption (no line end, or not JSON) is left out,
// with a warning. Throws InputError naming file and line where any other line is not JSON, or the file cannot
// be read.
JsonLines read_json_lines(const std::filesystem::path& path, std::ostream& warnings);

// Appends lines; each is on the disk when `append` returns.
class JsonLinesWriter {
 public:
  // Creates the file where it is missing, and cuts it to n_bytes. Throws InputError.
  JsonLinesWriter(const std::filesystem::path& path, std::size_t n_bytes);

  // The lines are without their ends. Throws InputError (disk full).
  void append(const std::vector<std::string>& lines);

 private:
  FileDescriptor file_;
};

}  // namespace jacobench::harness
