#include "jacobench/network/activation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include "jacobench/verification/activation_accuracy.hpp"
#include "jacobench/verification/activation_reference.hpp"

#include "support/long_network.hpp"

namespace jacobench {

void PrintTo(const ActivationInfo& row, std::ostream* out) { *out << row.name; }

namespace {

using testing::long_activation;
using testing::LongReal;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double smallest = std::numeric_limits<double>::denorm_min();

struct Jet {
  double value, first, second;
};

Jet at(const ActivationInfo& phi, double z) {
  Jet jet{};
  phi.all(&z, &jet.value, &jet.first, &jet.second, 1);
  return jet;
}

Jet at(Activation activation, double z) { return at(info(activation), z); }

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// The spacing of doubles at x; below the normal numbers that of the subnormals.
double ulp(double x) {
  const double normal = std::max(std::abs(x), std::numeric_limits<double>::min());
  return std::ldexp(1.0, std::ilogb(normal) - 52);
}

class EveryActivation : public ::testing::TestWithParam<ActivationInfo> {
 protected:
  const ActivationInfo& phi_ = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Activation, EveryActivation,
                         ::testing::ValuesIn(activation_table().begin(), activation_table().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(EveryActivation, PromisesFourUlpOrBetter) {
  EXPECT_LE(phi_.value_ulp, 4);
  EXPECT_LE(phi_.derivative_ulp, 4);
  EXPECT_GE(phi_.value_ulp, 0);
  EXPECT_GE(phi_.derivative_ulp, 0);
}

TEST_P(EveryActivation, NanGivesNan) {
  for (double z : {std::nan(""), -std::nan("")}) {
    const Jet jet = at(phi_, z);
    EXPECT_TRUE(std::isnan(jet.value));
    EXPECT_TRUE(std::isnan(jet.first));
    EXPECT_TRUE(std::isnan(jet.second));
  }
}

TEST_P(EveryActivation, NoFiniteArgumentGivesNan) {
  std::vector<double> z = activation_grid(40, 11);
  for (double limit :
       {largest, smallest, std::numeric_limits<double>::min(), 709.78, 709.79, 710.0, 745.13, 745.14, 1000.0,
        1001.0, 37.5, 38.6, 40.0, 600.0, 0x1p511, 0x1p512, 1e100, 1e154, 1e300})
    for (double sign : {-1.0, 1.0})
      for (double neighbour : {-infinity, sign * limit, infinity})
        z.push_back(std::isinf(neighbour) ? std::nextafter(sign * limit, neighbour > 0 ? largest : -largest)
                                          : neighbour);
  const auto n = static_cast<Index>(z.size());
  Vector value(n), first(n), second(n);
  phi_.all(z.data(), value.data(), first.data(), second.data(), n);
  for (Index i = 0; i < n; ++i)
    ASSERT_FALSE(std::isnan(value[i]) || std::isnan(first[i]) || std::isnan(second[i]))
        << "phi(" << z[static_cast<std::size_t>(i)] << ") = " << value[i] << ", " << first[i] << ", "
        << second[i];
}

// The bits of a result depend neither on where in the array it stands, nor on the array's length, nor on
// which of the three functions computed it, nor on whether it overwrites its argument.
TEST_P(EveryActivation, GivesTheSameBitsHoweverItIsCalled) {
  const std::vector<double> grid = activation_grid(1, 3);
  const auto check = [&](const std::vector<double>& z) {
    const auto n = static_cast<Index>(z.size());
    constexpr double guard = 12345.0;
    std::vector<double> value(z.size() + 1, guard), a = value, d = value, all_a = value, all_d = value,
                                                    all_d2 = value;
    phi_.value(z.data(), value.data(), n);
    phi_.value_and_derivative(z.data(), a.data(), d.data(), n);
    phi_.all(z.data(), all_a.data(), all_d.data(), all_d2.data(), n);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const Jet alone = at(phi_, z[i]);
      ASSERT_TRUE(same_bits(value[i], alone.value) && same_bits(a[i], alone.value) &&
                  same_bits(all_a[i], alone.value))
          << "phi(" << z[i] << ") at " << i << " of " << n;
      ASSERT_TRUE(same_bits(d[i], alone.first) && same_bits(all_d[i], alone.first))
          << "phi'(" << z[i] << ") at " << i << " of " << n;
      ASSERT_TRUE(same_bits(all_d2[i], alone.second)) << "phi''(" << z[i] << ") at " << i << " of " << n;
    }
    for (const auto& out : {value, a, d, all_a, all_d, all_d2})
      ASSERT_EQ(out.back(), guard) << "wrote beyond " << n;
    std::vector<double> in_place = z, slope_in_place = z;
    phi_.value(in_place.data(), in_place.data(), n);
    phi_.value_and_derivative(slope_in_place.data(), a.data(), slope_in_place.data(), n);
    for (std::size_t i = 0; i < z.size(); ++i) {
      ASSERT_TRUE(same_bits(in_place[i], value[i]));
      ASSERT_TRUE(same_bits(slope_in_place[i], d[i]));
    }
  };
  std::vector<std::size_t> lengths{33, 64, 67, 133};  // of many packs side by side, and what is left
  for (std::size_t n = 1; n <= 20; ++n) lengths.push_back(n);
  for (const std::size_t n : lengths)
    for (std::size_t start = 0; start + n <= grid.size(); start += 397)
      check({grid.begin() + static_cast<std::ptrdiff_t>(start),
             grid.begin() + static_cast<std::ptrdiff_t>(start + n)});
}

// Neighbours that take another branch, or are not finite, change nothing. Of a NaN it is all one which it is.
TEST_P(EveryActivation, ElementsDoNotDisturbEachOther) {
  const auto is_same = [](double x, double y) { return same_bits(x, y) || (std::isnan(x) && std::isnan(y)); };
  const Jet alone = at(phi_, 1.25);
  constexpr std::size_t n = 72;  // more than go side by side
  for (const double odd : {std::nan(""), infinity, -infinity, largest, -largest, -700.0, 301.0, smallest})
    for (std::size_t place = 0; place < n; place += 5) {
      std::vector<double> z(n, 1.25), a(n), d(n), d2(n);
      z[place] = odd;
      phi_.all(z.data(), a.data(), d.data(), d2.data(), n);
      const Jet of_odd = at(phi_, odd);
      for (std::size_t i = 0; i < n; ++i) {
        const Jet& its = i == place ? of_odd : alone;
        ASSERT_TRUE(is_same(a[i], its.value) && is_same(d[i], its.first) && is_same(d2[i], its.second))
            << i << " beside " << odd << " at " << place;
      }
    }
}

TEST_P(EveryActivation, StatesTheJumpOfItsSlope) {
  const double jump = at(phi_, smallest).first - at(phi_, -smallest).first;
  // stated to four decimals where it is no round number
  EXPECT_NEAR(phi_.slope_jump, jump, 5e-5);
  EXPECT_EQ(phi_.slope_jump == 0, std::abs(jump) < 1e-300);
}

TEST_P(EveryActivation, StatesWhetherItBends) {
  const std::vector<double> grid = activation_grid(1, 3);
  EXPECT_EQ(phi_.bends,
            std::any_of(grid.begin(), grid.end(), [&](double z) { return at(phi_, z).second != 0; }));
}

// The form of the error bounds rests on it (verification/error_bound.hpp). Each of the two numbers is right to a
// few ulp and equality is met in the tails, where |tanh''| = 2 |tanh'| up to rounding.
TEST_P(EveryActivation, AMonotoneOneHasSecondDerivativeAtMostTwiceTheFirst) {
  const auto grid = activation_grid(20, 5);
  bool monotone = true;
  for (double z : grid) monotone = monotone && at(phi_, z).first >= 0;
  if (!monotone) GTEST_SKIP() << phi_.name << " is not monotone";
  for (double z : grid) {
    const Jet jet = at(phi_, z);
    if (std::isinf(jet.first)) continue;
    ASSERT_LE(std::abs(jet.second), 2 * std::abs(jet.first) * (1 + 16 * unit_roundoff) + smallest)
        << "at " << z;
  }
}

// phi'' has no promised number of digits; a formula that is wrong anywhere is off by more than half of them.
TEST_P(EveryActivation, SecondDerivativeIsThatOfTheReference) {
  const double half_the_digits = std::ldexp(1.0, 26);
  const ActivationAccuracy worst = measure_activation(phi_.id, activation_grid(1, 17));
  EXPECT_LE(worst.second_derivative.ulp, half_the_digits) << "at " << worst.second_derivative.at;
}

// The reference's textbook form against this test's own, and its derivative against a central difference of
// that: h = 10^-30 leaves a truncation of h^2 times the third derivative, and 10^-100 / h of rounding. The
// reference works to 50 digits in a handful of operations, the argument of an exponential included, which
// multiplies by |z|; its special functions lose two digits more.
TEST_P(EveryActivation, ReferenceIsRight) {
  const LongReal h("1e-30");
  for (double z : {-300.0, -30.0, -7.25, -1.19, -0.5, -1e-5, 1e-5, 0.3, 1.0, 2.5, 11.0, 45.0, 280.0}) {
    ReferenceProgram program;
    const auto id = record_activation(program, phi_.id, program.variable(z));
    const LongReal value(program.value(id));
    const LongReal slope(program.derivatives(id)[0]);
    const LongReal truth = long_activation(phi_.id, z);
    const LongReal before = long_activation(phi_.id, LongReal(z) - h),
                   after = long_activation(phi_.id, LongReal(z) + h);
    const LongReal difference = (after - before) / (2 * h);
    const LongReal rounding = LongReal("1e-48") * (1 + std::abs(z));
    const LongReal noise = LongReal("1e-100") * (1 + abs(truth) + LongReal(std::abs(z)));
    EXPECT_LE(abs(value - truth), rounding * abs(truth) + noise) << "at " << z;
    EXPECT_LE(abs(slope - difference), rounding * (abs(difference) + abs(truth)) + noise / h) << "at " << z;
  }
}

struct Limits {
  Activation activation;
  double value_below, value_above;  // at -inf and +inf
  double slope_below, slope_above;
};

// By hand.
constexpr double half_pi = 1.5707963267948966;
const Limits limits[] = {
    {Activation::identity, -infinity, infinity, 1, 1},
    {Activation::logistic, 0, 1, 0, 0},
    {Activation::tanh, -1, 1, 0, 0},
    {Activation::relu, 0, infinity, 0, 1},
    {Activation::softplus, 0, infinity, 0, 1},
    {Activation::exp, 0, infinity, 0, infinity},
    {Activation::mish, 0, infinity, 0, 1},
    {Activation::leaky_relu, -infinity, infinity, 0.01, 1},
    {Activation::elu, -1, infinity, 0, 1},
    {Activation::selu, -1.7580993408473768, infinity, 0, 1.0507009873554805},
    {Activation::silu, 0, infinity, 0, 1},
    {Activation::gelu, 0, infinity, 0, 1},
    {Activation::softsign, -1, 1, 0, 0},
    {Activation::arctan, -half_pi, half_pi, 0, 0},
    {Activation::gaussian, 0, 0, 0, 0},
};

TEST(Limits, AtInfinityAreExact) {
  for (const Limits& l : limits) {
    const Jet below = at(l.activation, -infinity), above = at(l.activation, infinity);
    EXPECT_EQ(below.value, l.value_below) << info(l.activation).name;
    EXPECT_EQ(above.value, l.value_above) << info(l.activation).name;
    EXPECT_EQ(below.first, l.slope_below) << info(l.activation).name;
    EXPECT_EQ(above.first, l.slope_above) << info(l.activation).name;
    EXPECT_EQ(below.second, 0) << info(l.activation).name;
    EXPECT_EQ(above.second, l.activation == Activation::exp ? infinity : 0) << info(l.activation).name;
  }
}

TEST(Limits, SinHasNone) {
  for (double z : {-infinity, infinity}) {
    EXPECT_TRUE(std::isnan(at(Activation::sin, z).value));
    EXPECT_TRUE(std::isnan(at(Activation::sin, z).first));
  }
}

TEST(Limits, AreListedForEveryActivation) { EXPECT_EQ(std::size(limits) + 1, activation_table().size()); }

// What is reached before infinity is reached to the last bit at the largest double too, but where it
// overflows.
TEST(Limits, AreReachedAtTheLargestDouble) {
  for (const Limits& l : limits) {
    if (std::isfinite(l.value_below)) {
      EXPECT_EQ(at(l.activation, -largest).value, l.value_below) << info(l.activation).name;
    }
    if (std::isfinite(l.value_above)) {
      EXPECT_EQ(at(l.activation, largest).value, l.value_above) << info(l.activation).name;
    }
    EXPECT_EQ(at(l.activation, -largest).first, l.slope_below) << info(l.activation).name;
    EXPECT_EQ(at(l.activation, largest).first, l.slope_above) << info(l.activation).name;
  }
}

struct AtZero {
  Activation activation;
  double value, first, second;
};

// By hand: phi(0), phi'(0), phi''(0), the derivatives from below where they jump. tanh(log 2) = 0.6 is
// mish'(0).
const AtZero at_zero[] = {
    {Activation::identity, 0, 1, 0},
    {Activation::logistic, 0.5, 0.25, 0},
    {Activation::tanh, 0, 1, 0},
    {Activation::relu, 0, 0, 0},
    {Activation::softplus, 0.69314718055994531, 0.5, 0.25},
    {Activation::exp, 1, 1, 1},
    {Activation::mish, 0, 0.6, 0.64},
    {Activation::leaky_relu, 0, 0.01, 0},
    {Activation::elu, 0, 1, 1},
    {Activation::selu, 0, 1.7580993408473768, 1.7580993408473768},
    {Activation::silu, 0, 0.5, 0.5},
    {Activation::gelu, 0, 0.5, 0.79788456080286536},
    {Activation::softsign, 0, 1, -2},
    {Activation::arctan, 0, 1, 0},
    {Activation::sin, 0, 1, 0},
    {Activation::gaussian, 1, 0, -1},
};

TEST(AtZero, BothZerosGiveTheSameToTheStatedUlp) {
  ASSERT_EQ(std::size(at_zero), activation_table().size());
  for (const AtZero& row : at_zero)
    for (double z : {0.0, -0.0}) {
      const ActivationInfo& phi = info(row.activation);
      const Jet jet = at(phi, z);
      EXPECT_LE(std::abs(jet.value - row.value), row.value == 0 ? 0 : phi.value_ulp * ulp(row.value))
          << phi.name;
      EXPECT_LE(std::abs(jet.first - row.first), row.first == 0 ? 0 : phi.derivative_ulp * ulp(row.first))
          << phi.name;
      // softsign's second derivative is -2 above zero and 2 below
      if (row.activation != Activation::softsign) {
        EXPECT_NEAR(jet.second, row.second, 4 * ulp(1.0)) << phi.name;
      }
    }
}

TEST(AtZero, OddFunctionsKeepItsSign) {
  for (Activation odd :
       {Activation::identity, Activation::tanh, Activation::softsign, Activation::arctan, Activation::sin})
    for (double z : {0.0, -0.0}) EXPECT_TRUE(same_bits(at(odd, z).value, z)) << info(odd).name;
}

// Points where the obvious formulas overflow, underflow or cancel. The truth is this test's own, in 100
// digits.
TEST(HardPoints, AreRight) {
  const auto expect_value = [](Activation activation, double z) {
    const auto truth = long_activation(activation, z).convert_to<double>();
    const double tolerance = (info(activation).value_ulp + 0.5) * (truth == 0 ? 0 : ulp(truth));
    EXPECT_LE(std::abs(at(activation, z).value - truth), tolerance)
        << info(activation).name << "(" << z << ")";
  };
  for (double z : {178.0, 355.0, 709.0, 710.0, 1e6, -1.19, -20.0, -178.0, -355.0, -700.0})
    expect_value(Activation::mish, z);
  for (double z : {1000.0, 709.9, 36.0, 1e300, -30.0, -700.0}) expect_value(Activation::softplus, z);
  for (double z : {-700.0, -36.0, 36.0, 800.0}) expect_value(Activation::logistic, z);
  for (double z : {-700.0, -36.0, 36.0, 800.0}) expect_value(Activation::silu, z);
  for (double z : {-37.0, -20.0, -8.0, 8.0, 39.0, 41.0}) expect_value(Activation::gelu, z);
  EXPECT_EQ(at(Activation::logistic, -800).value, 0);
  EXPECT_EQ(at(Activation::logistic, -800).first, 0);
  EXPECT_EQ(at(Activation::softplus, 1000).value, 1000);
  EXPECT_EQ(at(Activation::softplus, 1000).first, 1);
  EXPECT_EQ(at(Activation::mish, 178).first, 1);
  EXPECT_EQ(at(Activation::mish, 355).first, 1);
}

TEST(HardPoints, SlopesOfSaturatedUnitsKeepTheirDigits) {
  for (double z : {0.1, 1.0, 8.0, 15.0, 20.0, 100.0, 300.0})
    for (double sign : {-1.0, 1.0}) {
      const LongReal c = cosh(LongReal(z));
      const auto expect_slope = [&](Activation activation, const LongReal& slope) {
        const auto truth = slope.convert_to<double>();
        EXPECT_LE(std::abs(at(activation, sign * z).first - truth),
                  (info(activation).derivative_ulp + 0.5) * ulp(truth))
            << info(activation).name << "'(" << sign * z << ")";
      };
      expect_slope(Activation::tanh, LongReal(1 / (c * c)));
      expect_slope(Activation::logistic, LongReal(1 / (2 + 2 * c)));  // s (1 - s) without its cancellation
    }
}

TEST(ActivationTable, RefusesWhatItDoesNotHold) {
  EXPECT_THROW(info(static_cast<Activation>(activation_table().size())), std::logic_error);
  EXPECT_THROW(info(static_cast<Activation>(-1)), std::logic_error);
}

}  // namespace
}  // namespace jacobench
