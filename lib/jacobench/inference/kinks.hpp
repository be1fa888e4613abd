// Observations that lie at the kink of a unit, as of relu: the sum of squares has no derivative there, so that no step
// by derivatives ends at such a minimum and no estimate has a standard error.
//
// Model:  |z_n| <= 1e-6 (sum_m |w_m a_nm| + |b|) of a hidden unit whose activation has a kink at 0, which is far more
//         than rounding and far less than where an observation comes to lie by chance
// Cost:   one forward pass
#pragma once

#include <vector>

#include "jacobench/fit/fit.hpp"

namespace jacobench {

struct Kink {
  Index layer, unit;                // both from 0
  std::vector<Index> observations;  // at it, from 0
};

// Of the units that have any.
std::vector<Kink> kinks_at_data(const Fit& fit);

}  // namespace jacobench
