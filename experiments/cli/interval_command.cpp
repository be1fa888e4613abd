// jacobench interval FIT.json [--at new.csv|grid|data] [--method delta,...] [--kind mean,prediction] [--out bands.csv]
// [--format csv|json|...]
#include <algorithm>
#include <cmath>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/files/fit_file.hpp"
#include "jacobench/inference/interval_method.hpp"
#include "jacobench/inference/memory_needs.hpp"

#include "cli/command.hpp"
#include "cli/covariance_options.hpp"
#include "cli/csv_options.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"
#include "report/table.hpp"
#include "run/memory.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

constexpr auto before_first = std::chrono::milliseconds(500),
               between_redraws = std::chrono::milliseconds(200);

struct Request {
  std::string at = "grid";
  std::int64_t n_grid = 101;
  double level = 0.95;
  std::optional<std::vector<IntervalKind>> kinds;
  std::optional<std::vector<const IntervalMethod*>> methods;
  Simultaneous simultaneous = Simultaneous::none;
  Sides sides = Sides::both;
  std::optional<std::vector<double>> input_noise;
  std::optional<std::string> weights;
  std::optional<double> new_weight;
  StepForm form = StepForm::automatic;
  std::int64_t n_replicates = 999, n_folds = 10, n_threads = 1, max_refit_iterations = 200;
  std::uint64_t seed = 1;
  bool take_unsettled = false;
  std::optional<std::string> out;
  const TableFormat* format = &find_by_name(table_format_table(), "csv", "format");
  bool is_quiet = false;
  CovarianceChoice covariance;
  CsvDialect dialect;  // of the points

  OptionTable options() {
    OptionTable t;
    t.add("at",
          "where: a CSV file with the inputs' columns; grid: over the range of one input; data: the data's "
          "rows",
          at, text());
    t.add("grid_points", "points of the grid", n_grid, whole_number(2, 1'000'000));
    t.add("level", "level of the intervals", level, real_number(0.01, 0.999999));
    t.add("kind", "of the mean, of a new observation; auto: what each method gives of the two", kinds,
          value_or("auto", list_of(one_of(interval_kind_table(), &IntervalKindInfo::kind))));
    t.add("method",
          "ways to the intervals, one after the other (jacobench list interval_methods); auto: the one that "
          "the fit was reported with",
          methods, value_or("auto", list_of(one_of(interval_method_table()))));
    t.add("simultaneous", "whether the level holds at all points at once, and how", simultaneous,
          one_of(simultaneous_table(), &SimultaneousInfo::method));
    t.add("sides", "both, or a lower or upper bound alone", sides, one_of(sides_table(), &SidesInfo::sides));
    t.add("input_noise",
          "standard deviations of independent noise on the inputs, one an input, to be propagated",
          input_noise, value_or("none", sequence_of(real_number(0, 1e300))));
    t.add("weights", "column of the file of points: the weight of a new observation at each", weights,
          value_or("none", text()));
    t.add("new_weight",
          "weight of a new observation, at every point; auto: with --at data each row's own, and of a fit "
          "without "
          "weights 1",
          new_weight, value_or("auto", real_number(1e-100, 1e100)));
    t.add("form", "in which J'J + K is inverted; auto: as the steps of the fit were solved for", form,
          one_of(step_form_table(), &StepFormInfo::form));
    t.add("replicates", "of a bootstrap", n_replicates, whole_number(20, 1'000'000));
    t.add("folds", "of cv_plus", n_folds, whole_number(2, 1'000'000));
    t.add("refit_iterations", "iterations that a refit may take", max_refit_iterations,
          whole_number(1, 1'000'000));
    t.add("seed", "seed of what is drawn: bootstraps, sup_t, split_conformal, cv_plus", seed,
          whole_number<std::uint64_t>(0, UINT64_MAX));
    t.add("threads", "threads of what fits again", n_threads, whole_number(1, 1024));
    t.add("unsettled", "whether to go on with a fit that has not settled", take_unsettled, yes_or_no());
    const std::string its = "as the fit had it";
    covariance.add_options(t, {.rank_policy = its, .ridge = its, .dof = its, .sigma = its});
    add_csv_options(t, dialect);
    t.add("out", "file to write, or a pipe or device; -: printed", out, value_or("-", text()));
    t.add("format", "how it is written", format, one_of(table_format_table()));
    t.add_flag("quiet", "show no progress", is_quiet);
    return t;
  }

  // In the units of the network.
  Matrix input_noise_covariance(const AffineMap& input_map) const {
    if (!input_noise) return {};
    Vector sd = Eigen::Map<const Vector>(input_noise->data(), static_cast<Index>(input_noise->size()));
    if (!input_map.is_identity()) sd.array() *= input_map.scale.array();
    return sd.cwiseAbs2().asDiagonal();
  }

