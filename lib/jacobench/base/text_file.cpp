#include "jacobench/base/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/file_descriptor.hpp"

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
  const std::filesystem::path partial = path.string() + ".partial";
  {
    const FileDescriptor file(partial, O_WRONLY | O_CREAT | O_TRUNC, "written");
    file.write(contents);
    file.sync();
  }
  const FileDescriptor folder(path.has_parent_path() ? path.parent_path() : ".", O_RDONLY | O_DIRECTORY,
                              "written");
  if (std::rename(partial.c_str(), path.c_str()) != 0) folder.fail("written");
  folder.sync();
}

}  // namespace jacobench
