// How far an activation, as the hot loops compute it, is from its 50-digit reference.
//
// Model:    error in ulp = |computed - true| / ulp, ulp the spacing of doubles at the true result (for a slope
//           with DerivativeScale::cancelling_terms: at the size of these terms), wherever the true result is a
//           normal number. Below that only the absolute spacing of subnormals can be asked for.
// Grid:     every power of two of both signs with `points_per_octave` points each at pseudo-random places, from
//           the smallest subnormal to the largest finite double, and as many again spread evenly over [-64, 64],
//           where the activations bend.
// Cost:     some 20 microseconds a point
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jacobench/network/activation.hpp"

namespace jacobench {

// The largest error met, and where.
struct WorstUlp {
  double ulp = 0;
  double at = 0;
};

// The largest errors met where z has the sign and the octave of `from`, a power of two of either sign: |from| <= |z| <
// 2 |from|. The least octave has all |z| below it too, and the last all above.
struct OctaveUlp {
  double from = 0;
  double value = 0, derivative = 0, second_derivative = 0;
};

struct ActivationAccuracy {
  WorstUlp value;
  WorstUlp derivative;
  WorstUlp second_derivative;             // at the larger of |phi'| and |phi''|, for 1e-10 < |z| < 1e10
  std::vector<OctaveUlp> by_octave = {};  // of those that hold a z, in the order of z
  Index n_points = 0;
};

// As exponents of two. Beyond these every activation is what its leading term is.
inline constexpr int least_octave = -24, last_octave = 10;

std::vector<double> activation_grid(Index points_per_octave, std::uint64_t seed);

// z finite.
ActivationAccuracy measure_activation(Activation activation, std::span<const double> z);

}  // namespace jacobench