  IntervalOptions how(const StoredFit& stored) const {
    IntervalOptions options =
        in_units_of_network(covariance.options(in_units_of_data(stored.how, stored)), stored);
    options.input_noise = input_noise_covariance(stored.input_map);
    options.n_refits = n_replicates;
    options.n_folds = n_folds;
    options.n_threads = n_threads;
    options.max_refit_iterations = max_refit_iterations;
    return options;
  }

  BandRequest band(IntervalKind kind) const {
    return {.kind = kind, .level = level, .simultaneous = simultaneous, .sides = sides};
  }

  // What is wanted, in the order of the table.
  std::vector<IntervalKindInfo> wanted_kinds() const {
    std::vector<IntervalKindInfo> wanted;
    for (const IntervalKindInfo& kind : interval_kind_table())
      if (!kinds || std::find(kinds->begin(), kinds->end(), kind.kind) != kinds->end())
        wanted.push_back(kind);
    return wanted;
  }
};

// Where bands are wanted, in the units of the data, and what observations to come weigh there
// (IntervalOptions::new_weights).
struct Points {
  Matrix X;
  Vector weights = {};
};

Points points_in_file(const Request& request, const StoredFit& stored, std::ostream& err) {
  std::vector<std::string> names = stored.inputs;
  if (request.weights) names.push_back(*request.weights);
  CsvColumns columns(request.at, names, request.dialect, stored.words);
  if (columns.n_rows() == 0)
    throw InputError("{}: has no rows under its header; give it one row a point", request.at);
  if (columns.n_left_out() > 0)
    harness::print(err, "{}: {}\n", request.at, left_out_text(columns.n_left_out()));
  const Matrix table = columns.read(columns.n_rows());
  Points points{.X = table.leftCols(std::ssize(stored.inputs))};
  if (!request.weights) return points;
  points.weights = table.rightCols(1);
  for (Index m = 0; m < points.weights.size(); ++m)
    if (!(points.weights[m] > 0 && std::isfinite(points.weights[m])))
      throw InputError("{} row {}, {}: {} is not a positive finite weight; correct or remove the row",
                       request.at, m + 1, *request.weights, points.weights[m]);
  return points;
}

Points points_of(const Request& request, const StoredFit& stored, std::ostream& err) {
  const bool is_file = request.at != "data" && request.at != "grid";
  if (request.weights && request.new_weight)
    throw InputError("--weights and --new_weight: each says what a new observation weighs; give one of them");
  if (request.weights && !is_file)
    throw InputError("--weights: {} is a column of a file of points, and --at {} is none; give --at FILE.csv",
                     *request.weights, request.at);
  if (request.at == "grid" && stored.inputs.size() != 1)
    throw InputError("--at grid: takes one input, the fit has {}; give a CSV file of points, or data",
                     stored.inputs.size());
  Points points;
  if (is_file) {
    points = points_in_file(request, stored, err);
  } else {
    points = {.X = stored.X(), .weights = stored.fit.data.weights};
    if (request.at == "grid")
      points = {.X = Vector::LinSpaced(request.n_grid, points.X.minCoeff(), points.X.maxCoeff())};
  }
  if (request.new_weight) points.weights = Vector::Constant(1, *request.new_weight);
  return points;
}

void scale_outputs(Answers& answers, const AffineMap& output_map) {
  if (output_map.is_identity()) return;
  for (Answer& answer : answers.bands) {
    Band& band = answer.band;
    if (band.se.size() > 0) band.se *= output_map.scale.asDiagonal();
    for (Matrix* bound : {&band.lower, &band.upper})
      if (bound->size() > 0) *bound = output_map.of(*bound);
  }
  if (answers.output_sigmas.size() > 0) answers.output_sigmas.array() *= output_map.scale.array();
  if (output_map.scale.size() == 1) answers.sigma *= output_map.scale[0];
}

std::string expect_memory(const Fit& fit, const Request& request) {
  const auto inference_of = [](const IntervalMethod* method) {
    if (!method->covariance || info(*method->covariance).decay == Decay::ignored)
      return Inference::by_jacobian;
    return needs_second_derivatives(*method->covariance) ? Inference::by_second_derivatives
                                                         : Inference::usual;
  };
  Inference most = Inference::usual;
  if (request.methods)
    for (const IntervalMethod* method : *request.methods) most = std::max(most, inference_of(method));
  constexpr std::string_view remedies[] = {"fit fewer parameters",
                                           "choose a covariance of a fit with decay: ridge",
                                           "choose methods without second derivatives"};
  return expect_memory_for(
      fmt::format("intervals of {} parameters from {} values", fit.n_params(), fit.n_values()),
      memory_of_inference(ProblemSize(fit.network, fit.n_values(), fit.decay, fit.form), most),
      remedies[static_cast<std::size_t>(most)]);
}

