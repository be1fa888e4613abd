// The machine's own limit: the time in which so many bytes are written and nothing else is done.
#pragma once

#include "jacobench/base/matrix.hpp"

namespace jacobench::speed {

// Sets every entry to one number in address order, on n_threads threads, by the widest stores of the vector path: past
// the cache or through it as a Jacobian of that size is written (kernel/stores.hpp).
void fill_at_write_limit(Matrix& target, Index n_threads);

}  // namespace jacobench::speed
