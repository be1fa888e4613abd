// New points at which the fitted function is left open.
//
// Model:  f(x0) is estimable if its gradient g lies in the directions of the parameters that J determines, or J and the
//         penalty together where the penalty counts: its share outside them (RankReport) is no more than the rounding
//         of g and of the directions themselves. Parameters may be open where f is not.
//         A penalty also settles weights on which no observation bears, at zero, and that says nothing of f. Where the
//         inputs of the data are dependent, X with a column of ones for the bias of the first layer having a rank below
//         both its sides, f is open off their span, and a penalty that is read as a prior is all that would bound it
//         there. With no more observations than inputs any are dependent, and nothing follows.
// Shapes: result [M], the reason of each point that is open in words, or [0] where none is
// Cost:   nothing where J has full rank; else a gradient a point, and its error bound
// Source: Seber and Lee (2003), Linear Regression Analysis, sec. 3.9 (estimable functions)
#pragma once

#include <string>
#include <vector>

#include "jacobench/inference/new_points.hpp"

namespace jacobench {

// `points` stand at the fit that `at` does.
std::vector<std::string> open_points(Tangent& at, NewPoints& points, DecayReading decay);

}  // namespace jacobench
