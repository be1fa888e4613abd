#include "jacobench/inference/linearisation.hpp"

#include "jacobench/base/errors.hpp"

namespace jacobench {

Linearisation linearise(const Perceptron& network, const Vector& theta, const Dataset& data,
                        const Vector& decay, const JacobianChoice& jacobian) {
  check_dataset(data, network);
  JB_EXPECT(theta.size() == network.n_params() && (decay.size() == 0 || decay.size() == theta.size()),
            "theta has {} entries and decay {}, the network {} parameters", theta.size(), decay.size(),
            network.n_params());
  Linearisation at{.network = network,
                   .theta = theta,
                   .data = data,
                   .decay = decay.size() > 0 ? decay : Vector::Zero(theta.size()),
                   .J = Matrix(data.n_values(), theta.size()),
                   .r = Vector(data.n_values()),
                   .row_factors = data.row_factors().reshaped()};
  Residuals residuals(network, data, {}, jacobian);
  if (!residuals.evaluate(theta, at.r.data(), at.J.data()))
    throw InputError(
        "model: the network or its derivative is not finite at these data; fit it to them first");
  at.r = -at.r;
  return at;
}

Matrix gradients_at(const Perceptron& network, const Vector& theta, const MatrixView& X0,
                    const JacobianChoice& jacobian) {
  Matrix G(X0.rows() * network.n_outputs(), network.n_params());
  find_strategy(jacobian.strategy)
      .make(network, X0.rows(), jacobian.options)
      ->evaluate(theta, X0, {.J_y_theta = &G});
  return G;
}

}  // namespace jacobench
