#include "jacobench/files/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <initializer_list>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/files/text_file.hpp"

namespace jacobench {
namespace {

using Json = nlohmann::json;

constexpr const char* format_name = "jacobench-mlp";
constexpr int format_version = 1;
constexpr int deepest_nesting = 4;  // {"layers": [{"weights": [[...]]}]} holds numbers at depth 5

// A value in the file with the words that say where it is.
struct Place {
  const Json& value;
  std::string where;

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> what, Args&&... args) const {
    throw InputError("{}: {}", where, fmt::format(what, std::forward<Args>(args)...));
  }

  Place member(const char* key) const {
    const auto found = value.find(key);
    if (found == value.end()) refuse("has no \"{}\"", key);
    return {*found, fmt::format("{}: {}", where, key)};
  }

  Place entry(std::size_t i) const { return {value[i], fmt::format("{}[{}]", where, i)}; }
};

Json parse(std::istream& in, const std::string& name) {
  std::vector<std::set<std::string>> keys_of_open_objects;
  const auto refuse_early = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if ((event == Event::array_start || event == Event::object_start) && depth > deepest_nesting)
      throw InputError("{}: brackets nested deeper than a model file has them", name);
    if (event == Event::object_start) keys_of_open_objects.emplace_back();
    if (event == Event::object_end) keys_of_open_objects.pop_back();
    if (event == Event::key && !keys_of_open_objects.back().insert(parsed.get<std::string>()).second)
      throw InputError("{}: the key {} stands twice in one object", name, parsed.dump());
    return true;
  };
  try {
    return Json::parse(in, refuse_early);
  } catch (const Json::parse_error& error) {
    throw InputError(
        "{}: not valid JSON at byte {} (NaN and infinity are not JSON, and a file may have been cut "
        "short); write it again",
        name, error.byte);
  } catch (const Json::exception&) {
    throw InputError("{}: a number is beyond the range of double precision; scale the model", name);
  }
}

void expect_object(const Place& place) {
  if (!place.value.is_object()) place.refuse("is not an object {{...}}");
}

void expect_known_keys(const Place& place, std::initializer_list<std::string_view> known_keys) {
  for (const auto& [key, value] : place.value.items())
    if (std::find(known_keys.begin(), known_keys.end(), key) == known_keys.end())
      place.refuse("unknown key \"{}\"; known: {}", key, joined(known_keys, ", "));
}

void expect_array(const Place& place) {
  if (!place.value.is_array() || place.value.empty()) place.refuse("is not an array [...] with entries");
}

double number(const Place& place) {
  if (!place.value.is_number()) place.refuse("is {}, not a number", place.value.type_name());
  const double x = place.value.get<double>();
  if (!std::isfinite(x)) place.refuse("is not finite");
  return x;
}

Vector numbers(const Place& place, Index wanted, const char* what) {
  expect_array(place);
  if (std::ssize(place.value) != wanted)
    place.refuse("has {} numbers, want {} ({})", place.value.size(), wanted, what);
  Vector read(wanted);
  for (Index i = 0; i < wanted; ++i) read[i] = number(place.entry(static_cast<std::size_t>(i)));
  return read;
}

Activation activation_of(const Place& layer) {
  const Place place = layer.member("activation");
  if (!place.value.is_string()) place.refuse("is {}, not a string", place.value.type_name());
  try {
    return activation_from_name(place.value.get<std::string>());
  } catch (const InputError& error) {
    place.refuse("{}", error.what());
  }
}

// Numbers between commas, each in the shortest form that reads back to the same bits. A negative zero needs
// its point: -0 is an integer to a JSON reader, and loses its sign.
template <class Numbers>
std::string comma_separated(const Numbers& numbers) {
  std::string text;
  for (const double x : numbers)
    text += (text.empty() ? "" : ", ") + (x == 0 && std::signbit(x) ? "-0.0" : fmt::format("{}", x));
  return text;
}

}  // namespace

Model read_model(std::istream& in, const std::string& name) {
  const Json json = parse(in, name);
  const Place file{json, name};
  expect_object(file);
  const Place format = file.member("format");
  if (format.value != format_name) format.refuse("is {}, want \"{}\"", format.value.dump(), format_name);
  const Place version = file.member("version");
  if (version.value != format_version)
    version.refuse("is {}, this program reads version {}", version.value.dump(), format_version);
  expect_known_keys(file, {"format", "version", "layers"});
  const Place layers = file.member("layers");
  expect_array(layers);

  std::vector<LayerWeights> read;
  for (std::size_t l = 0; l < layers.value.size(); ++l) {
    const Place layer = layers.entry(l);
    expect_object(layer);
    expect_known_keys(layer, {"activation", "weights", "bias"});
    const Activation activation = activation_of(layer);
    const Place weights = layer.member("weights");
    expect_array(weights);
    if (l == 0) expect_array(weights.entry(0));
    const Index n_below = l == 0 ? std::ssize(weights.entry(0).value) : read.back().weights.rows();
    const Index n_units = std::ssize(weights.value);
    Matrix W(n_units, n_below);
    for (Index i = 0; i < n_units; ++i)
      W.row(i) = numbers(weights.entry(static_cast<std::size_t>(i)), n_below,
                         l == 0 ? "as in the first row" : "the units of the layer below");
    const bool has_bias = layer.value.contains("bias");
    if (has_bias && layer.value["bias"].is_null())
      layer.member("bias").refuse("is null; leave the key out for no bias");
    const Vector b = has_bias ? numbers(layer.member("bias"), n_units, "one a row of weights") : Vector();
    read.push_back({std::move(W), b, activation});
  }
  return make_model(read);
}

Model read_model(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file))
    throw InputError("{}: cannot be read as a model file; check the path", file.string());
  return read_model(in, file.string());
}

std::string to_model_text(const Model& model) {
  model.network.expect_shapes(model.theta);
  if (!model.theta.allFinite())
    throw InputError("a model with a parameter that is not finite cannot be written");
  std::string text =
      fmt::format("{{\"format\": \"{}\", \"version\": {}, \"layers\": [", format_name, format_version);
  for (Index l = 0; l < model.network.n_layers(); ++l) {
    const auto W = model.network.weights(model.theta, l);
    const auto b = model.network.bias(model.theta, l);
    text += fmt::format("{}\n  {{\"activation\": \"{}\",\n   \"weights\": [", l == 0 ? "" : ",",
                        info(model.network.layer(l).activation).name);
    for (Index i = 0; i < W.rows(); ++i)
      text += fmt::format("{}[{}]", i == 0 ? "" : ",\n               ", comma_separated(W.row(i)));
    text += "]";
    if (b.size() > 0) text += fmt::format(",\n   \"bias\": [{}]", comma_separated(b));
    text += "}";
  }
  return text + "\n]}\n";
}

void write_model(const std::filesystem::path& file, const Model& model) {
  replace_text_file(file, to_model_text(model));
}

}  // namespace jacobench
