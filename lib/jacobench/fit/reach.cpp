#include "jacobench/fit/reach.hpp"

#include <limits>

#include <fmt/format.h>

#include "jacobench/network/activation.hpp"

namespace jacobench {
namespace {

struct Range {
  double least, largest;
};

Range range_of(Activation activation) {
  constexpr Index n = 8193;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Vector z(n + 2), a(n + 2);
  z << Vector::LinSpaced(n, -16, 16), -infinity, infinity;
  info(activation).value(z.data(), a.data(), z.size());
  return {a.minCoeff(), a.maxCoeff()};
}

}  // namespace

std::vector<std::string> out_of_reach(const Perceptron& network, const Dataset& data,
                                      const DatasetNames& names) {
  constexpr double of_grid = 1e-5;
  const Activation activation = network.layer(network.n_layers() - 1).activation;
  const Range range = range_of(activation);
  std::vector<std::string> lines;
  for (Index k = 0; k < data.Y.cols(); ++k) {
    const auto y = data.Y.col(k).array();
    const Index n_outside = (y < range.least - of_grid || y > range.largest + of_grid).count();
    if (n_outside > 0)
      lines.push_back(
          fmt::format("{}: runs from {:.6g} to {:.6g}, and a {} output from {:.4g} to {:.4g}: {} of {} "
                      "observations are out of its "
                      "reach; take the output activation identity, or rescale",
                      names.output(k), y.minCoeff(), y.maxCoeff(), info(activation).name, range.least,
                      range.largest, n_outside, y.size()));
  }
  return lines;
}

}  // namespace jacobench
