// Whole text files: read, and replaced in one step.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

namespace jacobench {

// The bytes of a file. Throws InputError where it is missing, a directory, unreadable or longer than
// max_bytes.
std::string read_text_file(const std::filesystem::path& path,
                           std::size_t max_bytes = std::numeric_limits<std::size_t>::max());

// Writes the file in one step, as OutputFile does. Throws InputError where that cannot be done.
void replace_text_file(const std::filesystem::path& path, std::string_view contents);

}  // namespace jacobench
