#include "jacobench/kernel/batch.hpp"

#include <algorithm>
#include <new>

#include "jacobench/base/caches.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {

Batch::Batch(Index max_rows, Index n_columns)
    : stride_(kernel::round_up(max_rows, kernel::most_lanes)), n_columns_(n_columns) {
  constexpr std::size_t cache_line = kernel::most_lanes * sizeof(double);
  if (stride_ * n_columns * static_cast<Index>(sizeof(double)) > caches().first / 2)
    stride_ += kernel::most_lanes;
  const Index n = stride_ * n_columns;
  if (n == 0) return;
  data_.reset(
      static_cast<double*>(std::aligned_alloc(cache_line, static_cast<std::size_t>(n) * sizeof(double))));
  if (!data_) throw std::bad_alloc();
  std::fill_n(data_.get(), n, 0.0);
}

}  // namespace jacobench
