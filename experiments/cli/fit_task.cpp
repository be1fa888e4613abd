#include "cli/fit_task.hpp"

#include <algorithm>
#include <filesystem>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/inference/memory_needs.hpp"

#include "run/memory.hpp"

namespace jacobench::cli {

using namespace harness;

namespace {

// How many starts are to reach the best optimum. If the first five all reach the same one, another reaches a new one
// with a probability of a tenth (StartSummary::chance_of_new). How low that ends beside other solvers is in
// results/solvers.
constexpr Index enough_at_best = 5;

// Of a column of words every word is an input but the first, as of the factors of R. What has more of them, or one a
// row, names observations.
constexpr std::size_t most_words = 20;

void add_words(const std::string& file, const std::vector<std::string>& columns, const WordColumn& column,
               std::vector<std::string>& inputs) {
  const bool is_only_column = columns.size() == 1 && column.name.find(' ') != column.name.npos;
  if (column.words.size() > most_words || std::ssize(column.words) == column.n_cells)
    throw InputError("{}: column {} holds {} different words in {} rows, {} among them; {}", file,
                     column.name, column.words.size(), column.n_cells, column.words.front(),
                     is_only_column ? "where blanks separate the columns say --separator blank"
                                    : "choose the columns with --inputs");
  for (std::size_t w = 1; w < column.words.size(); ++w) {
    inputs.push_back(column.name + "=" + column.words[w]);
    if (std::find(columns.begin(), columns.end(), inputs.back()) != columns.end())
      throw InputError("{}: column {} is called like the word {} of column {}; rename one", file,
                       inputs.back(), column.words[w], column.name);
  }
}

// Inputs in place of the names of those columns.
std::vector<std::string> with_words(const std::string& file, const std::vector<std::string>& names,
                                    const std::vector<WordColumn>& words,
                                    const std::vector<std::string>& columns) {
  std::vector<std::string> inputs;
  for (const std::string& name : names) {
    const auto column = std::find_if(words.begin(), words.end(),
                                     [&](const WordColumn& candidate) { return candidate.name == name; });
    if (column == words.end())
      inputs.push_back(name);
    else
      add_words(file, columns, *column, inputs);
  }
  if (inputs.empty())
    throw InputError(
        "{}: column {} holds the same word in every row, which tells nothing; choose others with --inputs",
        file, names.front());
  return inputs;
}

// Those that inputs are asked of.
std::vector<WordColumn> asked_of(std::vector<WordColumn> columns, const std::vector<std::string>& inputs) {
  std::erase_if(columns, [&](const WordColumn& column) {
    return std::none_of(inputs.begin(), inputs.end(),
                        [&](const std::string& input) { return input.starts_with(column.name + "="); });
  });
  return columns;
}

std::vector<std::string> input_columns(const std::string& file, const FitRequest& request) {
  if (request.inputs) return *request.inputs;
  std::vector<std::string> others = columns_of(file, request.outputs, request.dialect);
  if (request.weights) others.push_back(columns_of(file, {*request.weights}, request.dialect).front());
  std::vector<std::string> inputs;
  const std::vector<std::string> columns = csv_columns(file, request.dialect);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].empty())
      throw InputError("{}: column {} has no name; name it, or say which columns are inputs with --inputs",
                       file, c + 1);
    if (std::find(others.begin(), others.end(), columns[c]) == others.end()) inputs.push_back(columns[c]);
  }
  if (inputs.empty()) throw InputError("{}: no column is left for the inputs; name them with --inputs", file);
  return inputs;
}

// Of an output NAME=WORD and weights, the whole column NAME is no input either.
void expect_apart(const std::string& file, const std::vector<std::string>& inputs,
                  const FitRequest& request) {
  const std::vector<std::string> input_columns = columns_of(file, inputs, request.dialect),
                                 output_columns = columns_of(file, request.outputs, request.dialect);
  for (std::size_t k = 0; k < output_columns.size(); ++k)
    if (std::find(input_columns.begin(), input_columns.end(), output_columns[k]) != input_columns.end())
      throw InputError("--outputs: {} is an input as well; a column is one or the other", request.outputs[k]);
  if (!request.weights) return;
  const std::string weights = columns_of(file, {*request.weights}, request.dialect).front();
  for (const auto* columns : {&input_columns, &output_columns})
    if (std::find(columns->begin(), columns->end(), weights) != columns->end())
      throw InputError("--weights: {} is an input or output as well; a column is one of them",
                       *request.weights);
}

