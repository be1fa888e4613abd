// jacobench fit DATA.csv --outputs y [--inputs x] [--hidden 4] ... [--out fit.json]
#include <algorithm>
#include <exception>
#include <ostream>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/fit/reach.hpp"
#include "jacobench/inference/curvature.hpp"
#include "jacobench/inference/diagnostics.hpp"

#include "cli/command.hpp"
#include "cli/fit_report.hpp"
#include "cli/fit_tables.hpp"
#include "cli/fit_task.hpp"
#include "cli/fit_watch.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

// One line an observation and output; what there is none of is empty.
std::string diagnostics_csv(const StoredFit& stored, const Diagnostics& d) {
  const Matrix &X = stored.X(), &Y = stored.Y();
  std::string csv;
  for (const std::string& input : stored.inputs) csv += csv_cell(input) + ',';
  csv += "output,observed,residual,leverage,studentised,deleted_studentised,leave_one_out\n";
  const auto cell = [](const std::optional<double>& value) {
    return ',' + (value ? exact_text(*value) : "");
  };
  const Index N = X.rows();
  for (Index k = 0; k < Y.cols(); ++k) {
    const double unit = stored.output_map.is_identity() ? 1 : stored.output_map.scale[k];
    const auto in_units = [&](const std::optional<double>& error) {
      return error ? std::optional(unit * *error) : std::nullopt;
    };
    for (Index n = 0; n < N; ++n) {
      const auto row = static_cast<std::size_t>(k * N + n);
      for (Index j = 0; j < X.cols(); ++j) csv += exact_text(X(n, j)) + ',';
      csv += csv_cell(stored.outputs[static_cast<std::size_t>(k)]) + cell(Y(n, k)) +
             cell(in_units(d.residuals[k * N + n])) + cell(d.leverages[k * N + n]) +
             cell(d.studentised[row]) + cell(d.deleted_studentised[row]) +
             cell(in_units(d.leave_one_out[row])) + '\n';
    }
  }
  return csv;
}

// What the fit is written to beside its report.
struct Outputs {
  Outputs(const FitRequest& request, const std::vector<std::string>& inputs, std::ostream& standard_output) {
    if (request.out) fit.emplace("out", *request.out, inputs, standard_output);
    if (request.diagnostics)
      diagnostics.emplace("diagnostics", *request.diagnostics, inputs, standard_output);
    if (request.coefficients)
      coefficients.emplace("coefficients", *request.coefficients, inputs, standard_output);
    if (request.summary) summary.emplace("summary", *request.summary, inputs, standard_output);
    const std::vector<const Output*> given = all();
    for (std::size_t i = 0; i < given.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) given[i]->expect_apart_from(*given[j]);
  }

  bool use_standard_output() const {
    const std::vector<const Output*> given = all();
    return std::any_of(given.begin(), given.end(),
                       [](const Output* output) { return output->is_standard_output(); });
  }

  std::vector<const Output*> all() const {
    std::vector<const Output*> given;
    for (const std::optional<Output>* output : {&fit, &diagnostics, &coefficients, &summary})
      if (*output) given.push_back(&**output);
    return given;
  }

  std::optional<Output> fit, diagnostics, coefficients, summary;
};

// In the format that the name of the file ends with; CSV where it says none.
void write(Output& output, const std::string& name, const RowTable& table) {
  constexpr std::pair<std::string_view, std::string_view> formats[] = {
      {".json", "json"}, {".md", "markdown"}, {".tex", "latex"}, {".txt", "text"}, {"", "csv"}};
  for (const auto& [ending, format] : formats)
    if (name.ends_with(ending)) {
      find_by_name(table_format_table(), format, "format").write(output.stream(), table, {});
      return output.commit();
    }
}

// The report, as people or programs read it.
void print_report(const Invocation& invocation, std::ostream& out, const FitRequest& request,
                  const StoredFit& stored, Tangent& at, const Covariance& cov, const ReportOptions& options) {
  if (request.format->name == "text") return print_fit_report(out, stored, at, cov, options);
  const RowTable coefficients = coefficients_table(stored, at, cov, options);
  if (request.format->name == "json")
    harness::print(out, "{}\n",
                   json_text({{"summary", table_to_json(summary_table(stored, at, cov, options))},
                              {"coefficients", table_to_json(coefficients)}}));
  else
    request.format->write(out, coefficients, invocation.width);
}

void write(Output& output, const std::string& text) {
  output.stream() << text;
  output.commit();
}

