// A batch of observations held column by column, as the kernels see it.
#pragma once

#include <cstddef>

namespace jacobench {

using Index = std::ptrdiff_t;  // Eigen's

// `stride` doubles from one column to the next, with room in each column for the rows rounded up to whole registers:
// the rows of padding are computed as well and never read.
struct BatchView {
  const double* data;
  Index stride;
};
struct BatchBuffer {
  double* data;
  Index stride;

  operator BatchView() const { return {data, stride}; }
};

}  // namespace jacobench
