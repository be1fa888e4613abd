// jacobench version
#include <ostream>

#include <fmt/ostream.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/base/vector_path.hpp"

#include "cli/command.hpp"
#include "harness/build_info.hpp"

namespace jacobench::cli {

int version_command(const Invocation& invocation) {
  const auto operands = read_operands(invocation, "version", {});
  if (!operands) return all_well;
  if (!operands->empty()) throw InputError("version: takes no arguments");
  const harness::BuildInfo& build = harness::build_info();
  fmt::print(invocation.out, "jacobench {} (commit {}, {})\n", build.version, build.commit, build.tree_state);
  fmt::print(invocation.out, "{}, {}, {}\n", build.compiler, build.build_type, build.flags);
  const VectorPathInfo& path = info(vector_path());
  fmt::print(invocation.out, "vector path {} ({}); JACOBENCH_VECTOR_PATH forces one of {}\n", path.name,
             path.summary, fmt::join(names_of(vector_path_table()), ", "));
  for (const harness::LibraryVersion& library : build.libraries)
    if (!library.version.empty()) fmt::print(invocation.out, "{} {}\n", library.name, library.version);
  return all_well;
}

}  // namespace jacobench::cli
