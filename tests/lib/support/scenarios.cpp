#include "support/scenarios.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "jacobench/base/random.hpp"

namespace jacobench::testing {
namespace {

using enum Activation;

LayerSpec without_bias(Index n_units, Activation activation) { return {n_units, activation, Bias::none}; }

// 1 - z - 2^-60 for z = 1 is computed as 0: the pre-activation -+2^-60 of the only unit rounds to the kink.
Scenario kink_by_rounding(std::string name, Activation activation, double sign) {
  const double e = 0x1p-30;
  Scenario s{.name = std::move(name),
             .network = Perceptron(2, {without_bias(1, activation), without_bias(1, identity)}),
             .theta = Vector(3),
             .X = Matrix(1, 2),
             .on_kink = true};
  s.theta << sign * (1 - e), -sign, 1;
  s.X << 1 + e, 1;
  return s;
}

std::vector<Scenario> make_scenarios() {
  std::vector<Scenario> all;
  const auto add = [&](Scenario s) -> Scenario& { return all.emplace_back(std::move(s)); };
  const auto draw = [&](std::string name, Index n_inputs, const std::vector<LayerSpec>& layers, Index n_rows,
                        double weight_scale = 1) -> Scenario& {
    return add(draw_scenario(std::move(name), n_inputs, layers, n_rows, weight_scale));
  };

  // y = sigma(sigma(X alpha) beta) gamma, the network of the question that the project began with
  draw("two_hidden_no_biases", 3,
       {without_bias(4, logistic), without_bias(3, logistic), without_bias(1, identity)}, 10);
  draw("one_one_one", 1, {{1, tanh}, {1, identity}}, 5);
  draw("no_hidden_layer", 4, {{1, identity}}, 6);
  draw("no_hidden_layer_logistic", 3, {{2, logistic}}, 6);
  draw("one_wide_layer", 2, {{100, tanh}, {1, identity}}, 9);
  draw("six_narrow_layers", 2,
       {{3, tanh}, {3, tanh}, {3, tanh}, {3, tanh}, {3, tanh}, {3, tanh}, {1, identity}}, 8);
  draw("several_outputs", 3, {{6, softplus}, {4, identity}}, 7);
  draw("more_outputs_than_inputs", 1, {{4, tanh}, {4, tanh}, {5, identity}}, 6);
  draw("mixed_activations", 3, {{5, tanh}, {4, softplus}, {4, sin}, {3, gelu}, {2, identity}}, 8);
  draw("biases_on_some_layers", 3,
       {{4, tanh}, without_bias(4, logistic), {3, mish}, without_bias(2, identity)}, 8);
  draw("one_observation", 4, {{5, tanh}, {2, identity}}, 1);
  draw("more_parameters_than_observations", 3, {{10, tanh}, {10, tanh}, {1, identity}}, 3);
  draw("nonlinear_outputs", 3, {{5, tanh}, {3, logistic}}, 8);
  draw("different_outputs_with_mish", 2, {{4, mish}, {3, mish}}, 8);
  // the network of the sensitivity recursion: mish on all layers but the last
  draw("six_layer_mish", 4, {{8, mish}, {8, mish}, {8, mish}, {8, mish}, {8, mish}, {3, identity}}, 6);
  // 13 rows fill no whole number of registers of 2, 4 or 8 doubles
  draw("rows_in_no_whole_register", 2, {{3, tanh}, {2, identity}}, 13);
  draw("rows_in_two_batches", 2, {{2, tanh}, {2, identity}}, 1024 + 9);

  draw("saturated_units", 3, {{6, tanh}, {5, logistic}, {1, identity}}, 8, 30);
  draw("saturated_outputs", 2, {{4, tanh}, {2, logistic}}, 8, 30);
  {
    Scenario& s = draw("logistic_at_minus_600", 1, {{1, logistic}, without_bias(1, identity)}, 3);
    s.theta << 1, -600, 3;
    s.X << -0.5, 0, 0.25;
  }
  {
    // one pre-activation 0 by zero inputs, one by terms that cancel exactly, one not at all
    Scenario& s = draw("relu_at_exactly_zero", 2, {without_bias(3, relu), {2, identity}}, 3);
    s.theta.head(6) << 0.5, 0.25, 1, -1, -0.75, 1.5;
    s.X << 0, 0, 2, 2, 1, -2;
    s.on_kink = true;
  }
  add(kink_by_rounding("relu_rounds_to_zero_from_above", relu, -1));
  add(kink_by_rounding("relu_rounds_to_zero_from_below", relu, 1));
  {
    // and so does the unit above it: both slopes are 1, both are computed as 0
    Scenario& s = add(kink_by_rounding("relu_rounds_to_zero_twice", relu, -1));
    s.network = Perceptron(2, {without_bias(1, relu), without_bias(1, relu), without_bias(1, identity)});
    s.theta = Vector{{s.theta[0], s.theta[1], 1.0, 1.0}};
  }
  add(kink_by_rounding("leaky_relu_rounds_to_zero", leaky_relu, -1));
  add(kink_by_rounding("selu_rounds_to_zero", selu, -1));
  {
    // elu's first derivative has no jump at zero, its second has: z is computed as 2^-34 though it is -0.24
    // 2^-32
    Scenario& s =
        draw("elu_on_the_wrong_side_of_zero", 4, {without_bias(1, elu), without_bias(1, identity)}, 1);
    s.theta << 0x1p20, 0.51 * 0x1p-32, -0x1p20, -0.75 * 0x1p-32, 1;
    s.X.setOnes();
    s.on_kink = true;
  }
  {
    Scenario& s = draw("elu_across_zero", 1, {without_bias(1, elu), without_bias(1, identity)}, 5);
    s.theta << 1, 1;
    s.X << -1e-3, -1e-6, 0, 1e-6, 1e-3;
    s.on_kink = true;
  }
  {
    // terms of 10^6 leave a pre-activation of order one
    Scenario& s = draw("terms_cancel_in_z", 2, {{3, tanh}, {1, identity}}, 5);
    s.X.col(0) *= 1e6;
    s.X.col(1) = s.X.col(0).array() + 0.5;
    for (Index i = 0; i < 3; ++i) s.theta[2 * i + 1] = -s.theta[2 * i];
  }
  {
    Scenario& s = draw("all_parameters_zero", 3, {{4, tanh}, {3, softplus}, {2, identity}}, 4);
    s.theta.setZero();
  }
  {
    // where phi' passes through zero, and at the doubles next to it
    Scenario& s = draw("slopes_through_zero", 1, {without_bias(5, mish), without_bias(2, identity)}, 4);
    s.network = Perceptron(1, {without_bias(1, mish), without_bias(1, silu), without_bias(1, gelu),
                               without_bias(1, sin), without_bias(1, gaussian), without_bias(1, identity)});
    s.theta = Vector::Ones(6);
    s.X << -1.1924312145151154, -1.1924312145151157, -1.19243121451511, -1.2;
  }
  for (const ActivationInfo& row : activation_table())
    draw("with_" + std::string(row.name), 2, {{4, row.id}, {3, row.id}, {1, identity}}, 6);
  return all;
}

// The network up to the pre-activation of layer l.
Perceptron truncated(const Perceptron& network, Index l) {
  std::vector<LayerSpec> layers;
  for (Index m = 0; m <= l; ++m)
    layers.push_back(
        {network.layer(m).n_units, m == l ? identity : network.layer(m).activation, network.layer(m).bias});
  return Perceptron(network.n_inputs(), layers);
}

}  // namespace

Scenario draw_scenario(std::string name, Index n_inputs, const std::vector<LayerSpec>& layers, Index n_rows,
                       double weight_scale) {
  Scenario s{.name = std::move(name), .network = Perceptron(n_inputs, layers), .theta = {}, .X = {}};
  const std::uint64_t cell = cell_number(s.name);
  RandomStream parameters(2024, cell, 0, RandomPurpose::parameters),
      inputs(2024, cell, 0, RandomPurpose::inputs);
  s.theta = draw_parameters(s.network, weight_scale, parameters);
  s.X = Matrix::NullaryExpr(n_rows, n_inputs, [&] { return inputs.normal(); });
  return s;
}

std::span<const Scenario> scenarios() {
  static const std::vector<Scenario> all = make_scenarios();
  return all;
}

const Scenario& scenario(std::string_view name) {
  for (const Scenario& s : scenarios())
    if (s.name == name) return s;
  throw std::logic_error("no scenario " + std::string(name));
}

const Reference& reference_of(const Scenario& scenario) {
  static std::map<std::string, Reference> references;
  const auto found = references.find(scenario.name);
  if (found != references.end()) return found->second;
  return references
      .emplace(scenario.name, compute_reference(scenario.network, scenario.theta, scenario.X, Wanted::both))
      .first->second;
}

double steepness(const Scenario& scenario, Wrt wrt) {
  // What holds for some of the rows of a drawn scenario holds for the others up to a small factor.
  const Matrix X = scenario.X.topRows(std::min<Index>(scenario.X.rows(), 16));
  Vector steepest(scenario.network.n_layers());
  for (Index l = 0; l < scenario.network.n_layers(); ++l) {
    const Perceptron below = truncated(scenario.network, l);
    const Vector theta = scenario.theta.head(below.n_params());
    const Reference z =
        compute_reference(below, theta, X, wrt == Wrt::parameters ? Wanted::parameters : Wanted::inputs);
    const Matrix& dz = wrt == Wrt::parameters ? z.J_y_theta.high : z.J_y_x.high;
    Vector moved(dz.cols());
    for (Index column = 0; column < dz.cols(); ++column) {
      const double argument = wrt == Wrt::parameters
                                  ? std::abs(theta[column])
                                  : X.col(column).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
      // In this order, for std::max gives the first of two that do not compare.
      moved[column] = dz.col(column).cwiseAbs().maxCoeff<Eigen::PropagateNaN>() * std::max(argument, 1.0);
    }
    steepest[l] = moved.maxCoeff<Eigen::PropagateNaN>();
  }
  return steepest.maxCoeff<Eigen::PropagateNaN>();
}

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

}  // namespace jacobench::testing
