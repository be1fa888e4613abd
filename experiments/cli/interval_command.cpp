// jacobench interval FIT.json [--at new.csv|grid|data] [--method delta,...] [--kind mean,prediction] [--out bands.csv]
#include <algorithm>
#include <cmath>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/fit_file.hpp"
#include "jacobench/inference/interval_method.hpp"

#include "cli/command.hpp"
#include "cli/covariance_options.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

struct Request {
  std::string at = "grid";
  std::int64_t n_grid = 101;
  double level = 0.95;
  std::optional<std::vector<IntervalKind>> kinds;
  std::optional<std::vector<const IntervalMethod*>> methods;
  Simultaneous simultaneous = Simultaneous::none;
  Sides sides = Sides::both;
  std::optional<std::vector<double>> input_noise;
  std::int64_t n_replicates = 999, n_threads = 1, max_refit_iterations = 200;
  std::uint64_t seed = 1;
  bool take_unsettled = false;
  std::optional<std::string> out;
  CovarianceChoice covariance;

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
    t.add("replicates", "of a bootstrap", n_replicates, whole_number(20, 1'000'000));
    t.add("refit_iterations", "iterations that a refit of a bootstrap or a profile may take",
          max_refit_iterations, whole_number(1, 1'000'000));
    t.add("seed", "seed of bootstrap and sup_t", seed, whole_number<std::uint64_t>(0, UINT64_MAX));
    t.add("threads", "threads of a bootstrap", n_threads, whole_number(1, 1024));
    t.add("unsettled", "whether to go on with a fit that has not settled", take_unsettled, yes_or_no());
    covariance.add_options(t, "as the fit had it");
    t.add("out", "CSV file to write, or a pipe or device; -: printed", out, value_or("-", text()));
    return t;
  }

  Matrix input_noise_covariance() const {
    if (!input_noise) return {};
    const Eigen::Map<const Vector> sd(input_noise->data(), static_cast<Index>(input_noise->size()));
    return sd.cwiseAbs2().asDiagonal();
  }

  IntervalOptions how(const StoredFit& stored) const {
    IntervalOptions options = covariance.options(stored.how);
    options.input_noise = input_noise_covariance();
    options.n_refits = n_replicates;
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

Matrix points_of(const Request& request, const StoredFit& stored) {
  if (request.at == "data") return stored.fit.data.X;
  if (request.at != "grid") {
    const Index n_rows = count_csv_rows(request.at);
    if (n_rows == 0)
      throw InputError("{}: has no rows under its header; give it one row a point", request.at);
    return CsvColumns(request.at, stored.inputs).read(n_rows);
  }
  if (stored.inputs.size() != 1)
    throw InputError("--at grid: takes one input, the fit has {}; give a CSV file of points, or data",
                     stored.inputs.size());
  return Vector::LinSpaced(request.n_grid, stored.fit.data.X.minCoeff(), stored.fit.data.X.maxCoeff());
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

std::vector<MethodAnswers> all_answers(const Request& request, const StoredFit& stored, Tangent& at,
                                       NewPoints& points) {
  const IntervalOptions how = request.how(stored);
  const bool is_taken = request.take_unsettled || !stored.fit.end || stored.fit.has_settled();
  std::vector<MethodAnswers> all;
  for (const IntervalMethod* method : request.methods.value_or(std::vector{&own_method(stored)}))
    all.push_back(is_taken ? answers_of(*method, request, how, at, points)
                           : refused(*method, request, caveat(stored)));
  return all;
}

// For people, beside the bands.
std::string remark_on(const MethodAnswers& its) {
  const std::vector<Answer>& bands = its.answers.bands;
  const auto first =
      std::find_if(bands.begin(), bands.end(), [](const Answer& answer) { return answer.reason.empty(); });
  if (first == bands.end())
    return fmt::format("{}: no intervals: {}", its.method->name, bands.front().reason);
  std::string remark = fmt::format("{}: s = {:.6g} on {:.6g} degrees of freedom", its.method->name,
                                   its.answers.sigma, its.answers.dof);
  if (const Multiplier& q = first->band.multiplier; q.value > 0) {
    remark += fmt::format(", multiplier {:.5g}", q.value);
    if (q.simulation_error > 0) remark += fmt::format(" (simulated, +- {:.1g})", q.simulation_error);
  }
  return remark + (its.answers.remark.empty() ? "" : "; " + its.answers.remark);
}

std::string cell(double value) { return std::isfinite(value) ? exact_text(value) : ""; }

// The entry, where the band has such entries.
std::string cell(const Matrix& part, Index m, Index k) { return part.size() > 0 ? cell(part(m, k)) : ""; }

// The first of the reasons why a line has empty cells.
std::string reason_at(const Answers& answers, Index point) {
  if (!answers.open.empty() && !answers.open[static_cast<std::size_t>(point)].empty())
    return answers.open[static_cast<std::size_t>(point)];
  for (const Answer& answer : answers.bands)
    if (!answer.reason.empty()) return answer.reason;
  return {};
}

void write_csv(std::ostream& out, const std::vector<MethodAnswers>& all, const NewPoints& points,
               const StoredFit& stored, const Request& request) {
  out << "method";
  for (const std::string& input : stored.inputs) out << ',' << csv_cell(input);
  out << ",output,fit";
  for (const IntervalKindInfo& kind : request.wanted_kinds())
    out << ",se_" << kind.name << ',' << kind.name << "_lower," << kind.name << "_upper";
  out << ",reason\n";
  for (const auto& [method, answers] : all)
    for (Index m = 0; m < points.n_points(); ++m)
      for (Index k = 0; k < points.n_outputs(); ++k) {
        out << method->name;
        for (Index d = 0; d < points.X().cols(); ++d) out << ',' << cell(points.X()(m, d));
        out << ',' << csv_cell(stored.outputs[static_cast<std::size_t>(k)]) << ','
            << cell(points.values()(m, k));
        for (const Answer& answer : answers.bands)
          out << ',' << cell(answer.band.se, m, k) << ',' << cell(answer.band.lower, m, k) << ','
              << cell(answer.band.upper, m, k);
        out << ',' << csv_cell(reason_at(answers, m)) << '\n';
      }
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
  const StoredFit stored = read_fit(operands->front());
  Output output("out", request.out.value_or("-"), {operands->front(), request.at}, invocation.out);
  if (request.input_noise && request.input_noise->size() != stored.inputs.size())
    throw InputError("--input_noise: has {} entries, the fit {} inputs; give one standard deviation an input",
                     request.input_noise->size(), stored.inputs.size());
  NewPoints points(stored.fit, points_of(request, stored));
  Tangent at = linearise(stored.fit);
  points.move_to(at);  // where the network overflows, methods say so
  const std::vector<MethodAnswers> all = all_answers(request, stored, at, points);
  write_csv(output.stream(), all, points, stored, request);
  output.commit();
  if (const std::string first = caveat(stored); !first.empty())
    harness::print(invocation.err, "{}: {}\n", operands->front(), first);
  for (const MethodAnswers& its : all) harness::print(invocation.err, "{}\n", remark_on(its));
  if (stored.curvature && !stored.curvature->intrinsic_is_small())
    harness::print(
        invocation.err,
        "the fitted surface bends within the interval (intrinsic curvature {:.2g} times sqrt F): bands by "
        "standard errors are rough; try profile\n",
        stored.curvature->intrinsic * stored.curvature->root_f);
  return is_complete(all, request) ? all_well : not_all_well;
}

}  // namespace jacobench::cli
