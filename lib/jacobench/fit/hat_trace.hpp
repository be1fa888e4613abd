// The effective number of parameters of a penalised fit, tr H of H = J (J'J + K)^-1 J', without J.
#pragma once

#include "jacobench/fit/row_map.hpp"
#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// tr H itself where the standard error is zero, otherwise an estimate.
struct HatTrace {
  double value;
  double standard_error = 0;
};

// By the n x n form where that is possible and the machine has the memory for it, else by random signs
// (fit/matrix_free_factor.hpp).  Shapes: K, theta [P], X [N x D]
HatTrace trace_of_hat(const Perceptron& network, const Vector& K, const Vector& theta, const Matrix& X,
                      const RowMap& rows);

}  // namespace jacobench
