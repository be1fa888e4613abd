#include "jacobench/base/vector_path.hpp"

#include <array>
#include <atomic>
#include <cstdlib>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"

namespace jacobench {
namespace {

constexpr std::string_view variable = "JACOBENCH_VECTOR_PATH";

constexpr std::array table{
    VectorPathInfo{VectorPath::scalar, "scalar", "no vector instructions; any processor"},
    VectorPathInfo{VectorPath::avx2, "avx2", "x86-64 with AVX2 and FMA: 4 doubles at a time"},
    VectorPathInfo{VectorPath::avx512, "avx512", "x86-64 with AVX-512 F and DQ: 8 doubles at a time"},
};

#ifdef __x86_64__
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"); }
#endif

VectorPath widest() {
  VectorPath path = VectorPath::scalar;
  for (const VectorPathInfo& row : table)
    if (why_not(row.id).empty()) path = row.id;
  return path;
}

void expect_runs(VectorPath path, std::string_view where) {
  const std::string reason = why_not(path);
  if (reason.empty()) return;
  throw InputError("{}: {} cannot run here ({}); choose {}, or none for the widest", where, info(path).name,
                   reason, info(widest()).name);
}

VectorPath chosen_by_environment() {
  const char* name = std::getenv(variable.data());
  if (!name || !*name) return widest();
  for (const VectorPathInfo& row : table)
    if (row.name == name) {
      expect_runs(row.id, variable);
      return row.id;
    }
  throw InputError("{}: '{}' is not a path; known: {}", variable, name, joined(names_of(table), ", "));
}

std::atomic<VectorPath>& in_use() {
  static std::atomic<VectorPath> path{chosen_by_environment()};
  return path;
}

}  // namespace

std::span<const VectorPathInfo> vector_path_table() { return table; }

const VectorPathInfo& info(VectorPath path) {
  const auto row = static_cast<std::size_t>(path);
  JB_EXPECT(row < table.size(), "vector path {} is not in the table of {}", row, table.size());
  return table[row];
}

std::string why_not(VectorPath path) {
  if (path == VectorPath::scalar) return {};
#ifdef __x86_64__
  if (path == VectorPath::avx2) return has_avx2() ? "" : "this processor lacks AVX2 or FMA";
  return has_avx512() ? "" : "this processor lacks AVX-512 F or DQ";
#else
  return "it is for x86-64";
#endif
}

VectorPath vector_path() { return in_use().load(std::memory_order_relaxed); }

void use_vector_path(VectorPath path) {
  expect_runs(path, "vector path");
  in_use() = path;
}

}  // namespace jacobench
