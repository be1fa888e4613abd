// jacobench import NET.onnx --out MODEL.json [--check ROWS.csv --outputs NAMES]
#include <algorithm>
#include <cmath>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/files/onnx_model.hpp"

#include "cli/command.hpp"
#include "cli/csv_options.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

struct Check {
  std::optional<std::string> rows;  // file
  std::optional<std::vector<std::string>> inputs, outputs;
  CsvDialect dialect;
};

// Of the largest prediction; the source may have computed in the precision of its weights.
double tolerance_of(const OnnxModel& read) { return read.is_single ? 1e-6 : 1e-12; }

std::vector<std::string> input_columns(const Check& check, const Perceptron& network) {
  std::vector<std::string> inputs;
  const std::vector<std::string> columns = csv_columns(*check.rows, check.dialect);
  for (const std::string& column : columns)
    if (std::find(check.outputs->begin(), check.outputs->end(), column) == check.outputs->end())
      inputs.push_back(column);
  if (check.inputs) inputs = *check.inputs;
  const auto D = static_cast<std::size_t>(network.n_inputs()),
             K = static_cast<std::size_t>(network.n_outputs());
  if (inputs.size() != D || check.outputs->size() != K)
    throw InputError(
        "--check: {} has {} inputs and {} predictions, the network {} and {}; name the columns with --inputs "
        "and --outputs",
        *check.rows, inputs.size(), check.outputs->size(), D, K);
  return inputs;
}

// Returns how many rows there were.
Index hold_predictions(const OnnxModel& read, const Check& check) {
  if (!check.outputs)
    throw InputError("--check: needs the columns of the predictions; name them with --outputs");
  const std::vector<std::string> inputs = input_columns(check, read.scaled.model.network);
  const Matrix wanted = read_csv(*check.rows, *check.outputs, check.dialect);
  const Index n_rows = wanted.rows();
  if (n_rows == 0)
    throw InputError("{}: has no rows under its header to hold the network against", *check.rows);
  const Matrix got = evaluate(read.scaled, read_csv(*check.rows, inputs, check.dialect));
  const double allowed = tolerance_of(read) * wanted.cwiseAbs().maxCoeff();
  for (Index n = 0; n < n_rows; ++n)
    for (Index k = 0; k < wanted.cols(); ++k)
      if (!(std::abs(got(n, k) - wanted(n, k)) <= allowed))
        throw InputError(
            "{}: row {}: {} is {:.17g}, the network as it was read gives {:.17g}; no model is written",
            *check.rows, n + 1, (*check.outputs)[static_cast<std::size_t>(k)], wanted(n, k), got(n, k));
  return n_rows;
}

void print_what_was_read(std::ostream& out, const OnnxModel& read) {
  const ScaledModel& scaled = read.scaled;
  print(out, "network     {}, {} parameters", to_string(scaled.model.network),
        scaled.model.network.n_params());
  for (const Layer& layer : scaled.model.network.layers())
    print(out, "{}{}", layer.weights_at == 0 ? "; " : ", ", info(layer.activation).name);
  print(out, "\n");
  if (!scaled.inputs.is_identity()) print(out, "inputs      scaled before the network, by a fixed layer\n");
  if (!scaled.outputs.is_identity()) print(out, "outputs     scaled behind the network, by a fixed layer\n");
  if (read.is_single)
    print(out,
          "precision   weights are of single precision, and are widened: they are not quite at a minimum\n");
}

}  // namespace

int import_command(const Invocation& invocation) {
  std::optional<std::string> out;
  Check check;
  OptionTable options;
  options.add("out", "model file to write; -: printed, and what was read goes to standard error", out,
              value_or("-", text()));
  options.add("check",
              "CSV file of rows with the source's own predictions, which the network is held against",
              check.rows, value_or("none", text()));
  options.add("inputs", "columns of those rows that are inputs; auto: all but the predictions", check.inputs,
              value_or("auto", list_of(text())));
  options.add("outputs", "columns of those rows that are predictions", check.outputs,
              value_or("none", list_of(text())));
  add_csv_options(options, check.dialect);
  const auto operands = read_operands(invocation, "import", {&options});
  if (!operands) return all_well;
  if (operands->size() != 1)
    throw InputError("import: one ONNX file is wanted: jacobench import NET.onnx --out MODEL.json");
  const OnnxModel read = read_onnx_model(std::filesystem::path(operands->front()));
  std::optional<Index> n_held;
  if (check.rows) n_held = hold_predictions(read, check);
  Output output("out", out.value_or("-"), {operands->front(), check.rows.value_or("")}, invocation.out);
  output.stream() << to_scaled_model_text(read.scaled);
  output.commit();
  std::ostream& said = output.is_standard_output() ? invocation.err : invocation.out;
  print_what_was_read(said, read);
  if (n_held)
    print(said, "checked     {} rows, to {:g} of the largest prediction\n", *n_held, tolerance_of(read));
  else
    print(said, "checked     nothing: --check ROWS.csv holds it against predictions of the source\n");
  return all_well;
}

}  // namespace jacobench::cli
