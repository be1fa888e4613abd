#include "jacobench/verification/activation_accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"

namespace jacobench {
namespace {

void expect_promises_kept(Activation activation, const std::vector<double>& z) {
  const ActivationInfo& phi = info(activation);
  const ActivationAccuracy worst = measure_activation(activation, z);
  EXPECT_EQ(worst.n_points, static_cast<Index>(z.size()));
  EXPECT_LE(worst.value.ulp, phi.value_ulp) << phi.name << "(" << worst.value.at << ")";
  EXPECT_LE(worst.derivative.ulp, phi.derivative_ulp) << phi.name << "'(" << worst.derivative.at << ")";
}

// Each octave alone, measured as all.
TEST(ActivationAccuracy, TheErrorsOfAnOctaveAreThoseOfItsArguments) {
  std::vector<double> all{0, 0x1p-60, 1e300};
  for (const double from : {0x1p-24, 0.5, 4.0})
    for (int i = 0; i < 40; ++i) all.insert(all.end(), {from * (1 + i / 40.0), -from * (1 + i / 40.0)});
  const ActivationAccuracy whole = measure_activation(Activation::mish, all);
  std::vector<double> froms;
  for (const OctaveUlp& octave : whole.by_octave) {
    froms.push_back(octave.from);
    const double size = std::abs(octave.from);
    std::vector<double> own;
    std::copy_if(all.begin(), all.end(), std::back_inserter(own), [&](double z) {
      const bool is_at_end =
          (size == 0x1p-24 && std::abs(z) < size) || (size == 0x1p10 && std::abs(z) > size);
      return std::signbit(z) == std::signbit(octave.from) && (is_at_end || std::ilogb(z) == std::ilogb(size));
    });
    const ActivationAccuracy alone = measure_activation(Activation::mish, own);
    EXPECT_EQ(octave.value, alone.value.ulp) << octave.from;
    EXPECT_EQ(octave.derivative, alone.derivative.ulp) << octave.from;
    EXPECT_EQ(octave.second_derivative, alone.second_derivative.ulp) << octave.from;
  }
  EXPECT_EQ(froms, (std::vector<double>{-4, -0.5, -0x1p-24, 0x1p-24, 0.5, 4, 0x1p10}));
}

class ActivationAccuracyTest : public ::testing::TestWithParam<Activation> {};
class SlowActivationAccuracyTest : public ActivationAccuracyTest {};

TEST_P(ActivationAccuracyTest, IsWithinItsBoundsOnACoarseGrid) {
  expect_promises_kept(GetParam(), activation_grid(1, 1));
}

TEST_P(SlowActivationAccuracyTest, IsWithinItsBoundsOnAFineGrid) {
  expect_promises_kept(GetParam(), activation_grid(4, 2));
}

// Where formulas change from one branch to another, and around the zeros of derivatives.
TEST_P(ActivationAccuracyTest, IsWithinItsBoundsWhereFormulasMeet) {
  std::vector<double> z;
  for (double centre :
       {-1000.0, -745.0, -708.0, -600.0, -664.0, -40.0, -37.5, -1.1924312145, -1.2784645428, -0.7517915247,
        1.5707963267948966, 3.141592653589793, 37.5, 40.0, 600.0, 1000.0, 1e100, -1e100})
    for (int step = -40; step <= 40; ++step) {
      z.push_back(centre * (1 + step * 0x1p-52));
      z.push_back(centre * (1 + step * 1e-4));
    }
  expect_promises_kept(GetParam(), z);
}

// The value and slope of an activation in the 64-bit mantissa of long double, to about a thousandth of an ulp
// of double where |z| is not too large. It only nominates arguments; the 50-digit reference judges.
struct LongDoubleJet {
  long double value, slope;
};

LongDoubleJet in_long_double(Activation activation, long double z) {
  using enum Activation;
  const long double s = z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z)), c = std::cosh(z);
  const long double e = std::exp(z), density = std::exp(-z * z / 2);
  switch (activation) {
    case logistic:
      return {s, s / (1 + e)};
    case Activation::tanh:
      return {std::tanh(z), 1 / (c * c)};
    case softplus:
      return {z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(e), s};
    case mish: {
      const long double m = e * (e + 2) + 2;
      return {z * e * (e + 2) / m, e * (4 * (1 + z) + (6 + 4 * z) * e + 4 * e * e + e * e * e) / (m * m)};
    }
    case selu:
      return {z > 0 ? 1.0507009873554804935L * z : 1.7580993408473768599L * std::expm1(z),
              z > 0 ? 1.0507009873554804935L : 1.7580993408473768599L * e};
    case silu:
      return {z * s, s * (1 + z / (1 + e))};
    case gelu: {
      const long double Phi = std::erfc(-z * 0.70710678118654752440L) / 2;
      return {z * Phi, Phi + z * density * 0.39894228040143267794L};
    }
    case softsign:
      return {z / (1 + std::abs(z)), 1 / ((1 + std::abs(z)) * (1 + std::abs(z)))};
    case arctan:
      return {std::atan(z), 1 / (1 + z * z)};
    case Activation::sin:
      return {std::sin(z), std::cos(z)};
    case gaussian:
      return {density, -z * density};
    case Activation::exp:
      return {e, e};
    case elu:
      return {z > 0 ? z : std::expm1(z), z > 0 ? 1 : e};
    case identity:
    case relu:
    case leaky_relu:
      break;
  }
  throw std::logic_error("an activation without rounding in it");
}

