#include "cli/fit_task.hpp"

#include <algorithm>
#include <filesystem>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"

#include "run/memory.hpp"

namespace jacobench::cli {

using namespace harness;

namespace {

std::vector<std::string> input_columns(const std::string& file, const FitRequest& request) {
  if (request.inputs) return *request.inputs;
  std::vector<std::string> inputs;
  const CsvReader reader(file);
  for (const std::string& column : reader.columns())
    if (std::find(request.outputs.begin(), request.outputs.end(), column) == request.outputs.end() &&
        column != request.weights)
      inputs.push_back(column);
  if (inputs.empty()) throw InputError("{}: no column is left for the inputs; name them with --inputs", file);
  return inputs;
}

void expect_apart(const StoredFit& fitted, const std::optional<std::string>& weights) {
  for (const std::string& output : fitted.outputs)
    if (std::find(fitted.inputs.begin(), fitted.inputs.end(), output) != fitted.inputs.end())
      throw InputError("--outputs: {} is an input as well; a column is one or the other", output);
  for (const auto* columns : {&fitted.inputs, &fitted.outputs})
    if (weights && std::find(columns->begin(), columns->end(), *weights) != columns->end())
      throw InputError("--weights: {} is an input or output as well; a column is one of them", *weights);
}

// What inference takes at least: J, the rows that are factorised and their factors.
void expect_memory(const Fit& fit) {
  const auto n = static_cast<double>(fit.n_values()), P = static_cast<double>(fit.n_params());
  const double n_rows = 3 * n + std::min(n, P);
  expect_memory_for(fmt::format("{} values of {} parameters", fit.n_values(), fit.n_params()),
                    n_rows * P * sizeof(double), "make --hidden smaller, or give fewer observations");
}

Perceptron network_of(const FitRequest& request, Index n_inputs, Index n_outputs) {
  return make_perceptron({.n_inputs = n_inputs,
                          .hidden = request.hidden,
                          .n_outputs = n_outputs,
                          .activation = request.activation,
                          .output_activation = request.output_activation,
                          .bias = request.bias ? Bias::present : Bias::none});
}

}  // namespace

OptionTable FitRequest::options() {
  OptionTable t;
  t.add("inputs", "columns of the data that are inputs; auto: all that are neither outputs nor weights",
        inputs, value_or("auto", list_of(text())));
  t.add("outputs", "columns of the data that are outputs", outputs, list_of(text()));
  t.add("weights", "column of weights: the noise variance is sigma^2 over the weight", weights,
        value_or("none", text()));
  t.add("hidden", "hidden widths, from the inputs up", hidden, shape(1, 10'000));
  t.add("activation", "activation of the hidden layers", activation,
        one_of(activation_table(), &ActivationInfo::id));
  t.add("output_activation", "activation of the outputs", output_activation,
        one_of(activation_table(), &ActivationInfo::id));
  t.add("bias", "whether every layer has a bias", bias, yes_or_no());
  t.add("from", "model file to start from, which then says what the network is", from,
        value_or("none", text()));
  t.add(
      "decay",
      "k of the penalty k |theta|^2, added to the sum of squares as it stands; or how it is chosen, then of "
      "standardised data (jacobench list decay_rules)",
      decay, value_or_one_of(real_number(0, 1e300), decay_rule_table()));
  t.add("decay_biases", "whether biases are penalised too; auto: where the decay is chosen", decay_biases,
        value_or("auto", yes_or_no()));
  t.add("starts", "drawn starts", n_starts, whole_number(0, 100'000));
  t.add("initialisation", "how starts are drawn", initialisation, one_of(initialisation_table()));
  t.add("seed", "seed of the starts", seed, whole_number<std::uint64_t>(0, UINT64_MAX));
  t.add("max_iterations", "of each start", max_iterations, whole_number(1, 1'000'000));
  t.add("tolerance", "relative offset of Bates and Watts at which a fit stops; 0: where rounding stops it",
        tolerance, real_number(0, 0.1));
  t.add("strategy", "how the Jacobian is computed (jacobench list strategies)", strategy,
        one_of(strategy_table()));
  t.add("threads", "threads over which the starts are spread", n_threads, whole_number(1, 1024));
  t.add("level", "level of the parameter intervals", level, real_number(0.01, 0.999999));
  covariance.add_options(t, "pseudo_inverse, 1e-6, n_minus_trace, unknown");
  t.add("out",
        "fit file to write, for jacobench interval; -: it is printed, and the report goes to standard error",
        out, value_or("none", text()));
  t.add("diagnostics",
        "CSV file to write: leverage and residuals of every observation; -: printed, as with --out",
        diagnostics, value_or("none", text()));
  return t;
}

const DecayRule* FitRequest::decay_rule() const {
  const auto* rule = std::get_if<const DecayRule*>(&decay);
  return rule ? *rule : nullptr;
}

DecayOf FitRequest::decay_of() const {
  return decay_biases.value_or(decay_rule() != nullptr) ? DecayOf::weights_and_biases : DecayOf::weights;
}

IntervalOptions FitRequest::how() const { return covariance.options({}); }

FitOptions FitRequest::fit_options(const Perceptron& network, const std::optional<Vector>& from_here) const {
  const double* k = std::get_if<double>(&decay);
  return {.start = from_here,
          .n_starts = n_starts,
          .initialisation = std::string(initialisation->name),
          .seed = seed,
          .decay = k && *k > 0 ? equal_decay(network, *k, decay_of()) : Vector(),
          .max_iterations = max_iterations,
          .relative_offset = tolerance,
          .jacobian = {.strategy = std::string(strategy->name)},
          .n_threads = n_threads};
}

FitTask read_fit_task(const std::string& file, const FitRequest& request) {
  const Index n_rows = count_csv_rows(file);
  const auto columns = [&](const std::vector<std::string>& names) {
    return CsvColumns(file, names).read(n_rows);
  };
  std::vector<std::string> inputs = input_columns(file, request);
  const auto D = static_cast<Index>(inputs.size()), K = static_cast<Index>(request.outputs.size());
  std::optional<Vector> start;
  std::optional<Perceptron> network;
  if (request.from) {
    Model model = read_model(*request.from);
    if (model.network.n_inputs() != D || model.network.n_outputs() != K)
      throw InputError(
          "--from: {} has {} inputs and {} outputs, the data {} and {}; name the columns with --inputs "
          "and --outputs",
          *request.from, model.network.n_inputs(), model.network.n_outputs(), D, K);
    start = model.theta;
    network = model.network;
  } else {
    network = network_of(request, D, K);
  }
  FitTask task{{.fit = {.network = *network,
                        .theta = {},
                        .data = {.X = columns(inputs), .Y = columns(request.outputs)}},
                .inputs = inputs,
                .outputs = request.outputs,
                .source = std::filesystem::path(file).filename().string()},
               start};
  expect_apart(task.stored, request.weights);
  expect_memory(task.stored.fit);
  if (request.weights) task.stored.fit.data.weights = columns({*request.weights}).col(0);
  return task;
}

}  // namespace jacobench::cli
