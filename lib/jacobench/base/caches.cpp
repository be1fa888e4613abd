#include "jacobench/base/caches.hpp"

#include <fstream>
#include <string>

namespace jacobench {
namespace {

Caches read_caches() {
  Caches caches;
  for (int index = 0;; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::ifstream level_file(folder + "level"), type_file(folder + "type"), size_file(folder + "size");
    int level = 0;
    std::string type;
    Index kib = 0;
    char unit = 0;
    if (!(level_file >> level) || !(type_file >> type) || !(size_file >> kib >> unit) || unit != 'K' ||
        kib <= 0)
      return caches;
    if (type == "Instruction") continue;
    const Index bytes = kib << 10;
    if (level == 1) caches.first = bytes;
    if (level <= 2) caches.second = bytes;
    caches.last = bytes;
  }
}

}  // namespace

const Caches& caches() {
  static const Caches read = read_caches();
  return read;
}

}  // namespace jacobench
