// jacobench version
#include <ostream>
#include <string>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/base/vector_path.hpp"

#include "cli/command.hpp"
#include "options/print.hpp"
#include "run/build_info.hpp"
#include "run/ranks.hpp"

namespace jacobench::cli {

int version_command(const Invocation& invocation) {
  const auto operands = read_operands(invocation, "version", {});
  if (!operands) return all_well;
  if (!operands->empty()) throw InputError("version: takes no arguments");
  const harness::BuildInfo& build = harness::build_info();
  harness::print(invocation.out, "jacobench {} (commit {}, {})\n", build.version, build.commit,
                 build.tree_state);
  harness::print(invocation.out, "{}, {}, {}\n", build.compiler, build.build_type, build.flags);
  const VectorPathInfo& path = info(vector_path());
  harness::print(invocation.out, "vector path {} ({}); JACOBENCH_VECTOR_PATH forces one of {}\n", path.name,
                 path.summary, joined(names_of(vector_path_table()), ", "));
  const std::string mpi = harness::mpi_version();
  harness::print(invocation.out, "{}\n", mpi.empty() ? "without MPI" : "with MPI: " + mpi);
  for (const harness::LibraryVersion& library : build.libraries)
    if (!library.version.empty()) harness::print(invocation.out, "{} {}\n", library.name, library.version);
  return all_well;
}

}  // namespace jacobench::cli
