#include "jacobench/files/fit_file.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/files/text_file.hpp"

namespace jacobench {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int fit_version = 3, oldest_version = 1, last_in_units_of_network = 2;

OrderedJson to_json(const Vector& v) { return std::vector<double>(v.begin(), v.end()); }

bool is_constant(const Vector& v, Index n) { return v.size() == n && (v.array() == v[0]).all(); }

OrderedJson to_json(const Matrix& M) {
  OrderedJson rows = OrderedJson::array();
  for (Index i = 0; i < M.rows(); ++i) rows.push_back(to_json(Vector(M.row(i).transpose())));
  return rows;
}

class FitFile {
 public:
  FitFile(const std::filesystem::path& file) : name_(file.string()) {
    constexpr bool allow_exceptions = false;
    json_ = OrderedJson::parse(read_text_file(file), nullptr, allow_exceptions);
    if (!json_.is_object() || json_.value("format", OrderedJson()) != fit_file_format)
      refuse("is not a fit file; make one with jacobench fit");
    const OrderedJson version = json_.value("version", OrderedJson());
    if (!version.is_number_integer() || version < oldest_version || version > fit_version)
      refuse(fmt::format("is of a version that this program does not read; it reads {} to {}", oldest_version,
                         fit_version));
    is_in_units_of_network_ = version <= last_in_units_of_network;
  }

  [[noreturn]] void refuse(const std::string& what) const { throw InputError("{}: {}", name_, what); }

  template <class T>
  T get(const char* key) const {
    try {
      return json_.at(key).get<T>();
    } catch (const OrderedJson::exception&) {
      refuse(fmt::format("{}: is missing or not of its kind; fit again", key));
    }
  }

  Vector vector(const char* key) const {
    if (!json_.contains(key)) return {};
    const auto numbers = get<std::vector<double>>(key);
    return Eigen::Map<const Vector>(numbers.data(), static_cast<Index>(numbers.size()));
  }

  // A number for each parameter, or one for all.
  Vector decay(Index n_params) const {
    if (!json_.contains("decay") || !json_.at("decay").is_number()) return vector("decay");
    return Vector::Constant(n_params, get<double>("decay"));
  }

