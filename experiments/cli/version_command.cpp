// jacobench version
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "harness/build_info.hpp"
#include "harness/print.hpp"

namespace jacobench::cli {

int version_command(const Invocation& invocation) {
  const auto operands = read_operands(invocation, "version", {});
  if (!operands) return all_well;
  if (!operands->empty()) throw InputError("version: takes no arguments");
  const harness::BuildInfo& build = harness::build_info();
  harness::print(invocation.out, "jacobench {} (commit {}, {})\n", build.version, build.commit,
                 build.tree_state);
  harness::print(invocation.out, "{}, {}, {}, vector instructions {}\n", build.compiler, build.build_type,
                 build.flags, build.simd);
  for (const harness::LibraryVersion& library : build.libraries)
    if (!library.version.empty()) harness::print(invocation.out, "{} {}\n", library.name, library.version);
  return all_well;
}

}  // namespace jacobench::cli
