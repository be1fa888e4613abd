// How far the computed Jacobian of a fit may be from that of the network which its rounded data and parameters stand
// for.
//
// Model:  E = B + u C, with the bound B of the strategy and the condition scale C of verification/error_bound.hpp. For
//         a numeric strategy B is relative_error (|J_row| + |y|), as it promises for a network that varies at the rate
//         of one.
// Shapes: X [M x D], result [(M K) x P], absolute
// Cost:   that of error_scales
#pragma once

#include "jacobench/fit/fit.hpp"

namespace jacobench {

Matrix jacobian_errors(const Fit& fit, const MatrixView& X);

}  // namespace jacobench
