// The formulas of the activations, each written once for a pack of doubles (kernel/path/pack.hpp).
//
// Every formula is arranged so that nothing overflows and nothing cancels that need not: saturating functions
// are written in e = exp(-|z|), which is at most 1 and keeps its relative accuracy in the tails, never as 1 -
// a^2 or a (1 - a). Where a derivative passes through zero (mish at z = -1.19), its terms do cancel; the
// error is then a few units of those terms.
#pragma once

#include "jacobench/kernel/path/pack.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// How many derivatives the caller needs; what is not needed is not computed.
enum class Order { value, first, second };

struct Jet {
  Pack value;   // phi(z)
  Pack first;   // phi'(z)
  Pack second;  // phi''(z)
};

// Whether z may be anything, or is at most Formula::most_usual away from zero, where a formula has it that some of what
// it guards against can't happen: the same bits for less.
enum class Range { all, usual };

constexpr bool wants_first(Order order) { return order != Order::value; }
constexpr bool wants_second(Order order) { return order == Order::second; }

// exp(-x) for x >= 0 as a product e * scale, so that z exp(-x) keeps its digits where it is a normal number though
// exp(-x) is not: from 600 up scale is 2^-128, elsewhere 1. exp(-760), the least that there is, is zero to all doubles.
struct ScaledExp {
  ExpOfMinus e;
  Pack scale;
};

[[gnu::always_inline]] inline ScaledExp scaled_exp_of_minus(Pack x) {
  const auto far = x > broadcast(600.0);
  return {exp_of_minus(at_most(x, 760), far ? broadcast(128.0) : broadcast(0.0)),
          far ? broadcast(0x1p-128) : broadcast(1.0)};
}

// The sum a + b = sum + rest, exactly (Knuth 1998, sec. 4.2.2, theorem B); a and b finite.
struct ExactSum {
  Pack sum;
  Pack rest;
};

inline ExactSum exact_sum(Pack a, Pack b) {
  const Pack sum = a + b;
  const Pack of_b = sum - a;
  return {sum, (a - (sum - of_b)) + (b - of_b)};
}

// (sum + rest)^2 with one rounding.
inline Pack square(ExactSum m) { return fma(m.sum, m.sum, 2.0 * m.sum * m.rest); }

// 1 / m as high + high * rest, to about twice the precision, with one division: functions that share a denominator
// share it, and each of them rounds once.
struct Reciprocal {
  Pack high;
  Pack rest;
};

inline Reciprocal reciprocal(ExactSum m) {
  const Pack high = 1.0 / m.sum;
  return {high, fma(-m.sum, high, broadcast(1.0)) - m.rest * high};
}

// x / m with one rounding.
inline Pack divide(Pack x, Reciprocal by) {
  const Pack high = x * by.high;
  return high + fma(high, by.rest, fma(x, by.high, -high));
}

// Derivatives of piecewise linear functions are constants on each side of zero; NaN must still give NaN.
inline Pack step(Pack z, double at_or_below_zero, double above_zero) {
  return z > broadcast(0.0) ? broadcast(above_zero) : (z <= broadcast(0.0) ? broadcast(at_or_below_zero) : z);
}

// phi = z
struct Identity {
  template <Order order>
  static Jet at(Pack z) {
    return {z, step(z, 1, 1), step(z, 0, 0)};
  }
};

// e = exp(-x) for x >= 0, as in ScaledExp, m = 1 + e and 1 - e, which come from e - 1 without cancellation, so that
// nothing loses digits, neither at zero nor in the tails. A quotient by m is the product with the rounded 1 / m and what
// the remainder of the division adds to it, so that it is rounded once. Signs are such that none is turned by itself. Of
// the usual range, x up to 600, scale is 1.
template <Range range>
struct OnePlusExp {
  Pack e, scale, e_minus_one, m, rest_of_m, minus_by;

