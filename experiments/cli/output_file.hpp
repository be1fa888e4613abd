// The files that a command is told to write, looked at before the work is done rather than after.
#pragma once

#include <string>
#include <vector>

namespace jacobench::cli {

// `option` is the name of the option that gave the file, `inputs` are the files being read.
// Errors: InputError where the file is one of the inputs or a folder, or its folder is missing
void expect_writable(const std::string& option, const std::string& file,
                     const std::vector<std::string>& inputs);

// Errors: InputError where the two options name one file
void expect_different_files(const std::string& option, const std::string& file,
                            const std::string& other_option, const std::string& other_file);

}  // namespace jacobench::cli
