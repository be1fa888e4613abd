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
constexpr int deepest_nesting = 5;  // {"model": {"layers": [{"weights": [[...]]}]}} holds numbers at depth 6

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

bool is_fixed(const Place& layer) {
  if (!layer.value.contains("fixed")) return false;
  const Place place = layer.member("fixed");
  if (!place.value.is_boolean()) place.refuse("is {}, not true or false", place.value.type_name());
  return place.value.get<bool>();
}

// n_below: units of the layer below, 0 where this is the first.
LayerWeights layer_of(const Place& place, Index n_below) {
  expect_object(place);
  expect_known_keys(place, {"activation", "weights", "bias", "fixed"});
  const Activation activation = activation_of(place);
  const Place weights = place.member("weights");
  expect_array(weights);
  const bool is_first = n_below == 0;
  if (is_first) expect_array(weights.entry(0));
  const Index n_inputs = is_first ? std::ssize(weights.entry(0).value) : n_below;
  const Index n_units = std::ssize(weights.value);
  Matrix W(n_units, n_inputs);
  for (Index i = 0; i < n_units; ++i)
    W.row(i) = numbers(weights.entry(static_cast<std::size_t>(i)), n_inputs,
                       is_first ? "as in the first row" : "the units of the layer below");
  const bool has_bias = place.value.contains("bias");
  if (has_bias && place.value["bias"].is_null())
    place.member("bias").refuse("is null; leave the key out for no bias");
  const Vector b = has_bias ? numbers(place.member("bias"), n_units, "one a row of weights") : Vector();
  return {std::move(W), b, activation};
}

AffineMap map_of(const Place& place, const LayerWeights& layer) {
  if (layer.activation != Activation::identity) place.refuse("is fixed; its activation is to be identity");
  const Matrix& W = layer.weights;
  if (W.rows() != W.cols()) place.refuse("is fixed; its weights are to be square and diagonal");
  for (Index i = 0; i < W.rows(); ++i)
    for (Index j = 0; j < W.cols(); ++j)
      if ((W(i, j) == 0) == (i == j))
        place.refuse(
            "is fixed; weights[{}][{}] is {}, but those of the diagonal are to be other than 0, and no "
            "others",
            i, j, W(i, j));
  return {.scale = W.diagonal(), .shift = layer.bias.size() > 0 ? layer.bias : Vector::Zero(W.rows())};
}

std::ifstream opened(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file))
    throw InputError("{}: cannot be read as a model file; check the path", file.string());
  return in;
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

std::string layer_text(const LayerWeights& layer, bool is_fixed) {
  std::string text = fmt::format("\n  {{\"activation\": \"{}\",{}\n   \"weights\": [",
                                 info(layer.activation).name, is_fixed ? " \"fixed\": true," : "");
  for (Index i = 0; i < layer.weights.rows(); ++i)
    text += fmt::format("{}[{}]", i == 0 ? "" : ",\n               ", comma_separated(layer.weights.row(i)));
  text += "]";
  if (layer.bias.size() > 0) text += fmt::format(",\n   \"bias\": [{}]", comma_separated(layer.bias));
  return text + "}";
}

LayerWeights layer_of(const AffineMap& map) { return {map.scale.asDiagonal().toDenseMatrix(), map.shift}; }

}  // namespace

ScaledModel read_scaled_model(std::istream& in, const std::string& name) {
  const Json json = parse(in, name);
  const Place whole{json, name};
  expect_object(whole);
  const bool is_of_fit = whole.member("format").value == fit_file_format;
  const Place file = is_of_fit ? whole.member("model") : whole;
  expect_object(file);
  const Place format = file.member("format");
  if (format.value != format_name) format.refuse("is {}, want \"{}\"", format.value.dump(), format_name);
  const Place version = file.member("version");
  if (version.value != format_version)
    version.refuse("is {}, this program reads version {}", version.value.dump(), format_version);
  expect_known_keys(file, {"format", "version", "layers"});
  const Place layers = file.member("layers");
  expect_array(layers);

  AffineMap inputs, outputs;
  std::vector<LayerWeights> of_network;
  Index n_below = 0;
  for (std::size_t l = 0; l < layers.value.size(); ++l) {
    const Place place = layers.entry(l);
    LayerWeights layer = layer_of(place, n_below);
    n_below = layer.weights.rows();
    if (!is_fixed(place)) {
      if (!outputs.is_identity())
        place.refuse("stands above a fixed layer; only the first and the last are fixed");
      of_network.push_back(std::move(layer));
    } else if (AffineMap& map = of_network.empty() ? inputs : outputs; map.is_identity()) {
      map = map_of(place, layer);
    } else {
      place.refuse("is a second fixed layer; put both into one");
    }
  }
  if (of_network.empty()) layers.refuse("are all fixed; a network has at least one that is not");
  return {make_model(of_network), inputs, outputs};
}

ScaledModel read_scaled_model(const std::filesystem::path& file) {
  std::ifstream in = opened(file);
  return read_scaled_model(in, file.string());
}

Model read_model(std::istream& in, const std::string& name) {
  const ScaledModel scaled = read_scaled_model(in, name);
  try {
    return folded(scaled);
  } catch (const InputError& error) {
    throw InputError("{}: {}", name, error.what());
  }
}

Model read_model(const std::filesystem::path& file) {
  std::ifstream in = opened(file);
  return read_model(in, file.string());
}

std::string to_scaled_model_text(const ScaledModel& scaled) {
  const auto& [network, theta] = scaled.model;
  network.expect_shapes(theta);
  if (!theta.allFinite()) throw InputError("a model with a parameter that is not finite cannot be written");
  std::vector<std::string> layers;
  if (!scaled.inputs.is_identity()) layers.push_back(layer_text(layer_of(scaled.inputs), true));
  for (Index l = 0; l < network.n_layers(); ++l)
    layers.push_back(
        layer_text({network.weights(theta, l), network.bias(theta, l), network.layer(l).activation}, false));
  if (!scaled.outputs.is_identity()) layers.push_back(layer_text(layer_of(scaled.outputs), true));
  return fmt::format("{{\"format\": \"{}\", \"version\": {}, \"layers\": [{}\n]}}\n", format_name,
                     format_version, joined(layers, ","));
}

std::string to_model_text(const Model& model) { return to_scaled_model_text({model}); }

void write_scaled_model(const std::filesystem::path& file, const ScaledModel& scaled) {
  replace_text_file(file, to_scaled_model_text(scaled));
}

void write_model(const std::filesystem::path& file, const Model& model) { write_scaled_model(file, {model}); }

}  // namespace jacobench
