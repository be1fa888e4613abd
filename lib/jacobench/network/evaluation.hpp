// The values of a network, and the counts of what computing took.
#pragma once

#include <cstdint>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// Y = the network at X. Shapes: Y [N x K].
Matrix evaluate(const Perceptron& network, const VectorView& theta, const MatrixView& X);

// What has been computed so far, counted an observation at a time: the figures do not depend on how the observations
// were cut into batches, except where batches overlap (jacobian/layerwise.hpp), whose common rows count twice.
struct EvaluationCounts {
  std::int64_t layers = 0;       // layers evaluated
  std::int64_t activations = 0;  // units whose activation was evaluated
  std::int64_t slopes = 0;       // units whose activation's derivative was evaluated with it

  friend EvaluationCounts operator+(const EvaluationCounts& a, const EvaluationCounts& b) {
    return {a.layers + b.layers, a.activations + b.activations, a.slopes + b.slopes};
  }
};

}  // namespace jacobench
