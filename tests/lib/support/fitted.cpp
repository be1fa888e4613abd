#include "support/fitted.hpp"

#include <cmath>

namespace jacobench::testing {
namespace {

Fitted fitted(const Perceptron& network, const Dataset& data, const Vector& decay) {
  const Vector theta = fit(network, data, {.decay = decay}).theta;
  return {network, data, theta, linearised(network, theta, data, decay)};
}

Dataset linear_data() {
  RandomStream stream(3, 1, 5, RandomPurpose::noise);
  Dataset data{Matrix(25, 2), Matrix(25, 1)};
  for (Index i = 0; i < 25; ++i) {
    data.X.row(i) << 5 + 4 * stream.uniform(), 2 * stream.uniform() - 1;
    data.Y(i, 0) = 1 + 2 * data.X(i, 0) - data.X(i, 1) + stream.normal();
  }
  return data;
}

const Perceptron one_unit(1, {{1, Activation::tanh}, {1, Activation::identity}});
const Perceptron linear(2, {{1, Activation::identity}});

}  // namespace

Dataset step_data(Index n, std::uint32_t replicate) {
  RandomStream stream(3, 1, replicate, RandomPurpose::noise);
  Dataset data{Matrix(n, 1), Matrix(n, 1), {}, {}};
  for (Index i = 0; i < n; ++i) {
    data.X(i, 0) = 4 * stream.uniform() - 2;
    data.Y(i, 0) = 3 + 2 * std::tanh(1.5 * data.X(i, 0) - 0.4) + 0.1 * stream.normal();
  }
  return data;
}

Fitted fitted_step(const Vector& decay) { return fitted(one_unit, step_data(), decay); }

const Fitted& fitted_step() {
  static const Fitted once = fitted_step(Vector());
  return once;
}

const Fitted& fitted_linear() {
  static const Fitted once = fitted(linear, linear_data(), {});
  return once;
}

const Fitted& fitted_leverage_of_one() {
  static const Fitted once = [] {
    Dataset data{Matrix(4, 2), Matrix(4, 1), {}, {}};
    data.X << 1, 0, 2, 0, 3, 0, 0, 1;
    data.Y << 1, 2.5, 2.7, 5;
    return fitted(Perceptron(2, {{1, Activation::identity, Bias::none}}), data, {});
  }();
  return once;
}

Dataset resample(const Linearised& at, const Covariance& cov, BootstrapKind kind, RandomStream& stream) {
  Dataset data = at->data();
  Resampler(at, cov, kind).draw(stream, data);
  return data;
}

}  // namespace jacobench::testing
