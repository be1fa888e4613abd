// What this executable was built from, with and for.
#pragma once

#include <span>
#include <string_view>

namespace jacobench::harness {

// The version is empty where the library is not linked.
struct LibraryVersion {
  std::string_view name, version;
};

struct BuildInfo {
  std::string_view version;     // of jacobench
  std::string_view commit;      // "unknown" where it was built outside a git checkout
  std::string_view tree_state;  // "clean", "dirty" or "unknown": whether the sources differ from the commit
  std::string_view compiler;
  std::string_view flags;
  std::string_view build_type;
  std::span<const LibraryVersion> libraries;
};

const BuildInfo& build_info();

}  // namespace jacobench::harness
