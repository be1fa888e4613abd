#include "jacobench/files/text_file.hpp"

#include <array>
#include <cerrno>
#include <ostream>

#include <fcntl.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/file_descriptor.hpp"
#include "jacobench/files/output_file.hpp"

namespace jacobench {

std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const FileDescriptor file(path, O_RDONLY, "read");
  std::string contents;
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n_read = ::read(file.number(), block.data(), block.size());
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) file.fail("read");
    if (n_read == 0) return contents;
    contents.append(block.data(), static_cast<std::size_t>(n_read));
    if (contents.size() > max_bytes)
      throw InputError("{}: is longer than {} bytes; is it the right file?", path.string(), max_bytes);
  }
}

void replace_text_file(const std::filesystem::path& path, std::string_view contents) {
  OutputFile file(path);
  file.stream() << contents;
  file.commit();
}

}  // namespace jacobench
