#include "speed/write_limit.hpp"

#include "jacobench/base/parallel.hpp"
#include "jacobench/kernel/stores.hpp"

namespace jacobench::speed {

void fill_at_write_limit(Matrix& target, Index n_threads) {
  constexpr double number = 1.5;
  const Index size = target.size();
  const kernel::Stores stores = kernel::stores_for(size * static_cast<Index>(sizeof(double)));
  parallel_for(n_threads, n_threads, [&](Index t) {
    const Index begin = size * t / n_threads, end = size * (t + 1) / n_threads;
    kernel::fill(number, target.data() + begin, end - begin, stores);
  });
}

}  // namespace jacobench::speed
