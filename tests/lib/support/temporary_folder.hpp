// A folder of its own for a test, removed with everything in it at the end. Tests run side by side, and the same ones
// at once on several vector paths: a file with a fixed name in a folder that all share is somebody else's.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace jacobench::testing {

class TemporaryFolder {
 public:
  // In memory, where that can be had, for what waits for the disk after every row; devices can often be opened on a
  // disk only.
  enum class Place { memory, disk };
  explicit TemporaryFolder(Place place = Place::memory);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Writes a file of this name, with the folders in it, into the folder and returns its path.
  std::filesystem::path file(const std::string& name, const std::string& contents) const;

 private:
  std::filesystem::path path_;
};

std::string contents_of(const std::filesystem::path& file);

// Every file under the folder with its contents, so that a test can say that nothing was touched.
std::map<std::string, std::string> snapshot(const std::filesystem::path& folder);

}  // namespace jacobench::testing