  [[gnu::always_inline]] explicit OnePlusExp(Pack x) {
    ExpOfMinus exp_of_x;
    if constexpr (range == Range::usual) {
      exp_of_x = exp_of_minus(x, broadcast(0.0));
    } else {
      const ScaledExp scaled = scaled_exp_of_minus(x);
      exp_of_x = scaled.e;
      scale = scaled.scale;
    }
    const Pack two = broadcast(2.0);
    e = exp_of_x.value;
    e_minus_one = exp_of_x.minus_one;
    // The sum 2 + (e - 1), exactly, the larger term first (Dekker 1971).
    m = two + e_minus_one;
    rest_of_m = (two - m) + e_minus_one;
    minus_by = -1.0 / m;
  }

  // (1 - e) / m
  Pack ratio() const {
    const Pack once = e_minus_one * minus_by;
    const Pack rest = fma(-rest_of_m, once, fma(-m, once, -e_minus_one));
    return fma(-rest, minus_by, once);
  }
  // a / m
  Pack divide(Pack a) const {
    const Pack minus_once = a * minus_by;
    return fma(-remainder(a, minus_once), minus_by, -minus_once);
  }
  // a / m^2
  Pack divide_twice(Pack a) const {
    const Pack minus_once = a * minus_by, twice = minus_once * minus_by;
    const Pack of_twice = fma(-remainder(a, minus_once), minus_by, fma(-m, twice, -minus_once));
    return fma(-fma(-rest_of_m, twice, of_twice), minus_by, twice);
  }
  // What is a times e over its scale.
  Pack scaled(Pack a) const {
    if constexpr (range == Range::usual) return a;
    return a * scale;
  }

 private:
  Pack remainder(Pack a, Pack minus_quotient) const {
    return fma(rest_of_m, minus_quotient, fma(m, minus_quotient, a));
  }
};

// phi = 1 / (1 + exp(-z)), with e = exp(-|z|) and m = 1 + e: 1 / m or e / m, phi' = e / m^2,
// phi'' = -sign(z) phi' (1 - e) / m.
struct Logistic {
  static constexpr double most_usual = 600;

  template <Order order, Range range = Range::all>
  [[gnu::always_inline]] static Jet at(Pack z) {
    const OnePlusExp<range> of(abs(z));
    const auto positive = z >= broadcast(0.0);
    const Pack value = of.divide(positive ? broadcast(1.0) : of.e);
    Jet jet{};
    jet.value = positive ? value : of.scaled(value);
    if constexpr (wants_first(order)) jet.first = of.scaled(of.divide_twice(of.e));
    if constexpr (wants_second(order)) jet.second = -jet.first * with_sign(of.ratio(), z);
    return jet;
  }
};

// With e = exp(-2 |z|) and m = 1 + e: phi = sign(z) (1 - e) / m, phi' = 4 e / m^2, phi'' = -2 phi phi'.
struct Tanh {
  static constexpr double most_usual = 300;

  template <Order order, Range range = Range::all>
  [[gnu::always_inline]] static Jet at(Pack z) {
    const OnePlusExp<range> of(abs(z) + abs(z));
    Jet jet{};
    jet.value = with_sign(of.ratio(), z);
    if constexpr (wants_first(order)) jet.first = of.scaled(of.divide_twice(4.0 * of.e));
    if constexpr (wants_second(order)) jet.second = -2.0 * jet.value * jet.first;
    return jet;
  }
};

// phi = max(z, 0); at the kink phi'(0) = 0
struct Relu {
  template <Order order>
  static Jet at(Pack z) {
    return {z <= broadcast(0.0) ? broadcast(0.0) : z, step(z, 0, 1), step(z, 0, 0)};
  }
};

// phi = log(1 + exp z) = max(z, 0) + log1p(exp(-|z|)), phi' = logistic
struct Softplus {
  template <Order order>
  static Jet at(Pack z) {
    const Pack zero = broadcast(0.0), one = broadcast(1.0);
    const Pack e = exp(-abs(z));
    Jet jet{};
    jet.value = (z <= zero ? zero : z) + log1p(e);
    if constexpr (wants_first(order)) {
      const ExactSum m = exact_sum(one, e);
      jet.first = (z >= zero ? one : e) / m.sum;
      if constexpr (wants_second(order)) jet.second = e / square(m);
    }
    return jet;
  }
};

