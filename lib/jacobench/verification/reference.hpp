// The Jacobian in 50-digit arithmetic, against which every strategy is measured. It is not a strategy.
//
// Model:    each output of each observation is evaluated as a scalar program in 50 decimal digits, recorded
//           operation by operation, and differentiated by one reverse sweep over the record. The sweep knows
//           additions, products and elementary functions, nothing of layers, deltas or activations: it shares
//           no derivative code with any strategy, and the activations are written in their textbook forms.
// Shapes:   as in network/perceptron.hpp
// Cost:     about 6 (P + units) operations of 50 digits an observation for the record and as many an output for
//           the sweep: about a microsecond a parameter and observation; memory about 200 bytes an operation
// Accuracy: 50 digits less what the condition of the program costs; far beyond the 32 that are kept
// Errors:   logic_error where a shape is not that of the network
// Source:   Griewank and Walther (2008), Evaluating Derivatives, sec. 3.2 (reverse mode)
#pragma once

#include <cmath>

#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// A matrix to about 32 digits: entry = high + low, where high is the entry rounded to double.
struct ReferenceMatrix {
  Matrix high;
  Matrix low;

  // |computed(i, j) - reference(i, j)|, right to a few units in its last place.
  double error(double computed, Index i, Index j) const {
    return std::abs((computed - high(i, j)) - low(i, j));
  }
};

struct Reference {
  ReferenceMatrix values;     // N x K
  ReferenceMatrix J_y_theta;  // (N K) x P; empty where not asked for
  ReferenceMatrix J_y_x;      // (N K) x D; empty where not asked for

  const ReferenceMatrix& jacobian(Wrt wrt) const { return wrt == Wrt::parameters ? J_y_theta : J_y_x; }
};

enum class Wanted { parameters, inputs, both };

Reference compute_reference(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                            Wanted wanted = Wanted::both);

}  // namespace jacobench
