// The lines of a text file as UTF-8, whatever encoding and line ends it is written with.
//
// The encoding is the one that is named (any that iconv knows), else what a byte order mark or the zero bytes of
// UTF-16 say, else UTF-8. A line ends at LF, CR LF or CR. A byte order mark is left out.
// Errors: InputError for a file that cannot be read, an encoding that is not known, bytes that are not of it
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "jacobench/files/input_file.hpp"

namespace jacobench {

class TextLines {
 public:
  explicit TextLines(const std::filesystem::path& file, const std::optional<std::string>& encoding = {});

  // The next line without its end; false at the end of the file.
  bool next(std::string& line);

  std::int64_t number() const { return number_; }  // of the last line, from 1

 private:
  struct CloseConverter {
    void operator()(void* converter) const;
  };

  bool read_block();
  bool has_text();
  void decode();
  [[noreturn]] void refuse_bytes(std::size_t n_left) const;

  std::string name_;
  InputFile file_;
  std::string encoding_;
  bool is_named_ = false;
  std::unique_ptr<void, CloseConverter> converter_;
  std::string raw_;   // read and not decoded
  std::string text_;  // decoded, of which begin_ bytes are used
  std::size_t begin_ = 0;
  std::int64_t n_bytes_read_ = 0, number_ = 0;
  bool after_return_ = false;  // the last line ended with CR, to which an LF may belong
};

}  // namespace jacobench
