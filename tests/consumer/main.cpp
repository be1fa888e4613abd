#include <iostream>

#include <jacobench/files/model_file.hpp>
#include <jacobench/jacobian/strategy.hpp>

int main(int, char** argv) {
  const auto [network, theta] = jacobench::read_model(argv[1]);
  const jacobench::Matrix X = jacobench::Matrix::Random(100, network.n_inputs());
  const jacobench::Index rows = X.rows() * network.n_outputs();
  jacobench::Matrix Y(X.rows(), network.n_outputs());
  jacobench::Matrix J_y_theta(rows, network.n_params()), J_y_x(rows, network.n_inputs());

  const auto layerwise = jacobench::find_strategy("layerwise").make(network, X.rows(), {});
  layerwise->evaluate(theta, X, {.values = &Y, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
  std::cout << "y " << Y(0, 0) << ", dy/dtheta " << J_y_theta.row(0) << ", dy/dx " << J_y_x.row(0) << '\n';
}
