// A fitted network linearised at its parameters: all that a covariance is computed from.
//
// Model:  J = g o J_y_theta and r = g o (Y - f(X; theta)), with the row factors g = sqrt(w) / d of fit/dataset.hpp, so
//         that under the model the rows of r are uncorrelated with one variance sigma^2. The penalty of a decayed fit is
//         kept apart, as the diagonal K: it never stands among the rows, so RSS, leverages and residuals are the data's.
// Shapes: J [(N K) x P], r and g [N K], row k N + n being output k of observation n; decay [P], zero without decay
#pragma once

#include "jacobench/fit/fit.hpp"

namespace jacobench {

struct Linearisation {
  Perceptron network;
  Vector theta;
  Dataset data;
  Vector decay;
  Matrix J;
  Vector r;
  Vector row_factors;

  Index n_values() const { return r.size(); }
  Index n_params() const { return theta.size(); }
  Index n_observations() const { return data.n_observations(); }
  Index n_outputs() const { return network.n_outputs(); }
  double rss() const { return r.squaredNorm(); }
  bool has_decay() const { return (decay.array() > 0).any(); }
};

// decay as in FitOptions: [P] or empty.
// Errors: InputError for data that are not data for the network, or where the network is not finite at theta
Linearisation linearise(const Perceptron& network, const Vector& theta, const Dataset& data,
                        const Vector& decay = {}, const JacobianChoice& jacobian = {});

// d Y / d theta at new points in the user's units.  Shapes: X0 [M x D], result [(M K) x P]
Matrix gradients_at(const Perceptron& network, const Vector& theta, const MatrixView& X0,
                    const JacobianChoice& jacobian = {});

}  // namespace jacobench