// phi = phi' = phi'' = exp z
struct Exp {
  template <Order order>
  static Jet at(Pack z) {
    const Pack e = exp(z);
    return {e, e, e};
  }
};

// phi = z t with t = tanh(softplus z). With w = exp z and m = w^2 + 2 w + 2:
//   phi   = z w (w + 2) / m
//   phi'  = w (4 (1 + z) + (6 + 4 z) w + 4 w^2 + w^3) / m^2
//   phi'' = 2 t' + z t'',  t' = 4 w (w + 1) / m^2,  t'' = 4 w (2 + 2 w - 3 w^2 - 2 w^3) / m^3
// and for z >= 0 the same in v = 1 / w, numerator and denominator divided by powers of w.
// Source: Misra (2019), "Mish: a self regularized non-monotonic activation function", eq. (1).
struct Mish {
  template <Order order>
  static Jet at(Pack z) {
    const Pack one = broadcast(1.0), two = broadcast(2.0), four = broadcast(4.0);
    const auto positive = z >= broadcast(0.0);
    const ScaledExp scaled = scaled_exp_of_minus(abs(z));
    const Pack u = scaled.e.value, scale = scaled.scale;
    const Pack v = u * scale;  // exp(-|z|)
    const Pack zc = clamp(z, -1000.0, 1000.0);
    const ExactSum n = exact_sum(positive ? one : two, positive ? two * v : v);
    const Pack factor = positive ? two * v : n.sum;
    const Pack addend = positive ? n.sum : two;
    const Pack m = fma(factor, v, addend);
    const Pack rest = fma(factor, v, addend - m) + (positive ? one : v) * n.rest;
    // n / m and z u with what their rounding leaves: seven roundings in a row would cost more than 4 ulp.
    const Pack inverse = one / m;
    const Pack t = n.sum * inverse;
    const Pack rest_of_t = (fma(-t, m, n.sum) + fma(-t, rest, n.rest)) * inverse;
    const Pack zu = zc * u;
    const Pack rest_of_zu = fma(zc, u, -zu);
    Jet jet{};
    jet.value = positive ? fma(z, t, zc * rest_of_t) : fma(zu, t, fma(zu, rest_of_t, rest_of_zu * t)) * scale;
    const Pack m_squared = square({m, rest});
    if constexpr (wants_first(order)) {
      const ExactSum one_plus_z = exact_sum(one, zc);
      const Pack four_z = four * one_plus_z.sum, six_z = fma(four, zc, broadcast(6.0));
      const Pack above = fma(fma(fma(four_z, v, six_z), v, four), v, one);
      const Pack below = fma(fma(v + four, v, six_z), v, four * one_plus_z.rest) + four_z;
      jet.first = positive ? above / m_squared : u * below / m_squared * scale;
    }
    if constexpr (wants_second(order)) {
      const Pack dt = 4.0 * (v + one) / m_squared;  // t', times v^2 where z >= 0, times v where z < 0
      const Pack ddt =
          4.0 / (m * m * m) *
          (positive ? ((2.0 * v + 2.0) * v - 3.0) * v - 2.0 : 2.0 + v * (2.0 - v * (3.0 + 2.0 * v)));
      jet.second = (2.0 * dt + zc * ddt) * (positive ? v * v : u) * (positive ? one : scale);
    }
    return jet;
  }
};

// phi = z for z > 0, slope z otherwise; slope 0.01 (Maas, Hannun and Ng 2013)
struct LeakyRelu {
  static constexpr double slope = 0.01;

  template <Order order>
  static Jet at(Pack z) {
    return {z <= broadcast(0.0) ? slope * z : z, step(z, slope, 1), step(z, 0, 0)};
  }
};

