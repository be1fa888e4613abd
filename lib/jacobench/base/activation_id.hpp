// The activations' enumerators; network/activation.hpp has the table of what they are.
#pragma once

#include <cstddef>

namespace jacobench {

enum class Activation {
  identity,
  logistic,
  tanh,
  relu,
  softplus,
  exp,
  mish,
  leaky_relu,
  elu,
  selu,
  silu,
  gelu,
  softsign,
  arctan,
  sin,
  gaussian,
};

inline constexpr std::size_t n_activations = static_cast<std::size_t>(Activation::gaussian) + 1;

}  // namespace jacobench
