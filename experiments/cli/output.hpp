// What an option of a command names to be written, opened before the work is done rather than after.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "jacobench/files/output_file.hpp"

namespace jacobench::cli {

// Standard output where the name is - or leads to it, as /dev/stdout does, else a file.
class Output {
 public:
  // `option` is the name of the option that gave the name, `inputs` are the files being read.
  // Errors: InputError where the file is one of the inputs or cannot be written
  Output(const std::string& option, const std::string& name, const std::vector<std::string>& inputs,
         std::ostream& standard_output);

  bool is_standard_output() const { return !file_; }

  // Whether it is a regular file: no pipe, device or standard output.
  bool is_regular() const { return file_ && file_->is_regular(); }

  // Errors: InputError where it is a regular file and its disk has less left
  void expect_room_for(double bytes) const {
    if (file_) file_->expect_room_for(bytes);
  }

  // Writing to it throws InputError where that fails; for standard output, main sees to that.
  std::ostream& stream() { return file_ ? file_->stream() : standard_output_; }

  // To be called once, when all is written: without it, a regular file stays as it was. Errors: InputError
  void commit();

  // Errors: InputError where both write to one place
  void expect_apart_from(const Output& other) const;

 private:
  std::string option_, name_;
  std::ostream& standard_output_;
  std::optional<OutputFile> file_;
};

}  // namespace jacobench::cli
