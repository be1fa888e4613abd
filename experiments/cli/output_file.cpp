#include "cli/output_file.hpp"

#include <filesystem>

#include "jacobench/base/errors.hpp"

namespace jacobench::cli {

void expect_writable(const std::string& option, const std::string& file,
                     const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs)
    if (std::error_code ignored; std::filesystem::equivalent(file, input, ignored))
      throw InputError("--{}: {} is what is being read; choose another file", option, file);
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  if (std::filesystem::is_directory(file) || (!folder.empty() && !std::filesystem::is_directory(folder)))
    throw InputError("--{}: {} cannot be written; check the folder", option, file);
}

void expect_different_files(const std::string& option, const std::string& file,
                            const std::string& other_option, const std::string& other_file) {
  const auto place = [](const std::string& name) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(name));
  };
  std::error_code ignored;
  if (place(file) == place(other_file) || std::filesystem::equivalent(file, other_file, ignored))
    throw InputError("--{}: {} is what --{} is to write; choose another file", other_option, other_file,
                     option);
}

}  // namespace jacobench::cli
