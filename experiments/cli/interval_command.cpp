// jacobench interval FIT.json [--at new.csv|grid|data] [--method delta,...] [--kind mean,prediction] [--out bands.csv]
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/fit_file.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/inference/profile.hpp"

#include "cli/command.hpp"
#include "cli/covariance_options.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

constexpr std::string_view profile_method = "profile", bootstrap_prefix = "bootstrap_";

std::vector<std::string> method_names() {
  std::vector<std::string> names = names_of(covariance_table());
  for (const std::string& kind : names_of(bootstrap_table()))
    names.push_back(std::string(bootstrap_prefix) + kind);
  names.emplace_back(profile_method);
  return names;
}

struct IntervalRequest {
  std::string at = "grid";
  std::int64_t n_grid = 101;
  double level = 0.95;
  std::vector<std::string> kinds{"mean", "prediction"};
  std::vector<std::string> methods{"delta"};
  std::string simultaneous = "none", sides = "both";
  std::optional<std::vector<double>> input_noise;
  std::int64_t n_replicates = 999, n_threads = 1;
  std::uint64_t seed = 1;
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
    t.add("kind", "of the mean, of a new observation", kinds, list_of(one_of({"mean", "prediction"})));
    t.add("method", "ways to the intervals, one after the other", methods, list_of(one_of(method_names())));
    t.add("simultaneous", "whether the level holds at all points at once, and how", simultaneous,
          one_of(names_of(simultaneous_table())));
    t.add("sides", "both, or a lower or upper bound alone", sides, one_of({"both", "lower", "upper"}));
    t.add("input_noise",
          "standard deviations of independent noise on the inputs, one an input, to be propagated",
          input_noise, value_or("none", sequence_of(real_number(0, 1e300))));
    t.add("replicates", "of a bootstrap", n_replicates, whole_number(20, 1'000'000));
    t.add("seed", "seed of bootstrap and sup_t", seed, whole_number<std::uint64_t>(0, UINT64_MAX));
    t.add("threads", "threads of a bootstrap", n_threads, whole_number(1, 1024));
    covariance.add_options(t);
    t.add("out", "CSV file to write, or a pipe or device; -: printed", out, value_or("-", text()));
    return t;
  }

  bool wants(const std::string& kind) const {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }

  Matrix input_noise_covariance() const {
    if (!input_noise) return {};
    const Eigen::Map<const Vector> sd(input_noise->data(), static_cast<Index>(input_noise->size()));
    return sd.cwiseAbs2().asDiagonal();
  }

  IntervalOptions interval_options() const {
    return {.level = level,
            .sides = sides == "both"    ? Sides::both
                     : sides == "lower" ? Sides::lower
                                        : Sides::upper,
            .simultaneous = simultaneous_from_name(simultaneous),
            .input_noise = input_noise_covariance(),
            .seed = seed};
  }
};

Matrix points_of(const IntervalRequest& request, const FittedModel& fitted) {
  if (request.at == "data") return fitted.data.X;
  if (request.at != "grid") {
    const Index n_rows = count_csv_rows(request.at);
    if (n_rows == 0)
      throw InputError("{}: has no rows under its header; give it one row a point", request.at);
    return CsvColumns(request.at, fitted.inputs).read(n_rows);
  }
  if (fitted.inputs.size() != 1)
    throw InputError("--at grid: takes one input, the fit has {}; give a CSV file of points, or data",
                     fitted.inputs.size());
  return Vector::LinSpaced(request.n_grid, fitted.data.X.minCoeff(), fitted.data.X.maxCoeff());
}

// One line of the output; bounds that were not asked for, or that there are none of, are not finite.
struct Bound {
  double se = NAN, lower = NAN, upper = NAN;
};
struct Line {
  std::string method;
  Index point, output;
  double fit;
  Bound mean, prediction;
  std::string reason;
};

using Lines = std::vector<Line>;

