#include "report/png.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <stdlib.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"

namespace jacobench::harness {
namespace {

// A file that goes when this does.
class TemporaryFile {
 public:
  TemporaryFile() : name_((std::filesystem::temp_directory_path() / "jacobench-XXXXXX").string()) {
    const int descriptor = ::mkstemp(name_.data());
    if (descriptor < 0)
      throw InputError("{}: no file can be made there; set TMPDIR to a folder that can be written", name_);
    ::close(descriptor);
  }
  ~TemporaryFile() { ::unlink(name_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace

std::string png_of(const std::string& svg) {
  const TemporaryFile picture;
  std::ofstream(picture.name(), std::ios::binary) << svg;
  // The name goes by the environment, so that nothing in it is taken for a command.
  ::setenv("JACOBENCH_PICTURE", picture.name().c_str(), 1);
  std::FILE* pipe =
      ::popen("exec rsvg-convert --zoom 2 --format png \"$JACOBENCH_PICTURE\" 2>/dev/null", "r");
  std::string png;
  if (pipe) {
    char block[1 << 16];
    while (const std::size_t n = std::fread(block, 1, sizeof block, pipe)) png.append(block, n);
  }
  if (!pipe || ::pclose(pipe) != 0 || png.empty())
    throw InputError(
        "report: rsvg-convert makes PNG, and it is missing or failed; install it (librsvg2-bin), or write "
        ".svg");
  return png;
}

}  // namespace jacobench::harness