// Fits with the decay that was given, or chooses one and says how.
std::optional<DecayChoice> fit_to(StoredFit& stored, const FitRequest& request,
                                  const std::optional<Vector>& start, FitWatch& watch) {
  const Fit& unfitted = stored.fit;
  FitOptions how = request.fit_options(unfitted.network, start);
  how.go_on = [&](const FitProgress& now) { return watch.go_on(now); };
  const DecayRule* rule = request.decay_rule();
  if (!rule) {
    stored.fit = fit(unfitted.network, unfitted.data, how);
    return {};
  }
  DecayChoice choice = choose_decay(unfitted.network, unfitted.data, how,
                                    {.rule = rule,
                                     .decay_of = request.decay_of(),
                                     .undecayed = stored.how.covariance(CovarianceKind::delta),
                                     .names = stored.names()});
  stored.take(choice.fit, choice.inputs, choice.outputs);
  stored.decay_origin = {
      .rule = std::string(rule->name), .k = choice.k, .effective_parameters = choice.effective_parameters};
  return choice;
}

}  // namespace

int fit_command(const Invocation& invocation) {
  FitRequest request;
  OptionTable own = request.options();
  const auto operands = read_operands(invocation, "fit", {&own});
  if (!operands) return all_well;
  if (operands->size() != 1)
    throw InputError("fit: one data file is wanted: jacobench fit DATA.csv --outputs y");
  const std::string& file = operands->front();
  FitTask task = read_fit_task(file, request);
  StoredFit& stored = task.stored;
  const std::optional<Vector>& start = task.start;
  if (!start && request.n_starts == 0)
    throw InputError("--starts: 0 and no --from: there is nothing to start from; give one of them");
  stored.how = in_units_of_network(request.how(), stored);
  std::vector<std::string> read{file};
  if (request.from) read.push_back(*request.from);
  Outputs outputs(request, read, invocation.out);
  for (const std::string& output : out_of_reach(stored.fit.network, stored.fit.data, stored.names()))
    harness::print(invocation.err, "{}\n", output);

  invocation.err << task.memory_in_words;
  ProgressDisplay display = invocation.progress;
  display.is_quiet = request.is_quiet;
  std::optional<FitWatch> watch(std::in_place, display);
  const std::optional<DecayChoice> choice = fit_to(stored, request, start, *watch);
  watch->finish();
  stored.covariance = default_covariance(stored.fit);
  // The files before the report, which may take long; where one of them cannot be written, the rest is not lost with
  // it.
  std::exception_ptr problem;
  const auto try_to = [&](const auto& write_it) {
    try {
      write_it();
    } catch (...) {
      problem = std::current_exception();
    }
  };
  const auto write_the_fit = [&] { write(*outputs.fit, to_fit_text(stored)); };
  const bool is_rewritten = outputs.fit && outputs.fit->is_regular();  // with the curvature
  const std::optional<int> signal = watch->signal();
  if (outputs.fit && (is_rewritten || signal)) try_to(write_the_fit);
  watch.reset();  // what follows ends at once by a signal: the fit is written
  if (signal) {
    if (problem) std::rethrow_exception(problem);
    harness::print(invocation.err, "interrupted: the fit is the best so far and has not settled{}\n",
                   request.out ? fmt::format("; it is in {0}, and --from {0} goes on", *request.out) : "");
    return 128 + *signal;
  }
  Tangent at = linearise(stored.fit);
  const Covariance cov = covariance(at, stored.how.covariance(*stored.covariance));
  if (cov.ok() && stored.fit.has_settled() && !stored.fit.has_decay())
    if (const Curvature bend = curvature(at, cov, {.level = request.level}); bend.is_finite())
      stored.curvature = bend;
  if (outputs.fit && !problem)
    try_to([&] {
      if (!is_rewritten)
        write_the_fit();
      else if (stored.curvature)
        write_fit(*request.out, stored);
    });
  if (outputs.diagnostics && cov.ok())
    try_to([&] { write(*outputs.diagnostics, diagnostics_csv(stored, diagnose(at, cov))); });
  else if (outputs.diagnostics)
    harness::print(invocation.err, "{} is not written: without a covariance there are no diagnostics\n",
                   *request.diagnostics);
  const ReportOptions options{.level = request.level, .choice = choice ? &*choice : nullptr};
  if (outputs.coefficients)
    try_to([&] {
      write(*outputs.coefficients, *request.coefficients, coefficients_table(stored, at, cov, options));
    });
  if (outputs.summary)
    try_to([&] { write(*outputs.summary, *request.summary, summary_table(stored, at, cov, options)); });
  print_report(invocation, outputs.use_standard_output() ? invocation.err : invocation.out, request, stored,
               at, cov, options);
  if (problem) std::rethrow_exception(problem);
  return stored.fit.has_settled() && cov.ok() ? all_well : not_all_well;
}

}  // namespace jacobench::cli
