// A network with its parameters.
#pragma once

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

struct Model {
  Perceptron network;
  Vector theta;
};

}  // namespace jacobench