// phi = scale z for z > 0, scale alpha expm1(z) otherwise
template <class Constants>
struct ScaledElu {
  template <Order order>
  static Jet at(Pack z) {
    const Pack scale = broadcast(Constants::scale), scale_alpha = broadcast(Constants::scale_alpha);
    const auto positive = z > broadcast(0.0);
    Jet jet{};
    jet.value = positive ? scale * z : scale_alpha * expm1(z);
    if constexpr (wants_first(order)) {
      const Pack e = scale_alpha * exp(z);
      jet.first = positive ? scale : e;
      if constexpr (wants_second(order)) jet.second = positive ? broadcast(0.0) : e;
    }
    return jet;
  }
};

// Clevert, Unterthiner and Hochreiter (2016), eq. (15), with alpha = 1
struct EluConstants {
  static constexpr double scale = 1;
  static constexpr double scale_alpha = 1;
};
using Elu = ScaledElu<EluConstants>;

// Klambauer, Unterthiner, Mayr and Hochreiter (2017), eq. (2) and (14)
struct SeluConstants {
  static constexpr double scale = 1.0507009873554804934193349852946;
  static constexpr double scale_alpha = 1.7580993408473768599402175208123;
};
using Selu = ScaledElu<SeluConstants>;

// With e = exp(-|z|) and m = 1 + e:  phi = z / m for z >= 0 and z e / m below,
// phi' = (m + z e) / m^2 for z >= 0 and e (m + z) / m^2 below, phi'' = e (2 - z tanh(z / 2)) / m^2.
// Source: Hendrycks and Gimpel (2016), sec. 2
struct Silu {
  template <Order order>
  static Jet at(Pack z) {
    const Pack one = broadcast(1.0);
    const auto positive = z >= broadcast(0.0);
    const ScaledExp scaled = scaled_exp_of_minus(abs(z));
    const Pack e = scaled.e.value, scale = scaled.scale;
    const Pack v = e * scale;
    const ExactSum m = exact_sum(one, v);
    const Pack zc = clamp(z, -1000.0, 1000.0);
    Jet jet{};
    jet.value = positive ? z / m.sum : zc * e / m.sum * scale;
    if constexpr (wants_first(order)) {
      const ExactSum one_plus_z = exact_sum(one, zc);
      const Pack below = one_plus_z.sum + (v + one_plus_z.rest);
      jet.first = (positive ? fma(zc, v, m.sum) : e * below * scale) / square(m);
    }
    if constexpr (wants_second(order)) jet.second = e * (2.0 - zc * tanh(0.5 * z)) / square(m) * scale;
    return jet;
  }
};

// exp(-z^2 / 2) as a product e * scale; z^2 is carried to twice the precision, since an error of 2^-53 in it
// would be multiplied by z^2 / 2, which reaches 745 before the result vanishes. |z| is at most 40.
struct ScaledGaussian {
  Pack e;
  Pack rest;  // of e, by its own rounding and by the low part of z^2
  Pack scale;
};

inline ScaledGaussian scaled_gaussian(Pack z) {
  const Pack high = z * z;
  const Pack low = fma(z, z, -high);
  const ScaledExp scaled = scaled_exp_of_minus(0.5 * high);
  return {scaled.e.value, fma(-0.5 * low, scaled.e.value, scaled.e.rest), scaled.scale};
}

