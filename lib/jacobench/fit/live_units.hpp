// The hidden units that a fit goes on with where a penalty has taken all weights from the others, and the network of
// these alone.
//
// Model:  A unit is idle that has neither weights, in or out, nor a bias, and phi(0) = 0. S is then that of the
//         network without it and stationary in its weights. Weights w in, with the bias, and v out change half of S by
//           v'Q w + (w'K_in w + v'K_out v) / 2,   Q = phi'(0) sum_n delta_n (a_n, 1)',
//         where a_n is what feeds its layer and delta_n half the derivative of the residual sum of squares by the
//         pre-activations of the layer above. It is at rest where no singular value of K_out^-1/2 Q K_in^-1/2 is above
//         one
// Shapes: theta [P] of the whole network, of_live [p] of the smaller one
#pragma once

#include <vector>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// Of each hidden layer, in order.
using UnitsByLayer = std::vector<std::vector<Index>>;

std::vector<Index> counted(Index n);                                  // 0 to n - 1
std::vector<Index> others(const std::vector<Index>& units, Index n);  // of those

// All but those with less than this share of the penalty sum_p k_p theta_p^2, in layers where units can be idle: phi
// is smooth, phi(0) = 0, and biases have a penalty, or none there and in the layer above. Each layer keeps one.
UnitsByLayer units_with_share(const Perceptron& network, const Vector& theta, const Vector& decay,
                              double least_share);

// The unit among these with the least penalty on its weights. Where it is at rest all are.
Index least_penalised(const Perceptron& network, const Vector& decay, Index layer,
                      const std::vector<Index>& units);

// Takes all weights from the others. Biases of the layer above that have no penalty take over what the others add to
// all observations alike.
void make_others_idle(const Perceptron& network, const Vector& decay, const UnitsByLayer& kept,
                      Vector& theta);

// The network of these units alone.
Perceptron network_of(const Perceptron& whole, const UnitsByLayer& units);

class LiveUnits {
 public:
  LiveUnits(const Perceptron& whole, UnitsByLayer units);

  const Perceptron& network() const { return network_; }

  // In the whole network, those that are `kept` among these.
  UnitsByLayer in_whole(const UnitsByLayer& kept) const;

  Vector of_live(const Vector& theta) const { return theta(parameters_); }
  // All other parameters are zero afterwards.
  void put(const Vector& of_live, Vector& theta) const;

 private:
  UnitsByLayer units_;
  std::vector<Index> parameters_;
  Perceptron network_;
};

// The weights that an idle unit would take. S falls the most along w = in and v = out, of length one in the norm of
// the penalty; a bias without a penalty stays zero.
struct IdlePull {
  double strength;  // the largest singular value
  Vector in, out;
};

// Shape: Q [units above x (inputs + 1)]
IdlePull pull_on_idle(const Perceptron& network, const Vector& decay, Index layer, Index unit, Matrix Q);

}  // namespace jacobench