// What one method gives of each wanted kind.
struct MethodAnswers {
  const IntervalMethod* method;
  Answers answers;
};

// What is to be known of how the fit ended, one line; nothing of one that has settled.
std::string caveat(const StoredFit& stored) {
  const std::optional<FitEnd>& end = stored.fit.end;
  if (!end) return "the fit file does not say whether the fit has settled";
  if (end->has_settled()) return {};
  const std::string move =
      end->remaining
          ? fmt::format(": an estimate would move by {:.2g} of its standard error", end->remaining->move)
          : "";
  return fmt::format("the fit has not settled{} ({}); fit again, or take it as it is with --unsettled yes",
                     move, explanation(end->stop));
}

// Of a fit that none are made of.
MethodAnswers refused(const IntervalMethod& method, const Request& request, const std::string& reason) {
  MethodAnswers none{&method, {}};
  none.answers.bands.assign(request.wanted_kinds().size(), Answer{{}, reason});
  return none;
}

MethodAnswers answers_of(const IntervalMethod& method, const Request& request, const IntervalOptions& how,
                         Tangent& at, NewPoints& points) {
  std::vector<BandRequest> bands;
  for (const IntervalKindInfo& kind : request.wanted_kinds()) bands.push_back(request.band(kind.kind));
  return {&method, jacobench::answers_of(method, bands, how, at, points, request.seed)};
}

const IntervalMethod& own_method(const StoredFit& stored) {
  return stored.covariance ? find_interval_method(info(*stored.covariance).name)
                           : default_interval_method(stored.fit);
}

std::vector<MethodAnswers> all_answers(const Request& request, const StoredFit& stored,
                                       const Vector& new_weights, Tangent& at, NewPoints& points,
                                       ProgressDisplay display) {
  IntervalOptions how = request.how(stored);
  how.new_weights = new_weights;
  const bool is_taken = request.take_unsettled || !stored.fit.end || stored.fit.has_settled();
  display.is_quiet = request.is_quiet;
  std::vector<MethodAnswers> all;
  for (const IntervalMethod* method : request.methods.value_or(std::vector{&own_method(stored)})) {
    StatusLine line(display);
    how.watch = [&](Index n_done, Index n_all) {
      if (line.elapsed() < before_first || !line.is_due(between_redraws)) return;
      line.show(method->name + ": " +
                counted_text("refits", static_cast<double>(n_done), static_cast<double>(n_all), 0,
                             line.elapsed(), line.room()));
    };
    all.push_back(is_taken ? answers_of(*method, request, how, at, points)
                           : refused(*method, request, caveat(stored)));
    line.clear();
  }
  return all;
}

// s and its degrees of freedom; of each output where it has its own; nothing of a method without.
std::string sigma_in_words(const Answers& answers, const std::vector<std::string>& outputs) {
  if (!(answers.dof > 0)) return {};
  const auto words = [](double sigma, double dof) {
    return fmt::format("s = {:.6g} on {:.6g} degrees of freedom", sigma, dof);
  };
  if (answers.output_dofs.size() == 0) return words(answers.sigma, answers.dof);
  std::vector<std::string> all;
  for (Index k = 0; k < answers.output_dofs.size(); ++k)
    all.push_back(fmt::format("{}: {}", outputs[static_cast<std::size_t>(k)],
                              words(answers.output_sigmas[k], answers.output_dofs[k])));
  return joined(all, "; ");
}

std::string multiplier_in_words(const Band& band) {
  const Multiplier& q = band.multiplier;
  if (!(q.value > 0)) return {};
  return fmt::format("multiplier {:.5g}", q.value) +
         (q.simulation_error > 0 ? fmt::format(" (simulated, +- {:.1g})", q.simulation_error) : "");
}

// Those why there are no bands, each once.
std::vector<std::string> reasons_of(const std::vector<Answer>& bands) {
  std::vector<std::string> reasons;
  for (const Answer& answer : bands)
    if (!answer.reason.empty() && std::find(reasons.begin(), reasons.end(), answer.reason) == reasons.end())
      reasons.push_back(answer.reason);
  return reasons;
}

