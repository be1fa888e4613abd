#include <iostream>

#include <jacobench/jacobench.hpp>

int main(int, char** argv) {
  using namespace jacobench;
  const Dataset data{.X = read_csv(argv[1], {"growing_time"}), .Y = read_csv(argv[1], {"yield"})};
  const Fit rat42 = fit(make_perceptron({1, {1}, 1, Activation::tanh}), data);
  const Bands bands = bands_at(rat42, Matrix{{30}, {60}});
  if (!rat42.has_converged() || !bands.ok()) return 1;
  std::cout << bands.fit << '\n' << bands.mean.lower << '\n' << bands.mean.upper << '\n';
}