// The arguments among n_points at which value and slope look worst, a value and a slope for each of 64
// stretches.
std::vector<double> nominate(Activation activation, Index n_points) {
  const auto ulps = [](double computed, long double truth, double magnitude) {
    return static_cast<double>(std::abs(computed - truth) /
                               std::ldexp(1.0L, std::ilogb(std::max(magnitude, 0x1p-1022)) - 52));
  };
  const ActivationInfo& phi = info(activation);
  RandomStream stream(1, cell_number(info(activation).name), 0, RandomPurpose::probe);
  constexpr Index n_stretches = 64;
  std::vector<double> nominated;
  for (Index stretch = 0; stretch < n_stretches; ++stretch) {
    std::vector<double> z(static_cast<std::size_t>(n_points / n_stretches)), a(z.size()), d(z.size());
    for (std::size_t i = 0; i < z.size(); ++i) {
      // in turn: where most units live; where exponentials are normal numbers; small arguments
      const double u = stream.uniform();
      z[i] =
          i % 3 == 0 ? 16 * u - 8
          : i % 3 == 1
              ? (activation == Activation::gelu || activation == Activation::gaussian ? 70 : 1400) * (u - 0.5)
              : std::ldexp(1 + u, -static_cast<int>(i / 3 % 50)) * (i % 2 ? 1 : -1);
    }
    phi.value_and_derivative(z.data(), a.data(), d.data(), static_cast<Index>(z.size()));
    double worst_value = 0, worst_slope = 0, at_value = z[0], at_slope = z[0];
    for (std::size_t i = 0; i < z.size(); ++i) {
      const LongDoubleJet truth = in_long_double(activation, z[i]);
      const double value = ulps(a[i], truth.value, std::abs(a[i]));
      const double slope = ulps(d[i], truth.slope, derivative_magnitude(phi, z[i], a[i], d[i]));
      EXPECT_FALSE(std::isnan(value) || std::isnan(slope)) << phi.name << "(" << z[i] << ")";
      if (value > worst_value) worst_value = value, at_value = z[i];
      if (slope > worst_slope) worst_slope = slope, at_slope = z[i];
    }
    nominated.push_back(at_value);
    nominated.push_back(at_slope);
  }
  return nominated;
}

bool rounds(Activation activation) {
  return activation != Activation::identity && activation != Activation::relu &&
         activation != Activation::leaky_relu;
}

TEST_P(ActivationAccuracyTest, IsWithinItsBoundsAtTheWorstOfAMillionPoints) {
  if (!rounds(GetParam())) GTEST_SKIP() << "nothing in it rounds but one product";
  expect_promises_kept(GetParam(), nominate(GetParam(), 1 << 20));
}

TEST_P(SlowActivationAccuracyTest, IsWithinItsBoundsAtTheWorstOfManyMillionPoints) {
  if (!rounds(GetParam())) GTEST_SKIP() << "nothing in it rounds but one product";
  expect_promises_kept(GetParam(), nominate(GetParam(), 1 << 22));
}

const auto all_activations = [] {
  std::vector<Activation> all;
  for (const ActivationInfo& row : activation_table()) all.push_back(row.id);
  return ::testing::ValuesIn(all);
}();
const auto name_of = [](const auto& test) { return std::string(info(test.param).name); };

INSTANTIATE_TEST_SUITE_P(Accuracy, ActivationAccuracyTest, all_activations, name_of);
INSTANTIATE_TEST_SUITE_P(Accuracy, SlowActivationAccuracyTest, all_activations, name_of);

TEST(ActivationGrid, CoversTheDoubles) {
  const std::vector<double> z = activation_grid(2, 7);
  EXPECT_EQ(z, activation_grid(2, 7));
  EXPECT_NE(z, activation_grid(2, 8));
  EXPECT_EQ(z.size(), 2u * (2 + 2 * 2 * 2098));
  const auto has = [&](double x) { return std::find(z.begin(), z.end(), x) != z.end(); };
  EXPECT_TRUE(has(std::numeric_limits<double>::denorm_min()));
  EXPECT_TRUE(has(-std::numeric_limits<double>::denorm_min()));
  EXPECT_TRUE(has(0x1p1023));
  EXPECT_TRUE(has(1));
  EXPECT_TRUE(std::any_of(z.begin(), z.end(), [](double x) { return x == 0 && std::signbit(x); }));
  EXPECT_TRUE(std::all_of(z.begin(), z.end(), [](double x) { return std::isfinite(x); }));
}

}  // namespace
}  // namespace jacobench
