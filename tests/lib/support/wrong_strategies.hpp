// Negative controls: strategies with one plausible mistake each, in the form of the strategy table, so that
// whatever judges strategies can be seen to reject them.
//
//   product_of_sums       d y / d W_l(i, j) with one sum a layer and the sums multiplied, where the chain rule
//                         has a sum of products: right only where every layer between has one unit
//   slope_for_activation  multiplies by phi'(z) of the unit below where its activation phi(z) belongs; wrong for
//                         parameters above the first layer, inputs are unaffected
//   transposed_weights    reads the first square weight matrix above the first layer transposed on the way down
//   dropped_bias          leaves the first layer's first bias column zero; inputs are unaffected
#pragma once

#include <span>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::testing {

std::span<const StrategyInfo> wrong_strategies();

// The same code without a mistake: what rejects the others must accept this one.
const StrategyInfo& unspoiled_strategy();

}  // namespace jacobench::testing
