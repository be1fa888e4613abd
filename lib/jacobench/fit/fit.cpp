#include "jacobench/fit/fit.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/output_scales.hpp"

namespace jacobench {

Vector equal_decay(const Perceptron& network, double k, DecayOf of) {
  Vector decay = Vector::Constant(network.n_params(), k);
  if (of == DecayOf::weights)
    for (const Layer& layer : network.layers())
      if (layer.has_bias()) decay.segment(layer.bias_at, layer.n_units).setZero();
  return decay;
}

std::optional<double> StartSummary::chance_of_new_by_good() const {
  if (n_drawn == 0) return {};
  return static_cast<double>(n_seen_once) / static_cast<double>(n_drawn);
}

std::optional<double> StartSummary::chance_of_new() const {
  if (n_drawn == 0) return {};
  const auto n = static_cast<double>(n_drawn), w = static_cast<double>(n_optima);
  return n_drawn == 1 ? 1 : std::min(1.0, w * (w + 1) / (n * (n - 1)));
}

double Fit::rss() const { return data.whitened(data.Y - evaluate(network, theta, data.X)).squaredNorm(); }

double Fit::objective() const { return rss() + (decay.size() > 0 ? decay.dot(theta.cwiseAbs2()) : 0); }

std::optional<double> Fit::sigma() const {
  const Index dof = n_values() - n_params();
  if (dof <= 0) return {};
  return std::sqrt((end ? end->rss : rss()) / static_cast<double>(dof));
}

Fit fit(const Perceptron& network, const Dataset& data, const FitOptions& options) {
  check_dataset(data, network);
  if (wants_output_scales(data, options))
    return fit_with_output_scales(network, with_first_scales(data, options.output_noise), options);
  return Fitter(network, data, options).fit(data);
}

}  // namespace jacobench
