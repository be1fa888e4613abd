#include "jacobench/fit/redraw.hpp"

#include <algorithm>
#include <cmath>

namespace jacobench {

namespace {

Index n_hidden_units(const Perceptron& network) {
  Index n = 0;
  for (Index l = 0; l + 1 < network.n_layers(); ++l) n += network.layer(l).n_units;
  return n;
}

}  // namespace

double draw_spread(RandomStream& stream) {
  constexpr double least = 3, steepest = 10;
  return least * std::pow(steepest, std::max(0.0, 2 * stream.uniform() - 1));
}

UnitRedraw::UnitRedraw(const Perceptron& network, Index max_rows)
    : network_(network),
      n_units_(n_hidden_units(network)),
      forward_(network, std::min<Index>(max_rows, 256)) {}

const std::vector<HiddenUnit>& UnitRedraw::rank(const VectorView& theta, const MatrixView& X) {
  units_.clear();
  for (Index l = 0; l + 1 < network_.n_layers(); ++l)
    for (Index i = 0; i < network_.layer(l).n_units; ++i) units_.push_back({l, i, 0, 0});
  const auto N = static_cast<double>(X.rows());
  // Sums of squares first, about zero: activations are of the order of one.
  for (Index row = 0; row < X.rows(); row += forward_.max_rows()) {
    const Index n = std::min(forward_.max_rows(), X.rows() - row);
    forward_.run(theta, X, row, n, Slopes::none);
    for (HiddenUnit& unit : units_) {
      const auto activation = forward_.activation(unit.layer).rows(n).col(unit.unit);
      unit.mean += activation.sum() / N;
      unit.usefulness += activation.squaredNorm() / N;
    }
  }
  for (HiddenUnit& unit : units_)
    unit.usefulness = std::max(unit.usefulness - unit.mean * unit.mean, 0.0) *
                      network_.weights(theta, unit.layer + 1).col(unit.unit).squaredNorm();
  std::stable_sort(units_.begin(), units_.end(),
                   [](const HiddenUnit& a, const HiddenUnit& b) { return a.usefulness < b.usefulness; });
  return units_;
}

void UnitRedraw::redraw(const HiddenUnit& unit, const VectorView& drawn, double spread, Vector& theta) const {
  const Layer& layer = network_.layer(unit.layer);
  network_.weights(theta, unit.layer).row(unit.unit) =
      spread * network_.weights(drawn, unit.layer).row(unit.unit);
  if (layer.has_bias())
    network_.bias(theta, unit.layer)[unit.unit] = spread * network_.bias(drawn, unit.layer)[unit.unit];
  auto fed = network_.weights(theta, unit.layer + 1).col(unit.unit);
  if (network_.layer(unit.layer + 1).has_bias()) network_.bias(theta, unit.layer + 1) += unit.mean * fed;
  fed.setZero();
}

}  // namespace jacobench
