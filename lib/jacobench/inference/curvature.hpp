// Curvature of a fit: whether linear inference can be trusted, and whether the parameters can.
//
// Model:  with J T = Q orthonormal, a_ij = d2 eta / dT_i dT_j the second derivative of the (weighted) fitted values along
//         two of its columns, split into Q Q' a_ij in the tangent plane and the rest; rms curvature of either part
//           c^2 = s^2 p / (p (p + 2)) sum over its components of [2 sum_ij a_ij^2 + (sum_i a_ii)^2]
//         intrinsic            of the rest: how much the surface of fitted values bends. No choice of parameters helps
//         parameter effects    in the tangent plane: how unevenly the parameters run over it. It spoils intervals for the
//                              parameters, not those for f
//         Both are to be compared with 1 / sqrt(F_{p, n-p}(level)), the radius of the confidence region: c sqrt(F) below
//         0.3 is small.
// Cost:   p tangents of the network, 2 N numbers a unit each, kept for p^2 / 2 pairs; 5 N K P^3 flops; s needs n > p
// Errors: logic_error unless the covariance is ok
// Source: Bates and Watts (1980), J. R. Statist. Soc. B 42(1); Bates and Watts (1988), sec. 7.2 and 7.3
#pragma once

#include "jacobench/inference/covariance.hpp"

namespace jacobench {

struct Curvature {
  double intrinsic;          // c
  double parameter_effects;  // c
  double root_f;             // sqrt(F)

  static constexpr double rule_of_thumb = 0.3;
  bool intrinsic_is_small() const { return intrinsic * root_f < rule_of_thumb; }
  bool parameter_effects_are_small() const { return parameter_effects * root_f < rule_of_thumb; }
};

// Of the undecayed model, over the directions that the data determine.
Curvature curvature(Tangent& at, const Covariance& cov, double level = 0.95);

}  // namespace jacobench