  Matrix matrix(const char* key, std::size_t n_columns) const {
    const auto rows = get<std::vector<std::vector<double>>>(key);
    Matrix M(static_cast<Index>(rows.size()), static_cast<Index>(n_columns));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].size() != n_columns)
        refuse(fmt::format("{}: row {} has {} numbers, want {}; fit again", key, i + 1, rows[i].size(),
                           n_columns));
      M.row(static_cast<Index>(i)) =
          Eigen::Map<const Eigen::RowVectorXd>(rows[i].data(), static_cast<Index>(n_columns));
    }
    return M;
  }

  Matrix maybe_matrix(const char* key, std::size_t n_columns) const {
    return json_.contains(key) ? matrix(key, n_columns) : Matrix();
  }

  template <class T>
  std::optional<T> maybe(const char* key) const {
    if (!json_.contains(key)) return {};
    return get<T>(key);
  }

  std::optional<FitEnd> end(double rss) const {
    if (!json_.contains("end")) return {};
    try {
      const OrderedJson& end = json_.at("end");
      const OrderedJson& starts = end.at("starts");
      return FitEnd{
          .stop = find_by_name(stop_table(), end.at("stop").get<std::string>(), "stop").stop,
          .n_iterations = end.at("iterations").get<Index>(),
          .rss = rss,
          .penalty = number(end, "penalty"),
          .gradient_norm = number(end, "gradient_norm"),
          .relative_offset =
              end.contains("relative_offset") ? std::optional(number(end, "relative_offset")) : std::nullopt,
          .remaining = remaining(end),
          .starts = {.n_starts = starts.at("number").get<Index>(),
                     .n_failed = starts.at("failed").get<Index>(),
                     .n_at_best = starts.at("at_best").get<Index>(),
                     .lowest = number(starts, "lowest"),
                     .median = number(starts, "median"),
                     .highest = number(starts, "highest"),
                     .n_drawn = starts.value("drawn", Index{0}),
                     .n_optima = starts.value("optima", Index{0}),
                     .n_seen_once = starts.value("seen_once", Index{0}),
                     .n_redraws = starts.value("redraws", Index{0}),
                     .n_lowered = starts.value("lowered", Index{0}),
                     .n_wanted = starts.contains("wanted") ? std::optional(starts.at("wanted").get<Index>())
                                                           : std::nullopt,
                     .has_reached_work_limit = starts.value("work_limit", false),
                     .outcomes = outcomes(starts)}};
    } catch (const OrderedJson::exception&) {
      refuse("end: does not say how a fit ended; fit again");
    } catch (const InputError& error) {
      refuse(fmt::format("end: {}; fit again", error.what()));
    }
  }

  std::optional<DecayOrigin> decay_origin() const {
    if (!json_.contains("decay_choice")) return {};
    try {
      const OrderedJson& choice = json_.at("decay_choice");
      DecayOrigin origin;
      origin.rule = choice.at("rule").get<std::string>();
      origin.k = choice.at("k").get<double>();
      origin.effective_parameters = choice.at("effective_parameters").get<double>();
      return origin;
    } catch (const OrderedJson::exception&) {
      refuse("decay_choice: does not say how the decay was chosen; fit again");
    }
  }

  std::optional<Curvature> curvature() const {
    if (!json_.contains("curvature")) return {};
    try {
      const OrderedJson& its = json_.at("curvature");
      return Curvature{.intrinsic = number(its, "intrinsic"),
                       .parameter_effects = number(its, "parameter_effects"),
                       .root_f = number(its, "root_f"),
                       .intrinsic_se = number(its, "intrinsic_se"),
                       .parameter_effects_se = number(its, "parameter_effects_se"),
                       .n_directions = its.at("directions").get<Index>()};
    } catch (const OrderedJson::exception&) {
      refuse("curvature: is not that of a fit; fit again");
    }
  }

  std::optional<CovarianceKind> covariance() const {
    if (!json_.contains("intervals") || !json_.at("intervals").contains("covariance")) return {};
    try {
      return find_by_name(covariance_table(), json_.at("intervals").at("covariance").get<std::string>(),
                          "covariance")
          .kind;
    } catch (const OrderedJson::exception&) {
      refuse("intervals: covariance is not a name; fit again");
    } catch (const InputError& error) {
      refuse(fmt::format("intervals: {}; fit again", error.what()));
    }
  }

  // How intervals were chosen to be made; what is not said is as it was when files did not say it.
  IntervalOptions how() const {
    IntervalOptions options{.dof_rule = DofRule::n_minus_rank, .rank_policy = RankPolicy::refuse};
    if (!json_.contains("intervals")) return options;
    try {
      const OrderedJson& how = json_.at("intervals");
      options.dof_rule = find_by_name(dof_rule_table(), how.at("dof").get<std::string>(), "dof rule").rule;
      if (how.contains("sigma")) options.known_sigma = how.at("sigma").get<double>();
      options.rank_policy =
          find_by_name(rank_policy_table(), how.at("rank_policy").get<std::string>(), "rank policy").policy;
      options.ridge = how.at("ridge").get<double>();
      return options;
    } catch (const OrderedJson::exception&) {
      refuse("intervals: does not say how they are made; fit again");
    } catch (const InputError& error) {
      refuse(fmt::format("intervals: {}; fit again", error.what()));
    }
  }

  // The row of the table that is named there; null where the file does not say.
  template <class Row>
  const Row* row_of(std::span<const Row> table, const char* key, std::string_view kind) const {
    const auto name = maybe<std::string>(key);
    if (!name) return nullptr;
    try {
      return &find_by_name(table, *name, kind);
    } catch (const InputError& error) {
      refuse(fmt::format("{}: {}; fit again", key, error.what()));
    }
  }

  // Shared, where the file does not say.
  OutputNoise output_noise() const {
    const OutputNoiseInfo* const row = row_of(output_noise_table(), "output_noise", "output noise");
    return row ? row->noise : OutputNoise::shared;
  }

  StepForm form() const {
    const StepFormInfo* const row = row_of(step_form_table(), "form", "form");
    return row ? row->form : StepForm::automatic;
  }

  // Of other numbers of columns than the network has, which are refused later, as they stand there.
  void get_columns(StoredFit& stored) const {
    const Perceptron& network = stored.fit.network;
    Matrix X = matrix("X", stored.inputs.size()), Y = matrix("Y", stored.outputs.size());
    if (is_in_units_of_network_ || X.cols() != network.n_inputs() || Y.cols() != network.n_outputs()) {
      if (is_in_units_of_network_ && !stored.input_map.is_identity())
        stored.given_X = stored.input_map.inverse_of(X);
      if (is_in_units_of_network_ && !stored.output_map.is_identity())
        stored.given_Y = stored.output_map.of(Y);
      stored.fit.data.X = std::move(X);
      stored.fit.data.Y = std::move(Y);
    } else {
      stored.set_columns(std::move(X), std::move(Y));
    }
  }

  ScaledModel model() const {
    std::istringstream text(get<OrderedJson>("model").dump());
    return read_scaled_model(text, name_ + ": model");
  }

 private:
  // Null stands for what is not finite.
  static double number(const OrderedJson& object, const char* key) {
    const OrderedJson& value = object.at(key);
    return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
  }

  static std::optional<Remaining> remaining(const OrderedJson& end) {
    if (!end.contains("remaining")) return {};
    const OrderedJson& its = end.at("remaining");
    return Remaining{.fall = number(its, "fall"), .move = number(its, "move")};
  }

  static std::vector<StartOutcome> outcomes(const OrderedJson& starts) {
    std::vector<StartOutcome> found;
    if (!starts.contains("each")) return found;
    for (const OrderedJson& one : starts.at("each"))
      found.push_back({.objective = number(one, "objective"),
                       .is_drawn = one.at("drawn").get<bool>(),
                       .has_arrived = one.at("arrived").get<bool>()});
    return found;
  }

  std::string name_;
  OrderedJson json_;
  bool is_in_units_of_network_ = false;
};

