#include "jacobench/files/text_file.hpp"

#include <array>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/input_file.hpp"
#include "jacobench/files/output_file.hpp"

namespace jacobench {

std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  InputFile file(path);
  std::string contents;
  std::array<char, 65536> block;
  while (const std::size_t n_read = file.read(block)) {
    contents.append(block.data(), n_read);
    if (contents.size() > max_bytes)
      throw InputError("{}: is longer than {} bytes; is it the right file?", path.string(), max_bytes);
  }
  return contents;
}

void replace_text_file(const std::filesystem::path& path, std::string_view contents) {
  OutputFile file(path);
  file.stream() << contents;
  file.commit();
}

}  // namespace jacobench
