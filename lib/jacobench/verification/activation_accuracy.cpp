#include "jacobench/verification/activation_accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "jacobench/base/random.hpp"
#include "jacobench/verification/activation_reference.hpp"

namespace jacobench {
namespace {

constexpr double smallest_normal = std::numeric_limits<double>::min();
constexpr double largest = std::numeric_limits<double>::max();

// The spacing of doubles at |x|, for |x| normal.
double spacing(double x) { return std::ldexp(1.0, std::ilogb(x) - 52); }

// The error of a computed value in ulps at `scale`. An overflow to infinity counts as the largest double plus
// one spacing, so that rounding up to infinity at the very end of the range is no more than what it is.
double ulp_error(double computed, const ReferenceReal& truth, const ReferenceReal& scale) {
  const ReferenceReal magnitude = abs(scale);
  if (std::isnan(computed)) return std::numeric_limits<double>::infinity();
  const double ulp = magnitude < smallest_normal ? std::numeric_limits<double>::denorm_min()
                     : magnitude > largest       ? spacing(largest)
                                                 : spacing(magnitude.convert_to<double>());
  const ReferenceReal end = ReferenceReal(largest) + spacing(largest);
  const ReferenceReal seen =
      std::isinf(computed) ? ReferenceReal(computed < 0 ? -end : end) : ReferenceReal(computed);
  const ReferenceReal aim = truth > end ? end : truth < -end ? ReferenceReal(-end) : truth;
  return ReferenceReal(abs(seen - aim) / ulp).convert_to<double>();
}

struct Derivatives {
  ReferenceReal value, first, second;
};

Derivatives value_and_first(Activation activation, const ReferenceReal& z) {
  ReferenceProgram program;
  const auto phi = record_activation(program, activation, program.variable(z));
  return {program.value(phi), program.derivatives(phi)[0], 0};
}

// Where the second derivative is measured: far enough from zero for a step on one side of a kink there.
bool second_is_measured_at(double z) { return std::abs(z) > 1e-10 && std::abs(z) < 1e10; }

// The second derivative by central differences of the first in 50 digits, good to 30.
Derivatives derivatives(Activation activation, double z) {
  Derivatives at = value_and_first(activation, z);
  if (!second_is_measured_at(z)) return at;
  const ReferenceReal h("1e-17");
  at.second = (value_and_first(activation, z + h).first - value_and_first(activation, z - h).first) / (2 * h);
  return at;
}

void keep_worst(WorstUlp& worst, double& of_octave, double ulp, double z) {
  if (ulp > worst.ulp) worst = {ulp, z};
  of_octave = std::max(of_octave, ulp);
}

// The signed power of two at which the octave of z begins.
double octave_of(double z) {
  return std::copysign(std::ldexp(1.0, std::clamp(std::ilogb(z), least_octave, last_octave)), z);
}

}  // namespace

std::vector<double> activation_grid(Index points_per_octave, std::uint64_t seed) {
  std::vector<double> z{0.0, -0.0};
  RandomStream stream(seed, cell_number("activation grid"), 0, RandomPurpose::inputs);
  for (int exponent = -1074; exponent <= 1023; ++exponent)
    for (Index i = 0; i < points_per_octave; ++i) {
      const double magnitude = std::ldexp(i == 0 ? 1.0 : 1 + stream.uniform(), exponent);
      z.push_back(magnitude);
      z.push_back(-magnitude);
    }
  const Index n_even = static_cast<Index>(z.size());
  for (Index i = 0; i < n_even; ++i)
    z.push_back(128 * (static_cast<double>(i) + stream.uniform()) / static_cast<double>(n_even) - 64);
  return z;
}

ActivationAccuracy measure_activation(Activation activation, std::span<const double> z) {
  const ActivationInfo& phi = info(activation);
  const auto n = static_cast<Index>(z.size());
  Vector value(n), first(n), second(n);
  phi.all(z.data(), value.data(), first.data(), second.data(), n);
  ActivationAccuracy worst;
  worst.n_points = n;
  std::map<double, OctaveUlp> octaves;
  for (Index i = 0; i < n; ++i) {
    const double at = z[static_cast<std::size_t>(i)];
    const Derivatives truth = derivatives(activation, at);
    const ReferenceReal terms = std::max(ReferenceReal(abs(truth.first)), ReferenceReal(abs(truth.second)));
    OctaveUlp& octave = octaves[octave_of(at)];
    keep_worst(worst.value, octave.value, ulp_error(value[i], truth.value, truth.value), at);
    const double magnitude =
        derivative_magnitude(phi, at, truth.value.convert_to<double>(), truth.first.convert_to<double>());
    keep_worst(worst.derivative, octave.derivative, ulp_error(first[i], truth.first, magnitude), at);
    if (!second_is_measured_at(at)) continue;
    keep_worst(worst.second_derivative, octave.second_derivative, ulp_error(second[i], truth.second, terms),
               at);
  }
  for (auto& [from, octave] : octaves) {
    octave.from = from;
    worst.by_octave.push_back(octave);
  }
  return worst;
}

}  // namespace jacobench
