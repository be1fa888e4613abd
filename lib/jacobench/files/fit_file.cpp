#include "jacobench/files/fit_file.hpp"

#include <cmath>
#include <sstream>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* fit_format = "jacobench-fit";
constexpr int fit_version = 1;

OrderedJson to_json(const Vector& v) { return std::vector<double>(v.begin(), v.end()); }

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
    if (!json_.is_object() || json_.value("format", OrderedJson()) != fit_format)
      refuse("is not a fit file; make one with jacobench fit");
    if (json_.value("version", OrderedJson()) != fit_version)
      refuse(fmt::format("is of a version that this program does not read; it reads {}", fit_version));
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

  Model model() const {
    std::istringstream text(get<OrderedJson>("model").dump());
    return read_model(text, name_ + ": model");
  }

 private:
  std::string name_;
  OrderedJson json_;
};

double rss_of(const FittedModel& fitted) {
  const Matrix residuals = fitted.data.Y - evaluate(fitted.model.network, fitted.model.theta, fitted.data.X);
  return residuals.cwiseProduct(fitted.data.row_factors()).squaredNorm();
}

}  // namespace

FittedModel read_fit(const std::filesystem::path& file) {
  const FitFile json(file);
  FittedModel fitted{.model = json.model(),
                     .data = {},
                     .inputs = json.get<std::vector<std::string>>("inputs"),
                     .outputs = json.get<std::vector<std::string>>("outputs"),
                     .decay = json.vector("decay"),
                     .rss = json.get<double>("rss"),
                     .source = json.get<std::string>("source")};
  fitted.data.X = json.matrix("X", fitted.inputs.size());
  fitted.data.Y = json.matrix("Y", fitted.outputs.size());
  fitted.data.weights = json.vector("weights");
  check_dataset(fitted.data, fitted.model.network,
                {.source = file.string(), .inputs = fitted.inputs, .outputs = fitted.outputs});
  if (fitted.decay.size() != 0 && fitted.decay.size() != fitted.model.network.n_params())
    json.refuse(fmt::format("decay: has {} numbers for {} parameters; fit again", fitted.decay.size(),
                            fitted.model.network.n_params()));
  for (const double k : fitted.decay)
    if (!(k >= 0 && std::isfinite(k))) json.refuse(fmt::format("decay: {} is not a penalty; fit again", k));
  // Other activation functions of another build may differ in the last digits; another model or other data do not.
  const double rss = rss_of(fitted);
  if (!(std::abs(rss - fitted.rss) <= 1e-6 * (fitted.rss + 1e-12 * fitted.data.Y.squaredNorm())))
    json.refuse(
        fmt::format("rss: is {:.10g}, but the model has {:.10g} on these data; fit again", fitted.rss, rss));
  return fitted;
}

std::string to_fit_text(const FittedModel& fitted) {
  OrderedJson json{{"format", fit_format}, {"version", fit_version}};
  json["model"] = OrderedJson::parse(to_model_text(fitted.model));
  json["inputs"] = fitted.inputs;
  json["outputs"] = fitted.outputs;
  json["X"] = to_json(fitted.data.X);
  json["Y"] = to_json(fitted.data.Y);
  if (fitted.data.weights.size() > 0) json["weights"] = to_json(fitted.data.weights);
  if (fitted.decay.size() > 0) json["decay"] = to_json(fitted.decay);
  json["rss"] = fitted.rss;
  json["source"] = fitted.source;
  return json.dump() + "\n";
}

void write_fit(const std::filesystem::path& file, const FittedModel& fitted) {
  replace_text_file(file, to_fit_text(fitted));
}

}  // namespace jacobench