std::string cell(double value) { return std::isfinite(value) ? exact_text(value) : ""; }

class IntervalTable {
 public:
  IntervalTable(const FittedModel& fitted, const Matrix& points, const IntervalRequest& request)
      : request_(request),
        points_(points),
        at_(linearise(fitted.model.network, fitted.model.theta, fitted.data, fitted.decay)),
        fit_(evaluate(fitted.model.network, fitted.model.theta, points)) {
    for (const std::string& method : request.methods) add(method);
  }

  const Lines& lines() const { return lines_; }
  const std::vector<std::string>& remarks() const { return remarks_; }  // of methods, for people
  bool complete() const { return complete_; }

 private:
  void add(const std::string& method) {
    if (method == profile_method) return add_profile();
    if (method.starts_with(bootstrap_prefix))
      return add_bootstrap(method, bootstrap_kind_from_name(method.substr(bootstrap_prefix.size())));
    const Covariance cov = covariance(at_, request_.covariance.options(covariance_kind_from_name(method)));
    if (!expect_ok(method, cov)) return;
    const Bands bands = bands_at(at_, cov, points_, request_.interval_options());
    if (!bands.ok()) return give_up(method, bands.reason);
    remarks_.push_back(fmt::format(
        "{}: s = {:.6g} on {:.6g} degrees of freedom, multiplier of the mean {:.5g}{}", method, cov.sigma,
        cov.dof, bands.mean.value,
        bands.mean.simulation_error > 0 ? fmt::format(" (simulated, +- {:.1g})", bands.mean.simulation_error)
                                        : ""));
    add_lines([&](Index m, Index k) {
      const std::string& open = bands.undetermined[static_cast<std::size_t>(m)];
      return Line{method,
                  m,
                  k,
                  bands.fit(m, k),
                  {bands.se_mean(m, k), bands.mean_lower(m, k), bands.mean_upper(m, k)},
                  {bands.se_prediction(m, k), bands.prediction_lower(m, k), bands.prediction_upper(m, k)},
                  open};
    });
  }

  void add_bootstrap(const std::string& method, BootstrapKind kind) {
    expect_pointwise_mean(method);
    const CovarianceOptions options =
        request_.covariance.options(at_.has_decay() ? CovarianceKind::ridge : CovarianceKind::delta);
    const Covariance cov = covariance(at_, options);
    if (!expect_ok(method, cov)) return;
    const BootstrapBands bands = bootstrap(at_, cov, points_,
                                           {.kind = kind,
                                            .n_replicates = request_.n_replicates,
                                            .level = request_.level,
                                            .seed = request_.seed,
                                            .n_threads = request_.n_threads,
                                            .covariance = options});
    if (bands.percentile_lower.size() == 0) return give_up(method, bands.reason);
    remarks_.push_back(fmt::format("{}: {} of {} refits failed, {} had no standard error{}{}", method,
                                   bands.n_failed, request_.n_replicates, bands.n_without_se,
                                   bands.reason.empty() ? "" : "; ", bands.reason));
    const auto add_bounds = [&](const std::string& suffix, const Matrix& lower, const Matrix& upper) {
      add_lines([&](Index m, Index k) {
        return Line{
            method + suffix, m, k, bands.fit(m, k), {bands.se(m, k), lower(m, k), upper(m, k)}, {}, ""};
      });
    };
    add_bounds("_percentile", bands.percentile_lower, bands.percentile_upper);
    if (bands.studentised_lower.size() > 0)
      add_bounds("_studentised", bands.studentised_lower, bands.studentised_upper);
  }

  void add_profile() {
    const std::string method(profile_method);
    expect_pointwise_mean(method);
    if (at_.n_outputs() != 1)
      throw InputError("--method profile: takes a fit of one output, this has {}", at_.n_outputs());
    const Covariance cov = covariance(at_, request_.covariance.options(CovarianceKind::delta));
    if (!expect_ok(method, cov)) return;
    add_lines([&](Index m, Index k) {
      const ProfileInterval p = profile_interval(at_, cov, points_.row(m).transpose(), request_.level);
      return Line{method, m, k, p.fit, {NAN, p.lower, p.upper}, {}, p.reason};
    });
  }

