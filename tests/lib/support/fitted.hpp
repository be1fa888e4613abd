// Small fits that tests of the inference share.
#pragma once

#include "support/linearised.hpp"

namespace jacobench::testing {

struct Fitted {
  Perceptron network;
  Dataset data;
  Vector theta;
  Linearised at;
};

// y = 3 + 2 tanh(1.5 x - 0.4) + N(0, 0.1^2), 30 observations on (-2, 2); 1-1-1, tanh.
Dataset step_data(Index n = 30, std::uint32_t replicate = 4);
const Fitted& fitted_step();
Fitted fitted_step(const Vector& decay);

// y = 1 + 2 x0 - x1 + N(0, 1), 25 observations; no hidden layer.
const Fitted& fitted_linear();

// y = a x0 + b x1, of 4 observations the last alone has an x1: its leverage is 1 to the bit.
const Fitted& fitted_leverage_of_one();

// The data of one replicate.
Dataset resample(const Linearised& at, const Covariance& cov, BootstrapKind kind, RandomStream& stream);

}  // namespace jacobench::testing
