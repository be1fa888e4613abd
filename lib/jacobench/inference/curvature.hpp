// Curvature of a fit: whether linear inference can be trusted, and whether the parameters can.
//
// Model:  with J T = Q orthonormal, a_u = d2 eta / d(T u)2 the second derivative of the (weighted) fitted values along
//         a direction, split into Q Q' a_u in the tangent plane and the rest; rms curvature of either part
//           c^2 = s^2 p mean |a_u|^2 over the unit sphere of u
//               = s^2 p / (p (p + 2)) sum over its components of [2 sum_ij a_ij^2 + (sum_i a_ii)^2]
//         a_ij being that along two columns of T, from those along T_i, T_j and T_i + T_j.
//         intrinsic            of the rest: how much the surface of fitted values bends. No choice of parameters helps
//         parameter effects    in the tangent plane: how unevenly the parameters run over it. It spoils intervals for
//                              the parameters, not those for f
//         Both are to be compared with 1 / sqrt(F_{p, n-p}(level)), the radius of the confidence region: c sqrt(F)
//         below 0.3 is small.
//         From all p (p + 1) / 2 pairs c is exact. From random directions u, uniform on the sphere, the mean is
//         unbiased. They are orthogonal, up to p of them, which spreads them evenly; the standard error is that of
//         independent ones, hence rather too large. It is at most 1.7 c / sqrt(m) for m directions, where one direction
//         alone bends.
// Cost:   4 N (2 P + K p) flops a direction, memory for 2 N K p numbers (pairs) or 16 N K (directions). By default
//         pairs are taken where that is as cheap as five steps of a fit, N K P^2 flops each, or as 2 10^9 flops;
//         otherwise as many random directions as these allow, and no fewer than 100. s needs n > p
// Errors: logic_error unless the covariance is ok
// Source: Bates and Watts (1980), J. R. Statist. Soc. B 42(1), sec. 2 (the mean over directions) and 3; Bates and Watts
//         (1988), sec. 7.2 and 7.3
#pragma once

#include <cmath>
#include <optional>

#include "jacobench/inference/covariance.hpp"

namespace jacobench {

struct CurvatureOptions {
  double level = 0.95;
  std::optional<Index> n_directions = {};  // random ones, at least 2, or all pairs; empty: by their cost

  static constexpr Index all_pairs = 0;
};

struct Curvature {
  double intrinsic;             // c
  double parameter_effects;     // c
  double root_f;                // sqrt(F)
  double intrinsic_se;          // of c; 0 where it is exact
  double parameter_effects_se;  // of c; 0 where it is exact
  Index n_directions;           // random ones; CurvatureOptions::all_pairs where it is exact

  // Not where second derivatives are beyond what a double can hold.
  bool is_finite() const { return std::isfinite(intrinsic) && std::isfinite(parameter_effects); }

  bool is_exact() const { return n_directions == CurvatureOptions::all_pairs; }

  static constexpr double rule_of_thumb = 0.3;
  bool intrinsic_is_small() const { return intrinsic * root_f < rule_of_thumb; }
  bool parameter_effects_are_small() const { return parameter_effects * root_f < rule_of_thumb; }
};

// Of the undecayed model, over the directions that the data determine. Random directions are always the same.
Curvature curvature(Tangent& at, const Covariance& cov, const CurvatureOptions& options = {});

}  // namespace jacobench
