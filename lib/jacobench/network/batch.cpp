#include "jacobench/network/batch.hpp"

#include "jacobench/base/simd.hpp"

namespace jacobench {

constexpr Index doubles_in_cache_line = 8;

Batch::Batch(Index max_rows, Index n_columns)
    : storage_(Matrix::Zero(simd::round_up_to_lanes(max_rows) + doubles_in_cache_line, n_columns)) {}

}  // namespace jacobench