OrderedJson to_json(const FitEnd& end) {
  OrderedJson json{{"stop", stop_table()[static_cast<std::size_t>(end.stop)].name},
                   {"iterations", end.n_iterations},
                   {"penalty", end.penalty},
                   {"gradient_norm", end.gradient_norm}};
  if (end.relative_offset) json["relative_offset"] = *end.relative_offset;
  if (end.remaining) json["remaining"] = {{"fall", end.remaining->fall}, {"move", end.remaining->move}};
  json["starts"] = {{"number", end.starts.n_starts},       {"failed", end.starts.n_failed},
                    {"at_best", end.starts.n_at_best},     {"lowest", end.starts.lowest},
                    {"median", end.starts.median},         {"highest", end.starts.highest},
                    {"drawn", end.starts.n_drawn},         {"optima", end.starts.n_optima},
                    {"seen_once", end.starts.n_seen_once}, {"redraws", end.starts.n_redraws},
                    {"lowered", end.starts.n_lowered}};
  if (end.starts.n_wanted) json["starts"]["wanted"] = *end.starts.n_wanted;
  if (end.starts.has_reached_work_limit) json["starts"]["work_limit"] = true;
  for (const StartOutcome& one : end.starts.outcomes)
    json["starts"]["each"].push_back(
        {{"objective", one.objective}, {"drawn", one.is_drawn}, {"arrived", one.has_arrived}});
  return json;
}

