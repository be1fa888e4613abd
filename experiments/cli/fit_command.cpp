// jacobench fit DATA.csv --outputs y [--inputs x] [--hidden 4] ... [--out fit.json]
#include <algorithm>
#include <exception>
#include <filesystem>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/fit_file.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/inference/diagnostics.hpp"

#include "cli/command.hpp"
#include "cli/covariance_options.hpp"
#include "cli/fit_report.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

struct FitRequest {
  std::optional<std::vector<std::string>> inputs;
  std::vector<std::string> outputs{"y"};
  std::optional<std::string> weights;
  Shape hidden{4};
  Activation activation = Activation::tanh, output_activation = Activation::identity;
  bool bias = true;
  std::optional<std::string> from;
  double decay = 0, tolerance = 0;
  bool decay_biases = false;
  std::int64_t n_starts = 20, max_iterations = 1000, n_threads = 1;
  const InitialisationInfo* initialisation = &find_initialisation("lecun");
  const StrategyInfo* strategy = &find_strategy("layerwise");
  std::uint64_t seed = 1;
  double level = 0.95;
  std::optional<std::string> out, diagnostics;
  CovarianceChoice covariance;

  OptionTable options() {
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
    t.add("decay", "k of the penalty k |theta|^2, added to the sum of squares as it stands", decay,
          real_number(0, 1e300));
    t.add("decay_biases", "whether biases are penalised too", decay_biases, yes_or_no());
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
    covariance.add_options(t, "refuse, 1e-6, n_minus_rank, unknown");
    t.add(
        "out",
        "fit file to write, for jacobench interval; -: it is printed, and the report goes to standard error",
        out, value_or("none", text()));
    t.add("diagnostics",
          "CSV file to write: leverage and residuals of every observation; -: printed, as with --out",
          diagnostics, value_or("none", text()));
    return t;
  }
};

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

Perceptron network_of(const FitRequest& request, Index n_inputs, Index n_outputs) {
  return make_perceptron({.n_inputs = n_inputs,
                          .hidden = request.hidden,
                          .n_outputs = n_outputs,
                          .activation = request.activation,
                          .output_activation = request.output_activation,
                          .bias = request.bias ? Bias::present : Bias::none});
}

// The data and a network, not yet fitted, with parameters to start from where there are any.
struct Task {
  StoredFit stored;
  std::optional<Vector> start;
};

Task read_task(const std::string& file, const FitRequest& request) {
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
  Task task{{.fit = {.network = *network,
                     .theta = {},
                     .data = {.X = columns(inputs), .Y = columns(request.outputs)}},
             .inputs = inputs,
             .outputs = request.outputs,
             .source = std::filesystem::path(file).filename().string()},
            start};
  expect_apart(task.stored, request.weights);
  if (request.weights) task.stored.fit.data.weights = columns({*request.weights}).col(0);
  return task;
}

FitOptions fit_options(const FitRequest& request, const Perceptron& network,
                       const std::optional<Vector>& start) {
  const DecayOf decay_of = request.decay_biases ? DecayOf::weights_and_biases : DecayOf::weights;
  return {.start = start,
          .n_starts = request.n_starts,
          .initialisation = std::string(request.initialisation->name),
          .seed = request.seed,
          .decay = request.decay > 0 ? equal_decay(network, request.decay, decay_of) : Vector(),
          .max_iterations = request.max_iterations,
          .relative_offset = request.tolerance,
          .jacobian = {.strategy = std::string(request.strategy->name)},
          .n_threads = request.n_threads};
}

// One line an observation and output; what there is none of is empty.
std::string diagnostics_csv(const StoredFit& stored, const Diagnostics& d) {
  const Dataset& data = stored.fit.data;
  std::string csv;
  for (const std::string& input : stored.inputs) csv += csv_cell(input) + ',';
  csv += "output,observed,residual,leverage,studentised,deleted_studentised,leave_one_out\n";
  const auto cell = [](const std::optional<double>& value) {
    return ',' + (value ? exact_text(*value) : "");
  };
  const Index N = data.n_observations();
  for (Index k = 0; k < data.Y.cols(); ++k)
    for (Index n = 0; n < N; ++n) {
      const auto row = static_cast<std::size_t>(k * N + n);
      for (Index j = 0; j < data.X.cols(); ++j) csv += exact_text(data.X(n, j)) + ',';
      csv += csv_cell(stored.outputs[static_cast<std::size_t>(k)]) + cell(data.Y(n, k)) +
             cell(d.residuals[k * N + n]) + cell(d.leverages[k * N + n]) + cell(d.studentised[row]) +
             cell(d.deleted_studentised[row]) + cell(d.leave_one_out[row]) + '\n';
    }
  return csv;
}

// What the fit is written to beside its report.
struct Outputs {
  Outputs(const FitRequest& request, const std::vector<std::string>& inputs, std::ostream& standard_output) {
    if (request.out) fit.emplace("out", *request.out, inputs, standard_output);
    if (request.diagnostics)
      diagnostics.emplace("diagnostics", *request.diagnostics, inputs, standard_output);
    if (fit && diagnostics) diagnostics->expect_apart_from(*fit);
  }

  bool use_standard_output() const {
    return (fit && fit->is_standard_output()) || (diagnostics && diagnostics->is_standard_output());
  }

  std::optional<Output> fit, diagnostics;
};

void write(Output& output, const std::string& text) {
  output.stream() << text;
  output.commit();
}

}  // namespace

int fit_command(const Invocation& invocation) {
  FitRequest request;
  OptionTable options = request.options();
  const auto operands = read_operands(invocation, "fit", {&options});
  if (!operands) return all_well;
  if (operands->size() != 1)
    throw InputError("fit: one data file is wanted: jacobench fit DATA.csv --outputs y");
  const std::string& file = operands->front();
  auto [stored, start] = read_task(file, request);
  const Perceptron& network = stored.fit.network;
  if (!start && request.n_starts == 0)
    throw InputError("--starts: 0 and no --from: there is nothing to start from; give one of them");
  const FitOptions fit_how = fit_options(request, network, start);
  stored.how = request.covariance.options({});
  std::vector<std::string> read{file};
  if (request.from) read.push_back(*request.from);
  Outputs outputs(request, read, invocation.out);
  check_dataset(stored.fit.data, network,
                {.source = stored.source, .inputs = stored.inputs, .outputs = stored.outputs});

  stored.fit = fit(network, stored.fit.data, fit_how);
  Tangent at = linearise(stored.fit);
  const Covariance cov = covariance(at, stored.how.covariance(default_covariance(stored.fit)));
  print_fit_report(outputs.use_standard_output() ? invocation.err : invocation.out, stored, at, cov,
                   request.level);
  // The diagnostics first: where they cannot be written, the fit is not lost with them, nor they with the fit.
  std::exception_ptr problem;
  try {
    if (outputs.diagnostics && cov.ok())
      write(*outputs.diagnostics, diagnostics_csv(stored, diagnose(at, cov)));
    else if (outputs.diagnostics)
      harness::print(invocation.err, "{} is not written: without a covariance there are no diagnostics\n",
                     *request.diagnostics);
  } catch (...) {
    problem = std::current_exception();
  }
  if (outputs.fit) write(*outputs.fit, to_fit_text(stored));
  if (problem) std::rethrow_exception(problem);
  return stored.fit.has_converged() && cov.ok() ? all_well : not_all_well;
}

}  // namespace jacobench::cli
