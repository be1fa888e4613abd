// Named problems: a network, its parameters and observations, each there for what it makes hard.
//
// The scenario suite runs every strategy on every one of them; its members depend on nothing random but fixed
// streams.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "jacobench/network/perceptron.hpp"
#include "jacobench/verification/reference.hpp"

namespace jacobench::testing {

struct Scenario {
  std::string name;
  Perceptron network;
  Vector theta;
  Matrix X;
  bool on_kink = false;  // some pre-activation is zero, or rounds to it, where its activation has a kink
};

std::span<const Scenario> scenarios();

// Throws std::logic_error for an unknown name.
const Scenario& scenario(std::string_view name);

// The reference with respect to parameters and inputs, computed once a process.
const Reference& reference_of(const Scenario& scenario);

// The s of StrategyInfo, for steps along a parameter or an input: the largest |dz / dx| max(1, |x|) over all
// pre-activations z above the argument x. The step of relative size r moves z by r times that, so that each
// further derivative of y brings one factor of that size and a ratio phi^(q+1) / phi^(q), which is of order
// one for every activation.
double steepness(const Scenario& scenario, Wrt wrt);

// A drawn network: parameters as draw_parameters gives them and standard normal inputs.
Scenario draw_scenario(std::string name, Index n_inputs, const std::vector<LayerSpec>& layers, Index n_rows,
                       double weight_scale = 1);

// So that a parameterised test prints a name.
std::ostream& operator<<(std::ostream& out, const Scenario& scenario);

}  // namespace jacobench::testing
