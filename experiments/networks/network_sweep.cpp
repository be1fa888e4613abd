#include "networks/network_sweep.hpp"

#include <limits>

#include <fmt/format.h>

#include "jacobench/base/random.hpp"

namespace jacobench::harness {

std::vector<RowSchema<SharedNetwork>::Entry> network_columns() {
  return {{{.name = "network",
            .heading = "network",
            .role = ColumnRole::identity,
            .starts_group = true,
            .meaning = "widths, from the inputs up"},
           [](const SharedNetwork& its) { return to_value(to_string(its->network)); }},
          {{.name = "n_params",
            .heading = "P",
            .role = ColumnRole::measure,
            .meaning = "parameters: weights and biases"},
           [](const SharedNetwork& its) { return to_value(its->network.n_params()); }},
          {{.name = "activation",
            .heading = "activation",
            .role = ColumnRole::identity,
            .starts_group = true,
            .meaning = "of the hidden layers"},
           [](const SharedNetwork& its) { return to_value(std::string(info(its->activation).name)); }},
          {{.name = "weight_scale",
            .heading = "weight scale",
            .role = ColumnRole::identity,
            .starts_group = true,
            .meaning = "of the weights that are drawn: N(0, scale^2 / inputs of the unit)"},
           [](const SharedNetwork& its) { return to_value(its->weight_scale); }}};
}

NetworkSweep::NetworkSweep(OptionTable& table) {
  constexpr std::int64_t widest = 1'000'000;
  const auto seeds = whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max());
  const auto activations = one_of(activation_table(), &ActivationInfo::id);
  table.add("seed", "seed of the network parameters", seed_, seeds);
  table.add("network.inputs", "number of inputs", n_inputs_, whole_number(1, widest));
  sweep_.add(table, {.key = "network.hidden", .help = "hidden widths, from the inputs up"}, &Point::hidden,
             shape(1, widest), {{5}});
  table.add("network.outputs", "number of outputs", n_outputs_, whole_number(1, widest));
  sweep_.add(table, {.key = "network.activation", .help = "activation of the hidden layers"},
             &Point::activation, activations, {Activation::tanh});
  table.add("network.output_activation", "activation of the outputs", output_activation_, activations);
  table.add("network.bias", "whether every layer has a bias", has_bias_, yes_or_no());
  sweep_.add(table,
             {.key = "network.weight_scale",
              .help = "standard deviation of the weights times sqrt(units below); of the biases, half of it"},
             &Point::weight_scale, real_number(0, 1e6), {1.0});
  table.add("data.seed", "seed of the inputs, standard normal", data_seed_, seeds);
}

Perceptron NetworkSweep::network(const Shape& hidden, Activation activation) const {
  return make_perceptron({.n_inputs = n_inputs_,
                          .hidden = hidden,
                          .n_outputs = n_outputs_,
                          .activation = activation,
                          .output_activation = output_activation_,
                          .bias = has_bias_ ? Bias::present : Bias::none});
}

std::vector<SharedNetwork> NetworkSweep::cases() const {
  const std::vector<Point> points = sweep_.points();
  std::vector<SharedNetwork> cases;
  for (const Point& point : points) {
    const bool has_hidden = !point.hidden.empty();
    if (!has_hidden && point.activation != points.front().activation) continue;
    cases.push_back(std::make_shared<NetworkCase>(
        NetworkCase{network(point.hidden, point.activation),
                    has_hidden ? point.activation : output_activation_, point.weight_scale}));
  }
  return cases;
}

NetworkCase NetworkSweep::with_hidden(const NetworkCase& network_case, const Shape& hidden) const {
  const bool was_hidden = network_case.network.n_layers() > 1;
  const Activation activation = was_hidden ? network_case.activation : sweep_.points().front().activation;
  return {network(hidden, activation), hidden.empty() ? output_activation_ : activation,
          network_case.weight_scale};
}

Problem NetworkSweep::problem(const NetworkCase& network_case, std::int64_t n_rows) const {
  const Perceptron& network = network_case.network;
  RandomStream parameters(seed_, cell_number(to_string(network)), 0, RandomPurpose::parameters);
  RandomStream inputs(data_seed_, cell_number(fmt::format("{} inputs", n_inputs_)), 0, RandomPurpose::inputs);
  Problem problem{draw_parameters(network, network_case.weight_scale, parameters), Matrix(n_rows, n_inputs_)};
  for (double& x : problem.X.reshaped()) x = inputs.normal();
  return problem;
}

}  // namespace jacobench::harness
