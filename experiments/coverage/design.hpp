// Where the data of a study lie, and where its intervals are asked for.
//
// Model:  grid     N equally spaced points from -scale to scale; for D > 1 the product grid of k^D = N
//                  points, the first input running fastest. A single point is 0
//         uniform  uniform on [-scale, scale]^D
//         normal   N(0, scale^2) in each input
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "jacobench/base/matrix.hpp"
#include "jacobench/base/random.hpp"

namespace jacobench::coverage {

enum class Design { grid, uniform, normal };

struct DesignInfo {
  Design design;
  std::string_view name;
  std::string_view summary;
};

std::span<const DesignInfo> design_table();

// Fills X [N x D] in place, observation by observation: the first rows do not depend on how many follow.
// Cost:   no allocation; a grid draws nothing
// Errors: InputError for a grid whose N is no D-th power; logic_error for a scale that is not positive
void draw_design(Design design, double scale, RandomStream& stream, Matrix& X);

// Points inside [-scale, scale]^D first, then those beyond it.
// Model:  D = 1: inside, the midpoints of n_inside equal cells; beyond, half on each side, equally spaced up
//                to 1.5 scale, in ascending order, an odd one on the right
//         D > 1: uniform in the box; uniform in the box of 1.5 scale without the inner one. Keyed by the seed
// Shape:  [(n_inside + n_beyond) x D]
Matrix evaluation_points(Index n_inside, Index n_beyond, Index D, double scale, std::uint64_t seed);

}  // namespace jacobench::coverage