// For people, beside the bands.
std::string remark_on(const MethodAnswers& its, const Request& request,
                      const std::vector<std::string>& outputs) {
  const std::vector<Answer>& bands = its.answers.bands;
  const auto first =
      std::find_if(bands.begin(), bands.end(), [](const Answer& answer) { return answer.reason.empty(); });
  if (first == bands.end())
    return fmt::format("{}: no intervals: {}", its.method->name, joined(reasons_of(bands), "; "));
  std::vector<std::string> remarks;
  for (const std::string& words :
       {sigma_in_words(its.answers, outputs), multiplier_in_words(first->band), its.answers.remark})
    if (!words.empty()) remarks.push_back(words);
  const std::vector<IntervalKindInfo> kinds = request.wanted_kinds();
  for (std::size_t b = 0; b < bands.size(); ++b)
    if (!bands[b].reason.empty()) remarks.push_back(fmt::format("no {}: {}", kinds[b].name, bands[b].reason));
  return fmt::format("{}: {}", its.method->name, joined(remarks, "; "));
}

// The entry, where the band has such entries and this one is finite.
Value value_at(const Matrix& part, Index m, Index k) {
  return part.size() > 0 ? to_value(part(m, k)) : Value();
}

// Whether some standard error or interval of output k at point m is exactly zero.
bool is_without_error(const Answers& answers, Index m, Index k) {
  return std::any_of(answers.bands.begin(), answers.bands.end(), [&](const Answer& answer) {
    const Band& band = answer.band;
    return (band.se.size() > 0 && band.se(m, k) == 0) ||
           (band.lower.size() > 0 && band.upper.size() > 0 && band.lower(m, k) == band.upper(m, k));
  });
}

// Why a line has empty cells, and the refits that its bounds are not from.
std::string reason_at(const Answers& answers, Index point, Index output, Sides sides) {
  if (!answers.open.empty() && !answers.open[static_cast<std::size_t>(point)].empty())
    return answers.open[static_cast<std::size_t>(point)];
  std::vector<std::string> reasons = reasons_of(answers.bands);
  if (!answers.refits.are_complete() && !answers.remark.empty()) reasons.push_back(answers.remark);
  if (!reasons.empty()) return joined(reasons, "; ");
  if (is_without_error(answers, point, output))
    return "no parameter has an effect on the network here: it has this value whatever they are";
  if (sides != Sides::both) return "a bound on one side was asked for";
  const bool has_se = std::all_of(answers.bands.begin(), answers.bands.end(),
                                  [](const Answer& answer) { return answer.band.se.size() > 0; });
  return has_se ? "" : "this method has bounds and no standard errors";
}

// The unit that the name of a column ends with, in brackets or behind a comma: "yield [t/ha]", "yield (t/ha)", "Temp,
// C".
std::string unit_in_name(const std::string& name) {
  for (const auto& [open, close] : {std::pair{'[', ']'}, {'(', ')'}})
    if (const std::size_t begin = name.rfind(open); name.ends_with(close) && begin != std::string::npos)
      return name.substr(begin + 1, name.size() - begin - 2);
  const std::size_t comma = name.rfind(", ");
  return comma == std::string::npos ? "" : name.substr(comma + 2);
}

ColumnList band_columns(const StoredFit& stored, const Request& request) {
  const std::string unit = stored.outputs.size() == 1 ? unit_in_name(stored.outputs.front()) : "";
  ColumnList columns;
  const auto add = [&](const std::string& name, ColumnRole role, const std::string& its_unit, bool is_answer,
                       const std::string& meaning) {
    columns.push_back({.name = name,
                       .heading = name,
                       .unit = its_unit,
                       .role = role,
                       .digits = 6,
                       .is_answer = is_answer,
                       .meaning = meaning});
  };
  add("method", ColumnRole::identity, "", false, "jacobench list interval_methods");
  for (const std::string& input : stored.inputs)
    add(input, ColumnRole::identity, unit_in_name(input), false, "where");
  add("output", ColumnRole::identity, "", false, "of what");
  add("fit", ColumnRole::measure, unit, true, "the fitted value");
  for (const IntervalKindInfo& kind : request.wanted_kinds()) {
    const std::string name(kind.name), what(kind.summary);
    add("se_" + name, ColumnRole::measure, unit, false, "standard error of " + what);
    add(name + "_lower", ColumnRole::measure, unit, true,
        fmt::format("lower bound of {}, level {:g}", what, request.level));
    add(name + "_upper", ColumnRole::measure, unit, true,
        fmt::format("upper bound of {}, level {:g}", what, request.level));
  }
  add("unit", ColumnRole::measure, "", false,
      "of the fit, its errors and its bounds, as the column of the data has it");
  add("reason", ColumnRole::measure, "", true, "why a figure is missing");
  return columns;
}

