// The vector paths that this machine can run, and running on one of them for a while.
#pragma once

#include <cstring>
#include <vector>

#include "jacobench/base/vector_path.hpp"

namespace jacobench::testing {

inline std::vector<VectorPath> runnable_vector_paths() {
  std::vector<VectorPath> paths;
  for (const VectorPathInfo& path : vector_path_table())
    if (why_not(path.id).empty()) paths.push_back(path.id);
  return paths;
}

// The path is that of before again when this ends.
class OnVectorPath {
 public:
  explicit OnVectorPath(VectorPath path) : before_(vector_path()) { use_vector_path(path); }
  ~OnVectorPath() { use_vector_path(before_); }
  OnVectorPath(const OnVectorPath&) = delete;
  OnVectorPath& operator=(const OnVectorPath&) = delete;

 private:
  VectorPath before_;
};

// Equal to the bit, so that the zeros of both signs differ; of NaN only that it is one.
inline bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b); }

}  // namespace jacobench::testing
