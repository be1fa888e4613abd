// Networks that PyTorch exported (scripts/write_framework_models), held against PyTorch's own values.
#include "jacobench/files/onnx_model.hpp"

#include <random>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/text_file.hpp"

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

using testing::all_within;

std::filesystem::path exported(const std::string& name) {
  return std::filesystem::path(JACOBENCH_TEST_MODELS) / name;
}

void expect_pytorchs_values(const std::string& name, Index n_outputs, double tolerance) {
  const OnnxModel read = read_onnx_model(exported(name + ".onnx"));
  const std::filesystem::path file = exported(name + ".csv");
  const Matrix rows = read_csv(file, csv_columns(file));
  const Matrix wanted = rows.rightCols(n_outputs);
  EXPECT_TRUE(all_within(evaluate(read.scaled, rows.leftCols(3)), wanted,
                         tolerance * wanted.cwiseAbs().maxCoeff<Eigen::PropagateNaN>()));
}

TEST(OnnxModel, HasTheActivationsThatExportersWriteInSeveralOperators) {
  const OnnxModel read = read_onnx_model(exported("activations.onnx"));
  EXPECT_FALSE(read.is_single);
  EXPECT_FALSE(read.scaled.has_maps());
  const Perceptron& network = read.scaled.model.network;
  const std::vector<Activation> wanted{Activation::tanh,       Activation::gelu,     Activation::mish,
                                       Activation::silu,       Activation::elu,      Activation::selu,
                                       Activation::leaky_relu, Activation::softsign, Activation::softplus,
                                       Activation::relu,       Activation::logistic, Activation::identity};
  ASSERT_EQ(network.n_layers(), std::ssize(wanted));
  for (Index l = 0; l < network.n_layers(); ++l)
    EXPECT_EQ(network.layer(l).activation, wanted[static_cast<std::size_t>(l)]) << l;
  EXPECT_FALSE(network.layer(1).has_bias());
  // Values of order one, twelve layers of some roundings each.
  expect_pytorchs_values("activations", 2, 1e-13);
}

TEST(OnnxModel, KeepsScalingsAtTheEndsApartAndFoldsThoseBetween) {
  const OnnxModel read = read_onnx_model(exported("between_scalings.onnx"));
  EXPECT_EQ(to_string(read.scaled.model.network), "3-4-1");
  EXPECT_EQ(read.scaled.inputs.scale, Vector({{2, 0.5, 0.25}}));
  EXPECT_EQ(read.scaled.inputs.shift, Vector({{-2, -1, -0.75}}));
  EXPECT_EQ(read.scaled.outputs.scale, Vector({{3}}));
  EXPECT_EQ(read.scaled.outputs.shift, Vector({{10}}));
  expect_pytorchs_values("between_scalings", 1, 1e-13);
}

TEST(OnnxModel, SaysThatWeightsAreOfSinglePrecision) {
  const OnnxModel read = read_onnx_model(exported("single_precision.onnx"));
  EXPECT_TRUE(read.is_single);
  EXPECT_FALSE(read.scaled.has_maps());
  expect_pytorchs_values("single_precision", 1, 1e-6);
}

TEST(OnnxModel, NamesTheOperatorThatItCannotRepresent) {
  const auto error_of = [](const std::string& name) -> std::string {
    try {
      read_onnx_model(exported(name));
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(error_of("softmax.onnx")
                .find("softmax.onnx: Softmax (/1/Softmax): cannot be represented; known are Gemm"),
            std::string::npos);
  EXPECT_NE(error_of("steeper_elu.onnx").find("Elu (/1/Elu): Elu[2](z) is no activation of the catalogue"),
            std::string::npos);
  EXPECT_NE(error_of("around_a_layer.onnx").find("Add (/Add): joins two branches"), std::string::npos);
  EXPECT_NE(error_of("data.csv").find("data.csv: "), std::string::npos);
}

// Whatever the bytes, there is a model whose weights are finite, or an error of input: nothing else is thrown, and the
// sanitizers see no access outside.
TEST(OnnxModel, ReadsOrRefusesWhateverTheBytes) {
  const auto try_to_read = [](const std::string& bytes) {
    try {
      EXPECT_TRUE(read_onnx_model(std::string_view(bytes)).scaled.model.theta.allFinite());
    } catch (const InputError&) {
    }
  };
  std::mt19937 generator(1);
  for (const char* name : {"activations.onnx", "between_scalings.onnx", "single_precision.onnx"}) {
    const std::string whole = read_text_file(exported(name));
    for (std::size_t n = 0; n < whole.size(); n += 7) try_to_read(whole.substr(0, n));
    for (int i = 0; i < 2000; ++i) {
      std::string bytes = whole;
      for (int changes = 0; changes < 3; ++changes)
        bytes[generator() % bytes.size()] = static_cast<char>(generator() % 256);
      try_to_read(bytes);
    }
  }
}

}  // namespace
}  // namespace jacobench