  // What a bootstrap and a profile give are two-sided intervals of the mean, point by point.
  void expect_pointwise_mean(const std::string& method) const {
    if (request_.simultaneous != "none" || request_.sides != "both" || request_.input_noise)
      throw InputError(
          "--method {}: gives two-sided intervals point by point, without noise on the inputs; leave "
          "--simultaneous, --sides and --input_noise out",
          method);
  }

  bool expect_ok(const std::string& method, const Covariance& cov) {
    if (!cov.ok()) give_up(method, cov.reason);
    return cov.ok();
  }

  void give_up(const std::string& method, const std::string& reason) {
    complete_ = false;
    remarks_.push_back(method + ": no intervals: " + reason);
    add_lines([&](Index m, Index k) { return Line{method, m, k, fit_(m, k), {}, {}, reason}; });
  }

  template <class MakeLine>
  void add_lines(const MakeLine& make) {
    for (Index m = 0; m < points_.rows(); ++m)
      for (Index k = 0; k < at_.n_outputs(); ++k) lines_.push_back(make(m, k));
  }

  const IntervalRequest& request_;
  const Matrix& points_;
  const Linearisation at_;
  const Matrix fit_;
  Lines lines_;
  std::vector<std::string> remarks_;
  bool complete_ = true;
};

std::string to_csv(const IntervalTable& table, const Matrix& points, const FittedModel& fitted,
                   const IntervalRequest& request) {
  std::ostringstream out;
  const bool mean = request.wants("mean"), prediction = request.wants("prediction");
  out << "method";
  for (const std::string& input : fitted.inputs) out << ',' << csv_cell(input);
  out << ",output,fit";
  if (mean) out << ",se_mean,mean_lower,mean_upper";
  if (prediction) out << ",se_prediction,prediction_lower,prediction_upper";
  out << ",reason\n";
  for (const Line& line : table.lines()) {
    out << line.method;
    for (Index d = 0; d < points.cols(); ++d) out << ',' << cell(points(line.point, d));
    out << ',' << csv_cell(fitted.outputs[static_cast<std::size_t>(line.output)]) << ',' << cell(line.fit);
    for (const auto& [wanted, bound] : {std::pair{mean, &line.mean}, {prediction, &line.prediction}})
      if (wanted) out << ',' << cell(bound->se) << ',' << cell(bound->lower) << ',' << cell(bound->upper);
    out << ',' << csv_cell(line.reason) << '\n';
  }
  return out.str();
}

}  // namespace

int interval_command(const Invocation& invocation) {
  IntervalRequest request;
  OptionTable options = request.options();
  const auto operands = read_operands(invocation, "interval", {&options});
  if (!operands) return all_well;
  if (operands->size() != 1)
    throw InputError("interval: one fit file is wanted: jacobench interval FIT.json (made by jacobench fit)");
  const FittedModel fitted = read_fit(operands->front());
  Output output("out", request.out.value_or("-"), {operands->front(), request.at}, invocation.out);
  if (request.input_noise && request.input_noise->size() != fitted.inputs.size())
    throw InputError("--input_noise: has {} entries, the fit {} inputs; give one standard deviation an input",
                     request.input_noise->size(), fitted.inputs.size());
  const Matrix points = points_of(request, fitted);
  const IntervalTable table(fitted, points, request);
  output.stream() << to_csv(table, points, fitted, request);
  output.commit();
  for (const std::string& remark : table.remarks()) harness::print(invocation.err, "{}\n", remark);
  return table.complete() ? all_well : not_all_well;
}

}  // namespace jacobench::cli
