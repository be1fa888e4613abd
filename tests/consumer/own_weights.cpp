#include <iostream>

#include <jacobench/jacobench.hpp>

int main() {
  const jacobench::Matrix W1{{0.5, -0.25}, {1, 0.125}}, W2{{1, -1}}, X{{1, 2}, {3, 4}, {5, 6}};
  const auto [network, theta] = jacobench::make_model({{W1, {}, jacobench::Activation::tanh}, {W2}});
  std::cout << jacobench::jacobian(network, theta, X) << '\n';
}
