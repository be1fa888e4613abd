// A matrix that this program makes is resized by the library, and what the library makes is freed here: both sides must
// allocate alike, whatever each was compiled with.
#include <iostream>

#include <jacobench/jacobian/products.hpp>

int main() {
  const jacobench::Perceptron network(
      2, {{5, jacobench::Activation::tanh}, {1, jacobench::Activation::identity}});
  const jacobench::Vector theta = jacobench::Vector::LinSpaced(network.n_params(), -1, 1);
  const jacobench::Matrix X = jacobench::Matrix::Random(50, network.n_inputs());
  jacobench::JacobianProducts products(network, X.rows());
  double trace = 0;
  for (jacobench::Index size = 1; size < 100; ++size) {
    jacobench::Matrix J_t_J(size, size);
    products.gram(theta, X, J_t_J);
    trace += J_t_J.trace();
  }
  std::cout << "trace " << trace << '\n';
}
