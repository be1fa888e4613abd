#include "run/build_info.hpp"

#include <array>
#include <string>

#include "jacobench/kernel/blas.hpp"

#include "commit.hpp"
#include "compile_settings.hpp"

namespace jacobench::harness {
namespace {

std::span<const LibraryVersion> libraries() {
  static const std::string openblas = blas::openblas_version();
  static const std::array versions{
      LibraryVersion{"Eigen", JACOBENCH_EIGEN_VERSION},
      LibraryVersion{"Ceres", JACOBENCH_CERES_VERSION},
      LibraryVersion{"Boost", JACOBENCH_BOOST_VERSION},
      LibraryVersion{"fmt", JACOBENCH_FMT_VERSION},
      LibraryVersion{"nlohmann_json", JACOBENCH_JSON_VERSION},
      LibraryVersion{"Google Benchmark", JACOBENCH_BENCHMARK_VERSION},
      LibraryVersion{"SLEEF", JACOBENCH_SLEEF_VERSION},
      LibraryVersion{"OpenBLAS", openblas},
  };
  return versions;
}

}  // namespace

const BuildInfo& build_info() {
  static const BuildInfo info = {
      .version = JACOBENCH_VERSION,
      .commit = JACOBENCH_COMMIT,
      .tree_state = JACOBENCH_TREE_STATE,
      .compiler = JACOBENCH_COMPILER,
      .flags = JACOBENCH_COMPILE_FLAGS,
      .build_type = JACOBENCH_BUILD_TYPE,
      .libraries = libraries(),
  };
  return info;
}

}  // namespace jacobench::harness
