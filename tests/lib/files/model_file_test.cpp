#include "jacobench/files/model_file.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"

#include "support/temporary_folder.hpp"

namespace jacobench {
namespace {

Model read(const std::string& text) {
  std::istringstream in(text);
  return read_model(in, "m.json");
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string with_layers(const std::string& layers) {
  return R"({"format": "jacobench-mlp", "version": 1, "layers": )" + layers + "}";
}

TEST(ModelFile, PutsTheParametersInTheOrderOfTheta) {
  const Model model = read(with_layers(R"([
    {"activation": "tanh", "weights": [[1, 2, 3], [4, 5, 6]], "bias": [7, 8]},
    {"activation": "identity", "weights": [[9, 10]]}])"));
  EXPECT_EQ(to_string(model.network), "3-2-1");
  EXPECT_EQ(model.network.layer(0).activation, Activation::tanh);
  EXPECT_TRUE(model.network.layer(0).has_bias());
  EXPECT_FALSE(model.network.layer(1).has_bias());
  ASSERT_EQ(model.theta.size(), 10);
  for (Index p = 0; p < 10; ++p) EXPECT_EQ(model.theta[p], static_cast<double>(p + 1));
}

TEST(ModelFile, RoundTripsToTheBit) {
  std::vector<LayerSpec> layers;
  for (const ActivationInfo& phi : activation_table())
    layers.push_back({3, phi.id, layers.size() % 2 == 0 ? Bias::present : Bias::none});
  const Perceptron network(2, layers);
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  Vector theta = draw_parameters(network, 1.0, stream);
  const double special[] = {0.0, -0.0,   5e-324, -2.2250738585072014e-308, 1.7976931348623157e308,
                            0.1, 1.0 / 3};
  for (Index i = 0; i < 7; ++i) theta[i] = special[i];

  const Model read_back = read(to_model_text({network, theta}));
  EXPECT_EQ(to_string(read_back.network), to_string(network));
  for (Index l = 0; l < network.n_layers(); ++l) {
    EXPECT_EQ(read_back.network.layer(l).activation, network.layer(l).activation);
    EXPECT_EQ(read_back.network.layer(l).bias, network.layer(l).bias);
  }
  ASSERT_EQ(read_back.theta.size(), theta.size());
  for (Index p = 0; p < theta.size(); ++p) {
    EXPECT_EQ(read_back.theta[p], theta[p]) << p;
    EXPECT_EQ(std::signbit(read_back.theta[p]), std::signbit(theta[p])) << p;
  }
}

constexpr const char* between_fixed_layers = R"([
    {"activation": "identity", "fixed": true, "weights": [[2, 0], [0, 4]], "bias": [1, -1]},
    {"activation": "tanh", "weights": [[1, 2], [3, 4]]},
    {"activation": "identity", "weights": [[5, 6]], "bias": [7]},
    {"activation": "identity", "fixed": true, "weights": [[10]]}])";

ScaledModel read_scaled(const std::string& text) {
  std::istringstream in(text);
  return read_scaled_model(in, "m.json");
}

TEST(ModelFile, FixedLayersAreNoParameters) {
  const ScaledModel scaled = read_scaled(with_layers(between_fixed_layers));
  EXPECT_EQ(to_string(scaled.model.network), "2-2-1");
  EXPECT_EQ(scaled.model.theta, Vector::LinSpaced(7, 1, 7));
  EXPECT_EQ(scaled.inputs.scale, Vector({{2, 4}}));
  EXPECT_EQ(scaled.inputs.shift, Vector({{1, -1}}));
  EXPECT_EQ(scaled.outputs.scale, Vector({{10}}));
  EXPECT_EQ(scaled.outputs.shift, Vector({{0}}));
  const ScaledModel again = read_scaled(to_scaled_model_text(scaled));
  EXPECT_EQ(again.model.theta, scaled.model.theta);
  EXPECT_EQ(again.inputs.scale, scaled.inputs.scale);
  EXPECT_EQ(again.inputs.shift, scaled.inputs.shift);
  EXPECT_EQ(again.outputs.scale, scaled.outputs.scale);
}

// x -> tanh(W (2 x_0 + 1, 4 x_1 - 1)): by hand.
TEST(ModelFile, FoldsFixedLayersForWhoeverWantsOneNetwork) {
  const Model model = read(with_layers(between_fixed_layers));
  EXPECT_EQ(to_string(model.network), "2-2-1");
  EXPECT_EQ(model.theta, Vector({{2, 8, 6, 16, -1, -1, 50, 60, 70}}));
}

TEST(ModelFile, RefusesFixedLayersThatScaleNoColumns) {
  const auto error = [](const std::string& layers) { return error_of(with_layers(layers)); };
  const std::string one = R"({"activation": "identity", "weights": [[1]]})";
  const std::string fixed = R"({"activation": "identity", "fixed": true, "weights": [[2]]})";
  EXPECT_EQ(error("[" + fixed + "]"),
            "m.json: layers: are all fixed; a network has at least one that is not");
  EXPECT_EQ(error("[" + fixed + "," + fixed + "," + one + "]"),
            "m.json: layers[1]: is a second fixed layer; put both into one");
  EXPECT_EQ(error("[" + one + "," + fixed + "," + one + "]"),
            "m.json: layers[2]: stands above a fixed layer; only the first and the last are fixed");
  EXPECT_EQ(error(R"([{"activation": "tanh", "fixed": true, "weights": [[2]]},)" + one + "]"),
            "m.json: layers[0]: is fixed; its activation is to be identity");
  EXPECT_EQ(error(R"([{"activation": "identity", "fixed": true, "weights": [[2, 0]]},)" + one + "]"),
            "m.json: layers[0]: is fixed; its weights are to be square and diagonal");
  EXPECT_EQ(error(R"([{"activation": "identity", "fixed": true, "weights": [[0]]},)" + one + "]"),
            "m.json: layers[0]: is fixed; weights[0][0] is 0, but those of the diagonal are to be other than "
            "0, and no others");
  EXPECT_EQ(error(R"([{"activation": "identity", "fixed": 1, "weights": [[2]]},)" + one + "]"),
            "m.json: layers[0]: fixed: is number, not true or false");
}

TEST(ModelFile, RefusesToWriteAParameterThatIsNotFinite) {
  const Perceptron network(1, {{1, Activation::identity}});
  EXPECT_THROW(to_model_text({network, Vector::Constant(2, std::nan(""))}), InputError);
}

TEST(ModelFile, WritesAndReadsFiles) {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "model.json";
  const Perceptron network(1, {{2, Activation::mish}, {1, Activation::identity}});
  const Vector theta = Vector::LinSpaced(network.n_params(), -1, 1);
  write_model(file, {network, theta});
  EXPECT_EQ(read_model(file).theta, theta);
  std::filesystem::remove(file);
  EXPECT_THROW(read_model(file), InputError);
  EXPECT_THROW(read_model(folder.path()), InputError);
}

TEST(ModelFile, MayBeTheModelOfAFitFile) {
  const Perceptron network(1, {{2, Activation::mish}, {1, Activation::identity}});
  const Vector theta = Vector::LinSpaced(network.n_params(), -1, 1);
  const std::string model = to_model_text({network, theta});
  EXPECT_EQ(read(R"({"format": "jacobench-fit", "version": 2, "X": [[1]], "model": )" + model + "}").theta,
            theta);
  EXPECT_EQ(error_of(R"({"format": "jacobench-fit", "version": 2})"), "m.json: has no \"model\"");
  EXPECT_EQ(error_of(R"({"format": "jacobench-fit", "model": {"format": "jacobench-fit", "model": {}}})"),
            "m.json: model: format: is \"jacobench-fit\", want \"jacobench-mlp\"");
}

TEST(ModelFile, NamesWhatIsWrong) {
  const std::string good_layer = R"({"activation": "tanh", "weights": [[1, 2], [3, 4]], "bias": [5, 6]})";
  struct Case {
    std::string text, error;
  };
  const Case cases[] = {
      {"", "m.json: not valid JSON at byte 1 "},
      {with_layers("[" + good_layer), "m.json: not valid JSON at byte "},  // cut short
      {with_layers(R"([{"activation": "tanh", "weights": [[NaN]]}])"), "m.json: not valid JSON at byte "},
      {with_layers(R"([{"activation": "tanh", "weights": [[1e999]]}])"),
       "m.json: a number is beyond the range of double precision"},
      {"[]", "m.json: is not an object {...}"},
      {"{}", "m.json: has no \"format\""},
      {R"({"format": "onnx", "version": 1, "layers": []})",
       "m.json: format: is \"onnx\", want \"jacobench-mlp\""},
      {R"({"format": "jacobench-mlp", "version": 2, "layers": []})",
       "m.json: version: is 2, this program reads version 1"},
      {R"({"format": "jacobench-mlp", "version": 1, "layer": []})",
       "m.json: unknown key \"layer\"; known: format, version, layers"},
      {with_layers("[]"), "m.json: layers: is not an array [...] with entries"},
      {with_layers("[3]"), "m.json: layers[0]: is not an object {...}"},
      {with_layers(R"([{"weights": [[1]]}])"), "m.json: layers[0]: has no \"activation\""},
      {with_layers(R"([{"activation": 3, "weights": [[1]]}])"),
       "m.json: layers[0]: activation: is number, not a string"},
      {with_layers(R"([{"activation": "swish", "weights": [[1]]}])"),
       "m.json: layers[0]: activation: unknown activation 'swish'; known: identity, logistic, "},
      {with_layers(R"([{"activation": "tanh"}])"), "m.json: layers[0]: has no \"weights\""},
      {with_layers(R"([{"activation": "tanh", "weights": []}])"),
       "m.json: layers[0]: weights: is not an array [...] with entries"},
      {with_layers(R"([{"activation": "tanh", "weights": [1]}])"),
       "m.json: layers[0]: weights[0]: is not an array [...] with entries"},
      {with_layers(R"([{"activation": "tanh", "weights": [[]]}])"),
       "m.json: layers[0]: weights[0]: is not an array [...] with entries"},
      {with_layers(R"([{"activation": "tanh", "weights": [[1, 2], [3]]}])"),
       "m.json: layers[0]: weights[1]: has 1 numbers, want 2 (as in the first row)"},
      {with_layers(R"([{"activation": "tanh", "weights": [[1, null]]}])"),
       "m.json: layers[0]: weights[0][1]: is null, not a number"},
      {with_layers(R"([{"activation": "tanh", "weights": [["1"]]}])"),
       "m.json: layers[0]: weights[0][0]: is string, not a number"},
      {R"({"format": "onnx", "graph": 1})", "m.json: format: is \"onnx\", want \"jacobench-mlp\""},
      {with_layers(R"([{"activation": "tanh", "weights": [[1]], "bias": null}])"),
       "m.json: layers[0]: bias: is null; leave the key out for no bias"},
      {with_layers(R"([{"activation": "tanh", "weights": [[1]], "bias": [1, 2]}])"),
       "m.json: layers[0]: bias: has 2 numbers, want 1 (one a row of weights)"},
      {with_layers(R"([{"activation": "tanh", "weights": [[1]], "biases": [1]}])"),
       "m.json: layers[0]: unknown key \"biases\"; known: activation, weights, bias"},
      {with_layers("[" + good_layer + R"(, {"activation": "tanh", "weights": [[1, 2, 3]]}])"),
       "m.json: layers[1]: weights[0]: has 3 numbers, want 2 (the units of the layer below)"},
      {with_layers(R"([{"activation": "tanh", "weights": [[[1]]]}])"),
       "m.json: layers[0]: weights[0][0]: is array, not a number"},
      {with_layers(R"([{"activation": "tanh", "weights": [[[[1]]]]}])"),
       "m.json: brackets nested deeper than a model file has them"},
      {R"({"format": "jacobench-mlp", "format": "jacobench-mlp", "version": 1, "layers": []})",
       "m.json: the key \"format\" stands twice"},
  };
  for (const Case& c : cases) {
    const std::string error = error_of(c.text);
    EXPECT_TRUE(error.starts_with(c.error)) << c.text << "\n  gives " << error << "\n  wanted " << c.error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

// A stream of a thousand million opening brackets, made as it is read.
class Brackets : public std::streambuf {
 public:
  std::size_t n_read() const { return n_read_; }

 private:
  int_type underflow() override {
    if (n_read_ >= 1'000'000'000) return traits_type::eof();
    std::fill(std::begin(block_), std::end(block_), '[');
    n_read_ += sizeof block_;
    setg(block_, block_, block_ + sizeof block_);
    return '[';
  }

  char block_[4096];
  std::size_t n_read_ = 0;
};

TEST(ModelFile, StopsAtTheFirstBracketTooDeep) {
  Brackets brackets;
  std::istream in(&brackets);
  EXPECT_THROW(read_model(in, "m.json"), InputError);
  EXPECT_LE(brackets.n_read(), 8192u);
}

}  // namespace
}  // namespace jacobench
