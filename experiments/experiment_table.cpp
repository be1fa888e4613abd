#include "study/experiment_table.hpp"

#include "accuracy/accuracy_experiment.hpp"
#include "activations/activations_experiment.hpp"
#include "coverage/coverage_experiment.hpp"
#include "speed/speed_experiment.hpp"

namespace jacobench::harness {
namespace {

template <class E>
std::unique_ptr<Experiment> make() {
  return std::make_unique<E>();
}

constexpr ExperimentInfo table[] = {
    {"accuracy", "how exact each strategy's Jacobian is over a sweep of networks",
     make<accuracy::AccuracyExperiment>},
    {"activations", "how exact each activation and its derivatives are over the whole double range",
     make<activations::ActivationsExperiment>},
    {"speed",
     "what each strategy's Jacobian costs, against the network, each other and the machine's write limit",
     make<speed::SpeedExperiment>},
    {"coverage", "whether confidence and prediction intervals of fitted networks hold what their level says",
     make<coverage::CoverageExperiment>},
};

}  // namespace

std::span<const ExperimentInfo> experiment_table() { return table; }

}  // namespace jacobench::harness