OrderedJson to_json(const Curvature& its) {
  return {{"intrinsic", its.intrinsic},
          {"parameter_effects", its.parameter_effects},
          {"root_f", its.root_f},
          {"intrinsic_se", its.intrinsic_se},
          {"parameter_effects_se", its.parameter_effects_se},
          {"directions", its.n_directions}};
}

OrderedJson to_json(const IntervalOptions& how, const std::optional<CovarianceKind>& covariance) {
  OrderedJson json;
  if (covariance) json["covariance"] = info(*covariance).name;
  json.update({{"dof", dof_rule_table()[static_cast<std::size_t>(how.dof_rule)].name}});
  if (how.known_sigma) json["sigma"] = *how.known_sigma;
  json["rank_policy"] = rank_policy_table()[static_cast<std::size_t>(how.rank_policy)].name;
  json["ridge"] = how.ridge;
  return json;
}

std::string name_of(OutputNoise noise) {
  return name_in(output_noise_table(), &OutputNoiseInfo::noise, noise);
}

void check_decay(const FitFile& json, const Fit& fit) {
  if (fit.decay.size() != 0 && fit.decay.size() != fit.n_params())
    json.refuse(
        fmt::format("decay: has {} numbers for {} parameters; fit again", fit.decay.size(), fit.n_params()));
  for (const double k : fit.decay)
    if (!(k >= 0 && std::isfinite(k))) json.refuse(fmt::format("decay: {} is not a penalty; fit again", k));
}

// Other activation functions of another build may differ in the last digits; another model or other data do not.
void check_rss(const FitFile& json, const Fit& fit, double stated) {
  const double rss = fit.rss();
  if (!(std::abs(rss - stated) <= 1e-6 * (stated + 1e-12 * fit.data.Y.squaredNorm())))
    json.refuse(
        fmt::format("rss: is {:.10g}, but the model has {:.10g} on these data; fit again", stated, rss));
}

}  // namespace

void StoredFit::set_columns(Matrix X, Matrix Y) {
  if (input_map.is_identity()) {
    fit.data.X = std::move(X);
  } else {
    fit.data.X = input_map.of(X);
    given_X = std::move(X);
  }
  if (output_map.is_identity()) {
    fit.data.Y = std::move(Y);
  } else {
    fit.data.Y = output_map.inverse_of(Y);
    given_Y = std::move(Y);
  }
}

void StoredFit::take(Fit fitted, const AffineMap& more_inputs, const AffineMap& more_outputs) {
  const auto are_two = [](const AffineMap& a, const AffineMap& b) {
    return !a.is_identity() && !b.is_identity();
  };
  const bool is_rounded_otherwise = are_two(input_map, more_inputs) || are_two(output_map, more_outputs);
  Matrix as_given_X = X(), as_given_Y = Y();
  fit = std::move(fitted);
  input_map = input_map.then(more_inputs);
  output_map = more_outputs.then(output_map);
  set_columns(std::move(as_given_X), std::move(as_given_Y));
  if (is_rounded_otherwise && fit.end) fit.end->rss = fit.rss();
}

