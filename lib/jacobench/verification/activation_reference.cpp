#include "jacobench/verification/activation_reference.hpp"

#include <stdexcept>

#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/expm1.hpp>
#include <boost/math/special_functions/log1p.hpp>

namespace jacobench {
namespace {

using Real = ReferenceReal;
using Program = ReferenceProgram;
using Id = Program::Id;

// Elementary functions as the program records them: value and derivative.

Id scale(Program& p, Id x, const Real& factor) { return p.apply(x, factor * p.value(x), factor); }

Id shift(Program& p, Id x, const Real& constant) { return p.apply(x, constant + p.value(x), Real(1)); }

Id exp(Program& p, Id x) {
  const Real e = exp(p.value(x));
  return p.apply(x, e, e);
}

Id expm1(Program& p, Id x) { return p.apply(x, boost::math::expm1(p.value(x)), exp(p.value(x))); }

Id log1p(Program& p, Id x) { return p.apply(x, boost::math::log1p(p.value(x)), 1 / (1 + p.value(x))); }

Id reciprocal(Program& p, Id x) {
  const Real r = 1 / p.value(x);
  return p.apply(x, r, -r * r);
}

// (e^x - e^-x) / (e^x + e^-x), by expm1 so that a small x keeps its digits; derivative 1 / cosh(x)^2
Id tanh(Program& p, Id x) {
  const Real magnitude = abs(p.value(x));
  const Real m = boost::math::expm1(Real(-2 * magnitude));
  const Real t = -m / (2 + m);
  const Real c = cosh(magnitude);
  return p.apply(x, p.value(x) < 0 ? Real(-t) : t, 1 / (c * c));
}

// (1 + erf(x / sqrt 2)) / 2, the normal distribution function
Id normal_distribution(Program& p, Id x) {
  const Real z = p.value(x);
  const Real& pi = boost::math::constants::pi<Real>();
  return p.apply(x, boost::math::erfc(Real(-z / sqrt(Real(2)))) / 2, exp(Real(-z * z / 2)) / sqrt(2 * pi));
}

// x / (1 + |x|), derivative 1 / (1 + |x|)^2 (the quotient rule would cancel)
Id softsign(Program& p, Id x) {
  const Real r = 1 / (1 + abs(p.value(x)));
  return p.apply(x, p.value(x) * r, r * r);
}

// To reduce an argument of up to 2^1024 modulo 2 pi takes 308 digits more than are wanted of the result.
Id sin(Program& p, Id x) {
  using LongReal =
      boost::multiprecision::number<boost::multiprecision::cpp_bin_float<370>, boost::multiprecision::et_off>;
  if (abs(p.value(x)) < 1000) return p.apply(x, sin(p.value(x)), cos(p.value(x)));
  const LongReal argument(p.value(x));
  return p.apply(x, Real(sin(argument)), Real(cos(argument)));
}

Id logistic(Program& p, Id z) { return reciprocal(p, shift(p, exp(p, scale(p, z, -1)), 1)); }

// log(1 + e^z); above zero z + log(1 + e^-z), where the first form would lose the second term's digits
Id softplus(Program& p, Id z) {
  if (p.value(z) > 0) return p.add(z, log1p(p, exp(p, scale(p, z, -1))));
  return log1p(p, exp(p, z));
}

Id elu(Program& p, Id z, const Real& lambda, const Real& alpha) {
  return scale(p, p.value(z) > 0 ? z : scale(p, expm1(p, z), alpha), lambda);
}

}  // namespace

Id record_activation(Program& p, Activation activation, Id z) {
  switch (activation) {
    case Activation::identity:
      return z;
    case Activation::logistic:
      return logistic(p, z);
    case Activation::tanh:
      return tanh(p, z);
    case Activation::relu:
      return p.value(z) > 0 ? z : scale(p, z, 0);
    case Activation::softplus:
      return softplus(p, z);
    case Activation::exp:
      return exp(p, z);
    case Activation::mish:
      return p.multiply(z, tanh(p, softplus(p, z)));
    case Activation::leaky_relu:
      return p.value(z) > 0 ? z : scale(p, z, Real(0.01));
    case Activation::elu:
      return elu(p, z, 1, 1);
    case Activation::selu:
      return elu(p, z, Real("1.0507009873554804934193349852946"), Real("1.6732632423543772848170429916717"));
    case Activation::silu:
      return p.multiply(z, logistic(p, z));
    case Activation::gelu:
      return p.multiply(z, normal_distribution(p, z));
    case Activation::softsign:
      return softsign(p, z);
    case Activation::arctan:
      return p.apply(z, atan(p.value(z)), 1 / (1 + p.value(z) * p.value(z)));
    case Activation::sin:
      return sin(p, z);
    case Activation::gaussian:
      return exp(p, scale(p, p.multiply(z, z), Real(-0.5)));
  }
  throw std::logic_error("an activation without a 50-digit form");
}

}  // namespace jacobench