// exp(a^2 / 2) Phi(-a) for 1/2 <= a <= 40, Phi the normal distribution: Mills' ratio over sqrt(2 pi). With
// t = (a - 5) / (a + 5) it is q(t) / (a + 5), q the polynomial of degree 22 that fits it best, in the sense of least
// squares, at the zeros of a Chebyshev polynomial, each coefficient rounded before the next is fitted; what is left is
// 0.17 2^-53 of it. The map to t is that of Shepherd and Laframboise (1981), Math. Comp. 36(153), for the scaled erfc.
inline Pack scaled_normal_tail(Pack a) {
  constexpr double q[] = {
      0x1.89d3abe1f95aep-1,   -0x1.54ad03f27ca18p-1, 0x1.fb31653876f65p-2,   -0x1.410ed5f875934p-2,
      0x1.51f6329f0272dp-3,   -0x1.1b1c254ca5528p-4, 0x1.54b4d4f41e418p-6,   -0x1.88590e94c2cf1p-9,
      -0x1.a25036ebb0d3ep-11, 0x1.1daf1a4217729p-11, -0x1.f214ca4bf6cddp-15, -0x1.a16fd30ed7a81p-15,
      0x1.17e0d1d2ee759p-16,  0x1.0b0ca6c31515ap-18, -0x1.74054c4a910f5p-19, -0x1.65ebf1421d212p-22,
      0x1.d661810afa52cp-22,  0x1.46b75ff038c5ap-25, -0x1.356778229583dp-24, -0x1.ac3fd149f38fbp-28,
      0x1.9a5d112de4760p-27,  0x1.b2aa1a54a932cp-31, -0x1.9196cf7ff0393p-30};
  const Pack five = broadcast(5.0);
  const Reciprocal by_sum = reciprocal(exact_sum(a, five));
  const Pack t = divide(a - five, by_sum);
  return divide(polynomial(q, t), by_sum);
}

// (Phi(z) - 1/2) / z for |z| <= 1/2, a polynomial of degree 8 in z^2, made in the same way; what is left is 0.38 2^-53
// of Phi.
inline Pack normal_slope_from_zero(Pack z) {
  constexpr double c[] = {0x1.9884533d43651p-2,   -0x1.1058377e2cee0p-4,  0x1.46d042976915dp-7,
                          -0x1.37403f6b97004p-10, 0x1.e42b0d4526f0bp-14,  -0x1.3ce8f6147baafp-17,
                          0x1.658824ccfd1d4p-21,  -0x1.61a42ad122d88p-25, 0x1.277d4e0cb059ep-29};
  return polynomial(c, z * z);
}

// Phi(z), the normal distribution, as (value + rest) scale_of_value, and of its density exp(-z^2 / 2) alone; |z| is at
// most 40. Far below zero Phi(z) = exp(-z^2 / 2) times the scaled tail, which keeps its digits where Phi(z) is no
// longer a normal number.
struct ScaledNormal {
  Pack value;
  Pack rest;
  Pack scale_of_value;
  ScaledGaussian gaussian;
};

inline ScaledNormal scaled_normal(Pack z) {
  const auto positive = z > broadcast(0.0);
  const ScaledGaussian gaussian = scaled_gaussian(z);
  const Pack tail = scaled_normal_tail(abs(z));
  // Phi(-|z|) = (below + rest_of_below) scale
  const Pack below = gaussian.e * tail;
  const Pack rest_of_below = fma(gaussian.e, tail, -below) + gaussian.rest * tail;
  const Pack middle = fma(z, normal_slope_from_zero(z), broadcast(0.5));
  const auto central = abs(z) < broadcast(0.5);
  return {.value = central ? middle : (positive ? 1.0 - below * gaussian.scale : below),
          .rest = central || positive ? broadcast(0.0) : rest_of_below,
          .scale_of_value = positive ? broadcast(1.0) : gaussian.scale,
          .gaussian = gaussian};
}

inline constexpr double one_by_sqrt_2_pi = 0x1.9884533d43651p-2,
                        rest_of_one_by_sqrt_2_pi = -0x1.cbc0d30ebfd15p-56;

// The normal distribution Phi and its density f = Phi'.
struct Normal {
  template <Order order>
  static Jet at(Pack z) {
    const ScaledNormal normal = scaled_normal(clamp(z, -40.0, 40.0));
    const auto& [e, rest, scale] = normal.gaussian;
    Jet jet{};
    jet.value = (normal.value + normal.rest) * normal.scale_of_value;
    if constexpr (wants_first(order)) jet.first = broadcast(one_by_sqrt_2_pi) * (e + rest) * scale;
    return jet;
  }
};

