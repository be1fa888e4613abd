#include "harness/build_info.hpp"

#include <array>
#include <string>

#include "jacobench/base/blas.hpp"

#include "commit.hpp"
#include "compile_settings.hpp"

#ifdef Libmvec_FOUND
#include <gnu/libc-version.h>
#endif

namespace jacobench::harness {
namespace {

constexpr std::string_view simd =
#if defined(__AVX512F__)
    "AVX-512";
#elif defined(__AVX2__)
    "AVX2";
#elif defined(__AVX__)
    "AVX";
#elif defined(__SSE2__)
    "SSE2";
#elif defined(__ARM_FEATURE_SVE)
    "SVE";
#elif defined(__ARM_NEON)
    "NEON";
#else
    "none";
#endif

// Part of glibc, and versioned with it.
std::string_view libmvec_version() {
#ifdef Libmvec_FOUND
  return gnu_get_libc_version();
#else
  return {};
#endif
}

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
      LibraryVersion{"libmvec", libmvec_version()},
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
      .simd = simd,
      .libraries = libraries(),
  };
  return info;
}

}  // namespace jacobench::harness
