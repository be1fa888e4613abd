#include "jacobench/fit/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/fit/initialisation.hpp"

namespace jacobench {
namespace {

constexpr double same_optimum = 1e-3;

void check_options(const Perceptron& network, const FitOptions& options) {
  if (options.n_starts < 0 || (options.n_starts == 0 && !options.start))
    throw InputError("starts: {} (there is nowhere to start from); ask for at least one", options.n_starts);
  JB_EXPECT(!options.start || options.start->size() == network.n_params(), "start has {} entries, want {}",
            options.start->size(), network.n_params());
  for (const double k : options.decay)
    if (!(k >= 0 && std::isfinite(k)))
      throw InputError("decay: {} is not a penalty; give a finite number from 0 up", k);
}

struct Start {
  Vector tau;
  double trust_radius;
};

// A start that is given is gone down from with three radii, the most cautious first: it is worth some care, and what
// one of them makes of a start that is far off says little about the others.
std::vector<Start> all_starts(const Perceptron& network, const Scaling& scaling, const FitOptions& options) {
  const InitialisationInfo& scheme = find_initialisation(options.initialisation);
  std::vector<Start> starts;
  if (options.start)
    for (const double trust_radius : {1e-3, usual_trust_radius, 1e4})
      starts.push_back({scaling.to_scaled(*options.start), trust_radius});
  for (Index s = 0; s < options.n_starts; ++s) {
    RandomStream stream(options.seed, 0, static_cast<std::uint32_t>(s), RandomPurpose::starts);
    starts.push_back({scheme.draw(network, stream), usual_trust_radius});
  }
  return starts;
}

std::vector<Descent> descend_from_all(const Perceptron& network, const Dataset& data, const Scaling& scaling,
                                      const FitOptions& options) {
  const std::vector<Start> starts = all_starts(network, scaling, options);
  std::vector<Descent> descents(starts.size());
  parallel_for(static_cast<Index>(starts.size()), options.n_threads, [&](Index s) {
    Residuals residuals(network, data, options.decay, scaling, options.jacobian);
    const auto i = static_cast<std::size_t>(s);
    descents[i] = descend(residuals, starts[i].tau, options.max_iterations, starts[i].trust_radius);
  });
  return descents;
}

// The first of those that are lowest but for where their last steps ended.
const Descent& best_of(const std::vector<Descent>& descents) {
  double lowest = std::numeric_limits<double>::infinity();
  for (const Descent& descent : descents) lowest = std::min(lowest, descent.objective);
  return *std::find_if(descents.begin(), descents.end(),
                       [&](const Descent& descent) { return descent.objective <= (1 + 1e-6) * lowest; });
}

StartSummary summarise(const std::vector<Descent>& descents, double lowest, double unit) {
  std::vector<double> objectives;
  for (const Descent& descent : descents)
    if (std::isfinite(descent.objective)) objectives.push_back(unit * unit * descent.objective);
  const auto n = static_cast<Index>(descents.size());
  if (objectives.empty()) {
    constexpr double none = std::numeric_limits<double>::infinity();
    return {n, n, 0, none, none, none};
  }
  std::sort(objectives.begin(), objectives.end());
  const auto n_at_best = std::count_if(objectives.begin(), objectives.end(), [&](double objective) {
    return objective <= (1 + same_optimum) * std::max(lowest, objectives.front());
  });
  return {.n_starts = n,
          .n_failed = n - static_cast<Index>(objectives.size()),
          .n_at_best = n_at_best,
          .lowest = std::min(lowest, objectives.front()),
          .median = objectives[objectives.size() / 2],
          .highest = objectives.back()};
}

// What is reported in the user's units, from the residuals there.
void fill_in_at(const Perceptron& network, const Dataset& data, const FitOptions& options,
                FitResult& result) {
  Residuals residuals(network, data, options.decay, options.jacobian);
  Vector r(residuals.n_rows());
  Matrix J(residuals.n_rows(), network.n_params());
  residuals.evaluate(result.theta, r.data(), J.data());
  result.n_values = data.n_values();
  result.n_params = network.n_params();
  result.rss = r.head(data.n_values()).squaredNorm();
  result.penalty = r.tail(r.size() - data.n_values()).squaredNorm();
  result.gradient_norm = 2 * (J.transpose() * r).stableNorm();
  if (const Index dof = result.n_values - result.n_params; dof > 0)
    result.sigma = std::sqrt(result.rss / static_cast<double>(dof));
}

}  // namespace

Vector equal_decay(const Perceptron& network, double k, DecayOf of) {
  Vector decay = Vector::Constant(network.n_params(), k);
  if (of == DecayOf::weights)
    for (const Layer& layer : network.layers())
      if (layer.has_bias()) decay.segment(layer.bias_at, layer.n_units).setZero();
  return decay;
}

FitResult fit(const Perceptron& network, const Dataset& data, const FitOptions& options) {
  check_dataset(data, network);
  check_options(network, options);
  const Scaling scaling(network, data.X, data.Y);
  const std::vector<Descent> descents = descend_from_all(network, data, scaling, options);
  const Descent& best = best_of(descents);
  Residuals residuals(network, data, options.decay, scaling, options.jacobian);
  Vector tau = best.tau;
  const Polished polished = Polisher(residuals).polish(tau, {.max_iterations = options.max_iterations});
  FitResult result{};
  result.theta = scaling.to_user(tau);
  result.decay = options.decay;
  result.n_iterations = best.n_iterations + polished.n_iterations;
  result.stop = polished.stop;
  result.relative_offset = polished.relative_offset;
  result.starts =
      summarise(descents, polished.objective * residuals.unit() * residuals.unit(), residuals.unit());
  fill_in_at(network, data, options, result);
  return result;
}

}  // namespace jacobench