// What the fit takes, and then what is inferred from it. Of a decay that is to be chosen any will do.
std::string expect_memory(const Fit& fit, const FitRequest& request) {
  constexpr double vectors = 20;  // of parameters, that any fit takes
  const std::string what = fmt::format("{} values of {} parameters", fit.n_values(), fit.n_params());
  expect_memory_for(what, sizeof(double) * vectors * static_cast<double>(fit.n_params()),
                    "make --hidden smaller");
  const double* k = std::get_if<double>(&request.decay);
  const Vector decay = k ? equal_decay(fit.network, *k, request.decay_of())
                         : standardised_decay(fit.network, fit.data, 1, request.decay_of());
  const ProblemSize size(fit.network, fit.n_values(), decay, request.form, request.output_noise);
  std::string remedy;
  if (size.form != StepForm::normal && size.n_penalised < size.n_params)
    remedy = "put the decay on the biases too (--decay_biases yes), which then takes less; or ";
  else if (size.form != StepForm::normal && size.has_own_noise)
    remedy = "give all outputs one noise (--output_noise shared), which then takes less; or ";
  return expect_memory_for(
      what, std::max(memory_of_fit(size, request.n_threads), memory_of_inference(size, Inference::usual)),
      remedy + "make --hidden smaller, or give fewer observations");
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
  t.add(
      "inputs",
      "columns of the data that are inputs, of a column of words each word but the first; auto: all that are "
      "neither outputs nor weights" +
          std::string(names_help),
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
  t.add("output_noise",
        "of several outputs: whether each has a noise of its own, all have one standard deviation, or their "
        "noise is correlated",
        output_noise, one_of(output_noise_table(), &OutputNoiseInfo::noise));
  t.add("from", "model file, or fit file to go on with, to start from, which then says what the network is",
        from, value_or("none", text()));
  t.add(
      "decay",
      "k of the penalty k |theta|^2, added to the sum of squares as it stands; or how it is chosen, then of "
      "standardised data (jacobench list decay_rules)",
      decay, value_or_one_of(real_number(0, 1e300), decay_rule_table()));
  t.add("decay_biases", "whether biases are penalised too; auto: where the decay is chosen", decay_biases,
        value_or("auto", yes_or_no()));
  t.add("starts",
        fmt::format(
            "drawn starts; auto: until {} of them have reached the best optimum, units being drawn anew from "
            "where each leads",
            enough_at_best),
        n_starts, value_or("auto", whole_number(0, 100'000)));
  t.add("most_starts", "drawn starts at most, where --starts is auto", most_starts, whole_number(1, 100'000));
  t.add("initialisation", "how starts are drawn", initialisation, one_of(initialisation_table()));
  t.add("seed", "seed of the starts", seed, whole_number<std::uint64_t>(0, UINT64_MAX));
  t.add("max_iterations",
        "of each start, of all that is tried from it where --starts is auto; 0: parameters stay as they are, "
        "and "
        "the report says how far from a minimum",
        max_iterations, whole_number(0, 1'000'000));
  t.add("tolerance", "relative offset of Bates and Watts at which a fit stops; 0: where rounding stops it",
        tolerance, real_number(0, 0.1));
  t.add("strategy", "how the Jacobian is computed (jacobench list strategies)", strategy,
        one_of(strategy_table()));
  t.add("form", "of the equations of a step, and of the intervals after it", form,
        one_of(step_form_table(), &StepFormInfo::form));
  t.add("threads", "threads over which the starts are spread", n_threads, whole_number(1, 1024));
  t.add("level", "level of the parameter intervals", level, real_number(0.01, 0.999999));
  covariance.add_options(
      t, {.rank_policy = "pseudo_inverse", .ridge = "1e-6", .dof = "n_minus_trace", .sigma = "not known"});
  add_csv_options(t, dialect);
  t.add("out",
        "fit file to write, for jacobench interval; -: it is printed, and the report goes to standard error",
        out, value_or("none", text()));
  t.add("diagnostics",
        "CSV file to write: leverage and residuals, in the units of the data, of every observation; -: "
        "printed, as with --out",
        diagnostics, value_or("none", text()));
  t.add("coefficients",
        "file to write, one row a parameter, as its name ends: .json, .md, .tex, else CSV; -: printed, as "
        "with --out",
        coefficients, value_or("none", text()));
  t.add("summary", "the same of the fit as a whole: one row", summary, value_or("none", text()));
  t.add(
      "format",
      "how the report is printed: text in words, json its summary and coefficients, others the coefficients",
      format, one_of(table_format_table()));
  t.add_flag("quiet", "show no progress", is_quiet);
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
          .n_starts = n_starts.value_or(most_starts),
          .n_wanted_at_best = n_starts ? std::nullopt : std::optional(enough_at_best),
          .initialisation = std::string(initialisation->name),
          .seed = seed,
          .decay = k && *k > 0 ? equal_decay(network, *k, decay_of()) : Vector(),
          .output_noise = output_noise,
          .max_iterations = max_iterations,
          .relative_offset = tolerance,
          .jacobian = {.strategy = std::string(strategy->name)},
          .form = form,
          .n_threads = n_threads};
}

FitTask read_fit_task(const std::string& file, const FitRequest& request) {
  const std::vector<std::string> chosen = input_columns(file, request);
  const std::vector<WordColumn> words = word_columns(file, chosen, request.dialect);
  const std::vector<std::string> inputs = with_words(file, chosen, words, csv_columns(file, request.dialect));
  expect_apart(file, inputs, request);
  std::vector<std::string> names = inputs;
  const auto D = static_cast<Index>(inputs.size()), K = static_cast<Index>(request.outputs.size());
  names.insert(names.end(), request.outputs.begin(), request.outputs.end());
  if (request.weights) names.push_back(*request.weights);
  CsvColumns columns(file, names, request.dialect);
  const Matrix table = columns.read(columns.n_rows());
  std::optional<ScaledModel> scaled;
  if (request.from) {
    scaled = read_scaled_model(*request.from);
    const Perceptron& its = scaled->model.network;
    if (its.n_inputs() != D || its.n_outputs() != K)
      throw InputError(
          "--from: {} has {} inputs and {} outputs, the data {} and {}; name the columns with --inputs "
          "and --outputs",
          *request.from, its.n_inputs(), its.n_outputs(), D, K);
    if (!(scaled->outputs.scale.array() > 0).all())
      throw InputError("--from: {} scales an output by a negative number; put its sign into the last layer",
                       *request.from);
  } else {
    const Perceptron network = network_of(request, D, K);
    scaled = ScaledModel{.model = {.network = network, .theta = {}}};
  }
  FitTask task{{.fit = {.network = scaled->model.network, .theta = {}, .data = {}},
                .inputs = inputs,
                .outputs = request.outputs,
                .source = std::filesystem::path(file).filename().string(),
                .n_left_out = columns.n_left_out(),
                .words = asked_of(words, inputs),
                .input_map = scaled->inputs,
                .output_map = scaled->outputs},
               {}};
  task.stored.set_columns(table.leftCols(D), table.middleCols(D, K));
  if (request.from) task.start = scaled->model.theta;
  if (request.weights) task.stored.fit.data.weights = table.col(D + K);
  if (table.rows() == 0 && columns.n_left_out() > 0)
    throw InputError("{}: every row has a missing value in a column that is used; choose other columns",
                     file);
  check_dataset(task.stored.fit.data, task.stored.fit.network, task.stored.names());
  task.memory_in_words = expect_memory(task.stored.fit, request);
  return task;
}

}  // namespace jacobench::cli