// phi = z Phi(z), phi' = Phi + z f, phi'' = (2 - z^2) f, with Phi and f the normal distribution and its density.
// Source: Hendrycks and Gimpel (2016), "Gaussian error linear units", sec. 2
struct Gelu {
  template <Order order>
  static Jet at(Pack z) {
    const Pack zc = clamp(z, -40.0, 40.0);
    const ScaledNormal normal = scaled_normal(zc);
    const auto& [e, rest, scale] = normal.gaussian;
    Jet jet{};
    const Pack product = zc * normal.value;
    const Pack rest_of_product = fma(zc, normal.value, -product) + zc * normal.rest;
    jet.value = z > broadcast(40.0) ? z : (product + rest_of_product) * normal.scale_of_value;
    const Pack coefficient = broadcast(one_by_sqrt_2_pi);
    if constexpr (wants_first(order)) {
      // z f is up to twice the sum with Phi: it needs the digits that the density has lost to rounding.
      const Pack high = coefficient * e;
      const Pack low = fma(coefficient, e, -high) + fma(coefficient, rest, rest_of_one_by_sqrt_2_pi * e);
      const Pack scale_of_f = zc > broadcast(0.0) ? scale : broadcast(1.0);
      jet.first = fma(zc, high * scale_of_f, fma(zc, low * scale_of_f, normal.value)) * normal.scale_of_value;
    }
    if constexpr (wants_second(order)) jet.second = (2.0 - zc * zc) * (coefficient * (e + rest)) * scale;
    return jet;
  }
};

// phi = z / (1 + |z|), phi' = 1 / (1 + |z|)^2, phi'' = -2 sign(z) / (1 + |z|)^3
struct Softsign {
  template <Order order>
  static Jet at(Pack z) {
    const Pack one = broadcast(1.0);
    const Pack zc = clamp(z, -1e300, 1e300);
    const Pack q = one / (one + abs(zc));
    Jet jet{};
    jet.value = zc / (one + abs(zc));
    if constexpr (wants_first(order)) jet.first = q * q;
    if constexpr (wants_second(order)) jet.second = z < broadcast(0.0) ? 2.0 * q * q * q : -2.0 * q * q * q;
    return jet;
  }
};

// phi = arctan z, phi' = 1 / (1 + z^2), phi'' = -2 z / (1 + z^2)^2
struct Arctan {
  template <Order order>
  static Jet at(Pack z) {
    const Pack one = broadcast(1.0);
    Jet jet{};
    jet.value = atan(z);
    if constexpr (wants_first(order)) {
      const Pack r = one / z;  // far out 1 + z^2 would overflow before its reciprocal underflows
      jet.first = abs(z) > broadcast(1e100) ? r * r : one / fma(z, z, one);
    }
    if constexpr (wants_second(order)) jet.second = -2.0 * clamp(z, -1e300, 1e300) * jet.first * jet.first;
    return jet;
  }
};

// phi = sin z; it has no limit at infinity, where it is NaN
struct Sin {
  template <Order order>
  static Jet at(Pack z) {
    Jet jet{};
    jet.value = sin(z);
    if constexpr (wants_first(order)) jet.first = cos(z);
    if constexpr (wants_second(order)) jet.second = -jet.value;
    return jet;
  }
};

// phi = exp(-z^2 / 2), phi' = -z phi, phi'' = (z^2 - 1) phi
struct Gaussian {
  template <Order order>
  static Jet at(Pack z) {
    const Pack zc = clamp(z, -40.0, 40.0);
    const auto [e, rest, scale] = scaled_gaussian(zc);
    const Pack g = e + rest;
    Jet jet{};
    jet.value = g * scale;
    if constexpr (wants_first(order)) jet.first = -zc * g * scale;
    if constexpr (wants_second(order)) jet.second = (zc * zc - 1.0) * g * scale;
    return jet;
  }
};

}  // namespace jacobench::kernel::JACOBENCH_PATH