StoredFit read_fit(const std::filesystem::path& file) {
  const FitFile json(file);
  ScaledModel scaled = json.model();
  const auto rss = json.get<double>("rss");
  // One member after the other: GCC 12 destroys the first ones twice where an initialiser after a nested list throws.
  StoredFit stored{
      .fit = {.network = scaled.model.network, .theta = std::move(scaled.model.theta), .data = {}},
      .inputs = {},
      .outputs = {},
      .source = {}};
  Fit& fit = stored.fit;
  fit.decay = json.decay(fit.n_params());
  fit.jacobian.strategy = json.maybe<std::string>("strategy").value_or("layerwise");
  fit.jacobian.options.relative_step = json.maybe<double>("relative_step");
  fit.end = json.end(rss);
  fit.form = json.form();
  stored.inputs = json.get<std::vector<std::string>>("inputs");
  stored.outputs = json.get<std::vector<std::string>>("outputs");
  stored.source = json.get<std::string>("source");
  stored.n_left_out = json.maybe<Index>("rows_left_out").value_or(0);
  stored.how = json.how();
  using Words = std::map<std::string, std::vector<std::string>>;
  for (auto& [name, words] : json.maybe<Words>("words").value_or(Words{}))
    stored.words.push_back({name, std::move(words)});
  stored.decay_origin = json.decay_origin();
  stored.input_map = std::move(scaled.inputs);
  stored.output_map = std::move(scaled.outputs);
  stored.covariance = json.covariance();
  stored.curvature = json.curvature();
  json.get_columns(stored);
  fit.data.weights = json.vector("weights");
  fit.data.output_scales = json.vector("output_scales");
  fit.data.output_correlation = json.maybe_matrix("output_correlation", stored.outputs.size());
  fit.data.output_noise = json.output_noise();
  try {
    find_strategy(fit.jacobian.strategy);
  } catch (const InputError& error) {
    json.refuse(fmt::format("strategy: {}; fit again", error.what()));
  }
  check_dataset(fit.data, fit.network,
                {.source = file.string(), .inputs = stored.inputs, .outputs = stored.outputs});
  if (fit.data.output_noise != OutputNoise::shared && fit.data.output_scales.size() == 0)
    json.refuse(fmt::format("output_noise: is {}, and there are no output_scales; fit again",
                            name_of(fit.data.output_noise)));
  if (fit.data.output_noise == OutputNoise::joint && fit.data.output_correlation.size() == 0)
    json.refuse("output_noise: is joint, and there is no output_correlation; fit again");
  check_decay(json, fit);
  check_rss(json, fit, rss);
  return stored;
}

std::string to_fit_text(const StoredFit& stored) {
  const Fit& fit = stored.fit;
  OrderedJson json{{"format", fit_file_format}, {"version", fit_version}};
  json["model"] = OrderedJson::parse(
      to_scaled_model_text({{fit.network, fit.theta}, stored.input_map, stored.output_map}));
  json["inputs"] = stored.inputs;
  json["outputs"] = stored.outputs;
  json["X"] = to_json(stored.X());
  json["Y"] = to_json(stored.Y());
  if (fit.data.weights.size() > 0) json["weights"] = to_json(fit.data.weights);
  if (fit.data.output_scales.size() > 0) json["output_scales"] = to_json(fit.data.output_scales);
  if (fit.data.output_correlation.size() > 0)
    json["output_correlation"] = to_json(fit.data.output_correlation);
  if (fit.data.output_noise != OutputNoise::shared) json["output_noise"] = name_of(fit.data.output_noise);
  if (fit.decay.size() > 0)
    json["decay"] = is_constant(fit.decay, fit.n_params()) ? OrderedJson(fit.decay[0]) : to_json(fit.decay);
  json["strategy"] = fit.jacobian.strategy;
  if (fit.jacobian.options.relative_step) json["relative_step"] = *fit.jacobian.options.relative_step;
  if (fit.form != StepForm::automatic)
    json["form"] = name_in(step_form_table(), &StepFormInfo::form, fit.form);
  json["rss"] = fit.end ? fit.end->rss : fit.rss();
  if (fit.end) json["end"] = to_json(*fit.end);
  json["source"] = stored.source;
  if (stored.n_left_out > 0) json["rows_left_out"] = stored.n_left_out;
  for (const WordColumn& column : stored.words) json["words"][column.name] = column.words;
  if (stored.curvature) json["curvature"] = to_json(*stored.curvature);
  json["intervals"] = to_json(stored.how, stored.covariance);
  if (const auto& origin = stored.decay_origin)
    json["decay_choice"] = {
        {"rule", origin->rule}, {"k", origin->k}, {"effective_parameters", origin->effective_parameters}};
  return json.dump() + "\n";
}

void write_fit(const std::filesystem::path& file, const StoredFit& stored) {
  replace_text_file(file, to_fit_text(stored));
}

}  // namespace jacobench
