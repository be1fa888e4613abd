#include "jacobench/fit/live_units.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

bool has_free_biases(const Perceptron& network, const Vector& decay, Index l) {
  return network.layer(l).has_bias() && (network.bias(decay, l).array() == 0).all();
}

bool can_be_idle(const Perceptron& network, const Vector& decay, Index l) {
  const ActivationInfo& phi = info(network.layer(l).activation);
  double value = 0;
  const double zero = 0;
  phi.value(&zero, &value, 1);
  if (value != 0 || phi.slope_jump != 0) return false;
  if (!(network.weights(decay, l).array() > 0).all() || !(network.weights(decay, l + 1).array() > 0).all())
    return false;
  if (!network.layer(l).has_bias() || (network.bias(decay, l).array() > 0).all()) return true;
  return has_free_biases(network, decay, l) && has_free_biases(network, decay, l + 1);
}

UnitsByLayer all_units(const Perceptron& network) {
  UnitsByLayer all;
  all.reserve(static_cast<std::size_t>(network.n_layers() - 1));
  for (Index l = 0; l + 1 < network.n_layers(); ++l) {
    all.push_back(counted(network.layer(l).n_units));
  }
  return all;
}

}  // namespace

std::vector<Index> counted(Index n) {
  std::vector<Index> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

std::vector<Index> others(const std::vector<Index>& units, Index n) {
  const std::vector<Index> all = counted(n);
  std::vector<Index> rest;
  rest.reserve(all.size());
  std::set_difference(all.begin(), all.end(), units.begin(), units.end(), std::back_inserter(rest));
  return rest;
}

UnitsByLayer units_with_share(const Perceptron& network, const Vector& theta, const Vector& decay,
                              double least_share) {
  UnitsByLayer kept = all_units(network);
  const double least = least_share * decay.dot(theta.cwiseAbs2());
  for (Index l = 0; l + 1 < network.n_layers(); ++l) {
    if (!can_be_idle(network, decay, l)) continue;
    Vector share =
        network.weights(decay, l).cwiseProduct(network.weights(theta, l).cwiseAbs2()).rowwise().sum();
    if (network.layer(l).has_bias())
      share += network.bias(decay, l).cwiseProduct(network.bias(theta, l).cwiseAbs2());
    share += network.weights(decay, l + 1)
                 .cwiseProduct(network.weights(theta, l + 1).cwiseAbs2())
                 .colwise()
                 .sum()
                 .transpose();
    const double of_last = std::min(least, share.maxCoeff());
    std::erase_if(kept[static_cast<std::size_t>(l)], [&](Index unit) { return share[unit] < of_last; });
  }
  return kept;
}

Perceptron network_of(const Perceptron& whole, const UnitsByLayer& units) {
  std::vector<LayerSpec> layers;
  layers.reserve(static_cast<std::size_t>(whole.n_layers()));
  for (Index l = 0; l < whole.n_layers(); ++l) {
    const Layer& layer = whole.layer(l);
    const Index n = l + 1 < whole.n_layers() ? std::ssize(units[static_cast<std::size_t>(l)]) : layer.n_units;
    layers.push_back({n, layer.activation, layer.bias});
  }
  return {whole.n_inputs(), layers};
}

// The penalty on weights of a layer is the product of a number an input and one a unit.
Index least_penalised(const Perceptron& network, const Vector& decay, Index layer,
                      const std::vector<Index>& units) {
  const auto its = [&](Index unit) {
    return network.weights(decay, layer)(unit, 0) * network.weights(decay, layer + 1)(0, unit);
  };
  return *std::min_element(units.begin(), units.end(), [&](Index i, Index j) { return its(i) < its(j); });
}

void make_others_idle(const Perceptron& network, const Vector& decay, const UnitsByLayer& kept,
                      Vector& theta) {
  for (Index l = 0; l + 1 < network.n_layers(); ++l) {
    const Layer& its = network.layer(l);
    const bool has_free_above = has_free_biases(network, decay, l + 1);
    for (const Index unit : others(kept[static_cast<std::size_t>(l)], its.n_units)) {
      if (its.has_bias() && has_free_above) {
        double value = 0;
        info(its.activation).value(&theta[its.bias_at + unit], &value, 1);
        network.bias(theta, l + 1) += value * network.weights(theta, l + 1).col(unit);
      }
      network.weights(theta, l).row(unit).setZero();
      if (its.has_bias()) network.bias(theta, l)[unit] = 0;
      network.weights(theta, l + 1).col(unit).setZero();
    }
  }
}

LiveUnits::LiveUnits(const Perceptron& whole, UnitsByLayer units)
    : units_(std::move(units)), network_(network_of(whole, units_)) {
  parameters_.reserve(static_cast<std::size_t>(network_.n_params()));
  for (Index l = 0; l < whole.n_layers(); ++l) {
    const Layer& layer = whole.layer(l);
    const std::vector<Index> inputs =
        l > 0 ? units_[static_cast<std::size_t>(l - 1)] : counted(whole.n_inputs());
    const std::vector<Index> its =
        l + 1 < whole.n_layers() ? units_[static_cast<std::size_t>(l)] : counted(layer.n_units);
    for (const Index unit : its)
      for (const Index input : inputs)
        parameters_.push_back(layer.weights_at + unit * layer.n_inputs + input);
    if (layer.has_bias())
      for (const Index unit : its) parameters_.push_back(layer.bias_at + unit);
  }
}

UnitsByLayer LiveUnits::in_whole(const UnitsByLayer& kept) const {
  UnitsByLayer units = kept;
  for (std::size_t l = 0; l < units.size(); ++l)
    for (Index& unit : units[l]) unit = units_[l][static_cast<std::size_t>(unit)];
  return units;
}

void LiveUnits::put(const Vector& of_live, Vector& theta) const {
  theta.setZero();
  theta(parameters_) = of_live;
}

IdlePull pull_on_idle(const Perceptron& network, const Vector& decay, Index layer, Index unit, Matrix Q) {
  const Index n_inputs = network.layer(layer).n_inputs;
  JB_EXPECT(Q.cols() == n_inputs + 1 && Q.rows() == network.layer(layer + 1).n_units, "Q is {} x {}",
            Q.rows(), Q.cols());
  Vector of_in = Vector::Zero(n_inputs + 1);  // K_in^-1/2
  of_in.head(n_inputs) = network.weights(decay, layer).row(unit).transpose().cwiseSqrt().cwiseInverse();
  if (network.layer(layer).has_bias() && network.bias(decay, layer)[unit] > 0)
    of_in[n_inputs] = 1 / std::sqrt(network.bias(decay, layer)[unit]);
  const Vector of_out = network.weights(decay, layer + 1).col(unit).cwiseSqrt().cwiseInverse();
  Q = of_out.asDiagonal() * Q * of_in.asDiagonal();
  // Power iterations begin at the longest row and end where they no longer tell.
  constexpr int most_iterations = 200;
  constexpr double no_longer_tells = 1e-6;
  Index longest = 0;
  Q.rowwise().norm().maxCoeff(&longest);
  Vector in = Q.row(longest).transpose(), out = Vector::Zero(Q.rows());
  double strength = 0;
  for (int i = 0; i < most_iterations && in.norm() > 0; ++i) {
    in.normalize();
    out.noalias() = Q * in;
    const double before = std::exchange(strength, out.norm());
    if (!(strength > (1 + no_longer_tells) * before)) break;
    in.noalias() = Q.transpose() * out;
  }
  in.normalize();
  out = -(Q * in).normalized();
  constexpr double half = 0.70710678118654752;
  return {.strength = strength, .in = half * of_in.cwiseProduct(in), .out = half * of_out.cwiseProduct(out)};
}

}  // namespace jacobench
