// The networks of a study, and the data they are evaluated at: the options that every experiment over network
// sizes shares, and the problems they amount to. An option that is swept is one axis in the constructor.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "jacobench/network/perceptron.hpp"

#include "options/options.hpp"
#include "study/sweep.hpp"

namespace jacobench::harness {

// One network of the sweep, without its random numbers.
struct NetworkCase {
  Perceptron network;
  Activation activation;
  double weight_scale;
};
using SharedNetwork = std::shared_ptr<const NetworkCase>;

// The columns of rows about a network: its layers, P, the activation and the weight scale.
std::vector<RowSchema<SharedNetwork>::Entry> network_columns();

// Its parameters [P] and inputs [N x D].
struct Problem {
  Vector theta;
  Matrix X;
};

class NetworkSweep {
 public:
  // Adds the options of the networks and of the seeds; how many observations there are is the experiment's own.
  explicit NetworkSweep(OptionTable& table);

  // The product of hidden shapes, activations and weight scales, in this order, the last running fastest. A
  // network without a hidden layer comes once for all hidden activations, under the name of its output
  // activation.
  std::vector<SharedNetwork> cases() const;

  // The same numbers for the same shape and seeds, whatever else is in the study: theta is keyed by the
  // shape, X by the number of inputs, so that activations and weight scales are compared on the same draws.
  Problem problem(const NetworkCase& network_case, std::int64_t n_rows) const;

  // The same case with other hidden layers.
  NetworkCase with_hidden(const NetworkCase& network_case, const Shape& hidden) const;

  std::uint64_t data_seed() const { return data_seed_; }

 private:
  struct Point {
    Shape hidden;
    Activation activation = Activation::tanh;
    double weight_scale = 1;
  };

  Perceptron network(const Shape& hidden, Activation activation) const;

  std::uint64_t seed_ = 1;
  std::uint64_t data_seed_ = 1;
  std::int64_t n_inputs_ = 2;
  std::int64_t n_outputs_ = 1;
  Activation output_activation_ = Activation::identity;
  bool has_bias_ = true;
  Sweep<Point> sweep_;
};

}  // namespace jacobench::harness
