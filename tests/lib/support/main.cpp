// Runs the tests on the vector path that JACOBENCH_TEST_PATH names, and OpenBLAS on its kernels of that path, or on what
// the machine has chosen. Where that path cannot run, or all is chosen that way anyway, the tests are skipped as a
// whole, with the reason.
#include <cstdlib>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/names.hpp"
#include "jacobench/base/vector_path.hpp"
#include "jacobench/kernel/blas.hpp"

namespace {

int skipped(std::string_view path, std::string_view reason) {
  std::cout << "[  SKIPPED ] all tests on " << path << ": " << reason << '\n';
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  if (const char* name = std::getenv("JACOBENCH_TEST_PATH")) {
    const auto& path = jacobench::find_by_name(jacobench::vector_path_table(), name, "vector path");
    if (const std::string reason = why_not(path.id); !reason.empty()) return skipped(name, reason);
    const std::string openblas_of_others = jacobench::blas::openblas_version();
    jacobench::blas::use_openblas_kernels_of(path.id);
    if (path.id == jacobench::vector_path() && jacobench::blas::openblas_version() == openblas_of_others)
      return skipped(name, "the other tests run on it");
    jacobench::use_vector_path(path.id);
  }
  return RUN_ALL_TESTS();
}
