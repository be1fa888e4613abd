#include "support/long_network.hpp"

#include <stdexcept>

#include <boost/math/constants/constants.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/log1p.hpp>

namespace jacobench::testing {

LongReal long_activation(Activation activation, const LongReal& z) {
  const LongReal one = 1;
  switch (activation) {
    case Activation::identity:
      return z;
    case Activation::logistic:
      return one / (one + exp(-z));
    case Activation::tanh:
      return sinh(z) / cosh(z);
    case Activation::relu:
      return z > 0 ? z : LongReal(0);
    case Activation::softplus:
      return z > 0 ? LongReal(z + boost::math::log1p(LongReal(exp(-z))))
                   : boost::math::log1p(LongReal(exp(z)));
    case Activation::exp:
      return exp(z);
    case Activation::mish: {
      const LongReal w = exp(z);  // tanh(log s) = (s^2 - 1) / (s^2 + 1) with s = 1 + w
      return z * w * (w + 2) / (w * (w + 2) + 2);
    }
    case Activation::leaky_relu:
      return z > 0 ? z : LongReal(z * 0.01);
    case Activation::elu:
      return z > 0 ? z : LongReal(exp(z) - 1);
    case Activation::selu: {
      const LongReal scale("1.0507009873554804934193349852946"), alpha("1.6732632423543772848170429916717");
      return scale * (z > 0 ? z : LongReal(alpha * (exp(z) - 1)));
    }
    case Activation::silu:
      return z / (one + exp(-z));
    case Activation::gelu:
      return z * boost::math::erfc(LongReal(-z / sqrt(LongReal(2)))) / 2;
    case Activation::softsign:
      return z / (one + abs(z));
    case Activation::arctan:
      return atan(z);
    case Activation::sin:
      return sin(z);
    case Activation::gaussian:
      return exp(-z * z / 2);
  }
  throw std::logic_error("an activation without a 100-digit form");
}

std::vector<LongReal> long_network(const Perceptron& network, const std::vector<LongReal>& theta,
                                   const std::vector<LongReal>& x) {
  std::vector<LongReal> below = x;
  std::size_t next = 0;
  for (const Layer& layer : network.layers()) {
    std::vector<LongReal> z(static_cast<std::size_t>(layer.n_units), LongReal(0));
    for (LongReal& unit : z)
      for (const LongReal& a : below) unit += theta[next++] * a;
    if (layer.has_bias())
      for (LongReal& unit : z) unit += theta[next++];
    for (LongReal& unit : z) unit = long_activation(layer.activation, unit);
    below = std::move(z);
  }
  return below;
}

std::vector<LongReal> to_long(const VectorView& values) { return {values.begin(), values.end()}; }

}  // namespace jacobench::testing
