#include "jacobench/fit/fit.hpp"

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

double Fit::rss() const {
  const Matrix residuals = data.Y - evaluate(network, theta, data.X);
  return residuals.cwiseProduct(data.row_factors()).squaredNorm();
}

double Fit::objective() const { return rss() + (decay.size() > 0 ? decay.dot(theta.cwiseAbs2()) : 0); }

std::optional<double> Fit::sigma() const {
  const Index dof = n_values() - n_params();
  if (dof <= 0) return {};
  return std::sqrt((end ? end->rss : rss()) / static_cast<double>(dof));
}

Fit fit(const Perceptron& network, const Dataset& data, const FitOptions& options) {
  check_dataset(data, network);
  if (wants_output_scales(data, options))
    return fit_with_output_scales(network, data, options, spreads_of_outputs(data));
  return Fitter(network, data, options).fit(data);
}

}  // namespace jacobench