// A row for each method, point and output.
template <class Take>
void for_each_row(const std::vector<MethodAnswers>& all, const Matrix& X, const Matrix& values,
                  const StoredFit& stored, const Request& request, const Take& take) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
  Row row;
  for (const auto& [method, answers] : all)
    for (Index m = 0; m < X.rows(); ++m)
      for (Index k = 0; k < values.cols(); ++k) {
        const std::string& output = stored.outputs[static_cast<std::size_t>(k)];
        row.values = {method->name};
        for (Index d = 0; d < X.cols(); ++d) row.values.push_back(to_value(X(m, d)));
        row.values.insert(row.values.end(), {output, to_value(values(m, k))});
        for (const auto& [band, reason] : answers.bands)
          for (const Matrix* part : {&band.se, &band.lower, &band.upper})
            row.values.push_back(value_at(*part, m, k));
        row.values.push_back(text_or_null(unit_in_name(output)));
        row.values.push_back(text_or_null(reason_at(answers, m, k, request.sides)));
        take(row);
      }
}

// CSV is written line by line: a band at a million points takes no more memory than its bounds.
void write_bands(const Invocation& invocation, Output& output, const std::vector<MethodAnswers>& all,
                 const Matrix& X, const Matrix& values, const StoredFit& stored, const Request& request) {
  RowTable table{.columns = band_columns(stored, request), .rows = {}, .rows_have_status = false};
  if (request.format->name == "csv") {
    const CsvWriter writer(output.stream(), table.columns, table.rows_have_status);
    for_each_row(all, X, values, stored, request, [&](const Row& row) { writer.write(row); });
  } else {
    for_each_row(all, X, values, stored, request, [&](const Row& row) { table.rows.push_back(row); });
    request.format->write(output.stream(), table,
                          output.is_standard_output() ? invocation.width : std::nullopt);
  }
  output.commit();
}

// Whether every band that was asked for is there, at every point; where no kind was named, one of each method.
bool is_complete(const std::vector<MethodAnswers>& all, const Request& request) {
  return std::all_of(all.begin(), all.end(), [&](const MethodAnswers& its) {
    const std::vector<Answer>& bands = its.answers.bands;
    const std::vector<std::string>& open = its.answers.open;
    const auto n_there =
        std::count_if(bands.begin(), bands.end(), [](const Answer& answer) { return answer.reason.empty(); });
    const bool has_open_points =
        std::any_of(open.begin(), open.end(), [](const std::string& reason) { return !reason.empty(); });
    return !has_open_points && (request.kinds ? n_there == std::ssize(bands) : n_there > 0);
  });
}

}  // namespace

int interval_command(const Invocation& invocation) {
  Request request;
  OptionTable options = request.options();
  const auto operands = read_operands(invocation, "interval", {&options});
  if (!operands) return all_well;
  if (operands->size() != 1)
    throw InputError("interval: one fit file is wanted: jacobench interval FIT.json (made by jacobench fit)");
  StoredFit stored = read_fit(operands->front());
  if (request.form != StepForm::automatic) stored.fit.form = request.form;
  Output output("out", request.out.value_or("-"), {operands->front(), request.at}, invocation.out);
  if (request.input_noise && request.input_noise->size() != stored.inputs.size())
    throw InputError("--input_noise: has {} entries, the fit {} inputs; give one standard deviation an input",
                     request.input_noise->size(), stored.inputs.size());
  invocation.err << expect_memory(stored.fit, request);
  const auto [X, weights] = points_of(request, stored, invocation.err);
  NewPoints points(stored.fit, stored.input_map.of(X));
  Tangent at = linearise(stored.fit);
  points.move_to(at);  // where the network overflows, methods say so
  std::vector<MethodAnswers> all = all_answers(request, stored, weights, at, points, invocation.progress);
  for (MethodAnswers& its : all) scale_outputs(its.answers, stored.output_map);
  write_bands(invocation, output, all, X, stored.output_map.of(points.values()), stored, request);
  if (const std::string first = caveat(stored); !first.empty())
    harness::print(invocation.err, "{}: {}\n", operands->front(), first);
  for (const MethodAnswers& its : all)
    harness::print(invocation.err, "{}\n", remark_on(its, request, stored.outputs));
  if (stored.curvature && !stored.curvature->intrinsic_is_small())
    harness::print(
        invocation.err,
        "the fitted surface bends within the interval (intrinsic curvature {:.2g} times sqrt F): bands by "
        "standard errors are rough; try profile\n",
        stored.curvature->intrinsic * stored.curvature->root_f);
  return is_complete(all, request) ? all_well : not_all_well;
}

}  // namespace jacobench::cli
