#include "cli/output.hpp"

#include <filesystem>

#include <unistd.h>

#include "jacobench/base/errors.hpp"

namespace jacobench::cli {

Output::Output(const std::string& option, const std::string& name, const std::vector<std::string>& inputs,
               std::ostream& standard_output)
    : option_(option), name_(name), standard_output_(standard_output) {
  if (name == "-") return;
  for (const std::string& input : inputs)
    if (std::error_code ignored; std::filesystem::equivalent(name, input, ignored))
      throw InputError("--{}: {} is what is being read; choose another file", option, name);
  try {
    file_.emplace(name);
  } catch (const InputError& problem) {
    throw InputError("--{}: {}; check the folder, or choose another file", option, problem.what());
  }
  // Through the stream, so that it does not get ahead of what was printed before.
  if (file_->place() == fmt::format("/proc/{}/fd/{}", ::getpid(), STDOUT_FILENO)) file_.reset();
}

void Output::commit() {
  if (file_) file_->commit();
}

void Output::expect_apart_from(const Output& other) const {
  const bool is_same = file_ && other.file_ ? file_->place() == other.file_->place() : !file_ && !other.file_;
  if (is_same)
    throw InputError("--{}: {} is what --{} is to write; choose another file", option_, name_, other.option_);
}

}  // namespace jacobench::cli
