// Which vector instructions the kernels run on: chosen once, when the first of them runs, by what the processor has.
//
// The kernels are compiled once for each path of the table, so that one binary runs on any processor of its kind. All
// paths give the same bits: the same operations in the same order, fused where they are written fused. (The one
// exception is a processor without fused multiply-add, on which the elementary functions of `scalar` round otherwise.)
//
// The environment variable JACOBENCH_VECTOR_PATH forces one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace jacobench {

enum class VectorPath { scalar, avx2, avx512 };

struct VectorPathInfo {
  VectorPath id;
  std::string_view name;
  std::string_view summary;
};

// From the plainest to the widest.
std::span<const VectorPathInfo> vector_path_table();

const VectorPathInfo& info(VectorPath path);

// Why this program on this processor cannot run a path, in words; empty where it can.
std::string why_not(VectorPath path);

// The one in use: the one that is forced, or the widest that can run.
// Errors: InputError where JACOBENCH_VECTOR_PATH names a path that is not in the table or cannot run
VectorPath vector_path();

// From now on this one, for all threads; no kernel may be running. Errors: InputError where it cannot run
void use_vector_path(VectorPath path);

}  // namespace jacobench
