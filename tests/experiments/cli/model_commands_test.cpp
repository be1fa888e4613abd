// `jacobian` and `evaluate` on models that other frameworks wrote, against what those frameworks compute
// themselves (scripts/write_framework_models).
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/network/entry_names.hpp"

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "run/progress.hpp"
#include "support/entrywise.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using jacobench::testing::all_within;
using jacobench::testing::all_within_relative;

const std::filesystem::path models = JACOBENCH_TEST_MODELS;

struct Output {
  int code;
  std::string out, err;
};

Output jacobench(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const harness::ProgressDisplay display{.out = err};
  const int code = run_command_line(arguments, out, display, {});
  return {code, out.str(), err.str()};
}

std::string model(const std::string& name) { return (models / name).string(); }

Matrix read_all(const std::filesystem::path& file) { return read_csv(file, csv_columns(file)); }

class ModelCommands : public ::testing::Test {
 protected:
  jacobench::testing::TemporaryFolder folder_;

  std::string temporary(const std::string& name) { return (folder_.path() / name).string(); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(temporary(name)) << text;
    return temporary(name);
  }

  Matrix written(const std::string& text) { return read_all(write("out.csv", text)); }
};

// Both frameworks and we compute in double precision; for these small networks with values and derivatives of
// order one they may differ by some tens of units of roundoff.
constexpr double framework_tolerance = 1e-14;

TEST_F(ModelCommands, EvaluateAgreesWithTheFrameworks) {
  for (const std::string framework : {"torch", "sklearn"}) {
    const Output output = jacobench({"evaluate", model(framework + ".json"), model("data.csv")});
    ASSERT_EQ(output.code, all_well) << output.err;
    const Matrix values = written(output.out), wanted = read_all(models / (framework + "_values.csv"));
    ASSERT_EQ(values.rows(), wanted.rows());
    EXPECT_TRUE(
        all_within(values, wanted, framework_tolerance * wanted.cwiseAbs().maxCoeff<Eigen::PropagateNaN>()));
  }
}

TEST_F(ModelCommands, JacobianAgreesWithPyTorchAndIsCertified) {
  for (const std::string wrt : {"parameters", "inputs"})
    for (const std::string strategy : {"layerwise", "per_parameter"}) {
      const Output output = jacobench({"jacobian", model("torch.json"), model("data.csv"), "--wrt", wrt,
                                       "--strategy", strategy, "--certify"});
      ASSERT_EQ(output.code, all_well) << output.err;
      const Matrix J = written(output.out), wanted = read_all(models / ("torch_wrt_" + wrt + ".csv"));
      ASSERT_EQ(J.rows(), wanted.rows());
      ASSERT_EQ(J.cols(), wanted.cols());
      EXPECT_TRUE(
          all_within(J, wanted, framework_tolerance * wanted.cwiseAbs().maxCoeff<Eigen::PropagateNaN>()));
      EXPECT_NE(output.err.find("certified against 50 digits: largest error "), std::string::npos);
      EXPECT_NE(output.err.find(strategy + " keeps within its running error bound"), std::string::npos);
    }
}

TEST_F(ModelCommands, NumericStrategiesAreCertifiedWithoutAPromise) {
  const Output output = jacobench({"jacobian", model("torch.json"), model("data.csv"), "--strategy",
                                   "ceres_central", "--relative_step", "1e-3", "--certify"});
  EXPECT_EQ(output.code, all_well) << output.err;
  EXPECT_EQ(output.err.find("running error bound"), std::string::npos);
  EXPECT_NE(output.err.find("nothing is promised of ceres_central: "), std::string::npos) << output.err;
}

TEST_F(ModelCommands, HeaderNamesTheEntries) {
  const Output parameters = jacobench({"jacobian", model("sklearn.json"), model("data.csv")});
  EXPECT_TRUE(parameters.out.starts_with("\"y0:w1[0,0]\",\"y0:w1[0,1]\",\"y0:w1[0,2]\",\"y0:w1[1,0]\","))
      << parameters.out;
  const Output inputs = jacobench({"jacobian", model("torch.json"), model("data.csv"), "--wrt", "inputs"});
  EXPECT_TRUE(inputs.out.starts_with("y0:x0,y0:x1,y0:x2,y1:x0,y1:x1,y1:x2\n")) << inputs.out;
}

// More rows than are computed at a time, so that there is something to wait for.
TEST_F(ModelCommands, WhatIsToBeWrittenIsSaidBeforeItsEnd) {
  std::string rows = "x0,x1,x2\n";
  for (int n = 0; n < 5000; ++n) rows += "0.5,-1,2\n";
  const std::string out = temporary("long.npy");
  const Output output = jacobench({"jacobian", model("torch.json"), write("long.csv", rows), "--out", out});
  EXPECT_EQ(output.code, all_well);
  EXPECT_TRUE(output.err.starts_with(out + ": 5000 rows of 140 numbers, 0.0056 GB; about ")) << output.err;
  EXPECT_TRUE(output.err.ends_with(" s\n")) << output.err;
  const Output brief = jacobench({"jacobian", model("torch.json"), model("data.csv"), "--out", out});
  EXPECT_EQ(brief.err, "");
}

// Of a network with so many parameters that a few thousand rows of its Jacobian are more than the disk has left.
TEST_F(ModelCommands, WhatTheDiskCannotHoldIsRefusedBeforeItStarts) {
  constexpr Index width = 400;
  const LayerWeights wide{Matrix::Ones(width, 1), {}, Activation::tanh}, square{Matrix::Ones(width, width)},
      top{Matrix::Ones(1, width)};
  write_model(temporary("wide.json"), make_model({wide, square, top}));
  const auto left = static_cast<double>(std::filesystem::space(folder_.path()).available);
  std::string rows = "x\n";
  for (double bytes = 0; bytes < 1.1 * left + 1e9; bytes += 8.0 * width * (width + 2)) rows += "1\n";
  const std::string out = temporary("J.npy");
  const Output output = jacobench({"jacobian", temporary("wide.json"), write("x.csv", rows), "--out", out});
  EXPECT_EQ(output.code, wrong_input);
  EXPECT_NE(output.err.find("J.npy: would take "), std::string::npos) << output.err;
  EXPECT_NE(output.err.find(" GB left"), std::string::npos) << output.err;
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(ModelCommands, NpyHoldsTheSameNumbers) {
  ASSERT_EQ(jacobench({"jacobian", model("torch.json"), model("data.csv"), "--out", temporary("J.npy")}).code,
            all_well);
  ASSERT_EQ(jacobench({"jacobian", model("torch.json"), model("data.csv"), "--out", temporary("J.csv")}).code,
            all_well);
  const Matrix J = read_all(temporary("J.csv"));
  std::ifstream file(temporary("J.npy"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ASSERT_TRUE(bytes.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
  const std::size_t header =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ((10 + header) % 64, 0u);
  EXPECT_NE(bytes.find("'descr': '<f8', 'fortran_order': False, 'shape': (7, 2, 70,)"), std::string::npos)
      << bytes.substr(10, header);
  ASSERT_EQ(bytes.size(), 10 + header + 7 * 2 * 70 * sizeof(double));
  for (Index n = 0; n < J.rows(); ++n)
    for (Index c = 0; c < J.cols(); ++c) {
      double x;
      std::memcpy(&x,
                  bytes.data() + 10 + header + sizeof(double) * static_cast<std::size_t>(n * J.cols() + c),
                  sizeof x);
      ASSERT_EQ(x, J(n, c));
    }
}

TEST_F(ModelCommands, InputsAreChosenByName) {
  const std::string reordered = write("reordered.csv", "x2,id,x1,x0\n3,77,2,1\n");
  const std::string plain = write("plain.csv", "a,b,c\n1,2,3\n");
  const std::string wanted = jacobench({"evaluate", model("torch.json"), plain}).out;
  EXPECT_EQ(jacobench({"evaluate", model("torch.json"), reordered}).out, wanted);
  EXPECT_EQ(jacobench({"evaluate", model("torch.json"), reordered, "--inputs", "x0,x1,x2"}).out, wanted);
  EXPECT_NE(jacobench({"evaluate", model("torch.json"), reordered, "--inputs", "x2,x1,x0"}).out, wanted);
}

TEST_F(ModelCommands, NamesOfInputsBeatPlaces) {
  const std::string sum = write(
      "sum.json",
      R"({"format": "jacobench-mlp", "version": 1, "layers": [{"activation": "identity", "weights": [[1, 10]]}]})");
  EXPECT_EQ(jacobench({"evaluate", sum, write("a.csv", "x1,x0\n1,2\n")}).out, "y0\n12\n");
  EXPECT_EQ(jacobench({"evaluate", sum, write("b.csv", "x1,x0,w\n1,2,9\n")}).out, "y0\n12\n");
  EXPECT_EQ(jacobench({"evaluate", sum, write("c.csv", "dose,time\n1,2\n")}).out, "y0\n21\n");
  EXPECT_EQ(jacobench({"evaluate", sum, write("d.csv", "y,x0\n1,2\n")}).code, wrong_input);
}

// exp(800) overflows beside exp(400), which does not: the other unit's derivatives stand, and the file is refused.
TEST_F(ModelCommands, AUnitThatOverflowsIsNamedAndDoesNotSpoilItsNeighbours) {
  const std::string overflow = write("overflow.json", R"({"format": "jacobench-mlp", "version": 1, "layers": [
              {"activation": "exp", "weights": [[1], [0.5]]}, {"activation": "identity", "weights": [[1, 1]]}]})");
  const std::string data = write("x.csv", "a\n800\n");
  for (const std::string strategy : {"layerwise", "per_parameter"}) {
    const Output output = jacobench({"jacobian", overflow, data, "--strategy", strategy, "--certify"});
    EXPECT_EQ(output.code, wrong_input);
    EXPECT_NE(output.err.find(
                  "row 0, y0:w1[0,0]: is beyond the range of double precision (unit 0 of layer 1 (exp) "),
              std::string::npos)
        << output.err;
    EXPECT_EQ(output.out, "");
    const auto [network, theta] = read_model(overflow);
    Matrix J(1, 4);
    find_strategy(strategy)
        .make(network, 1, {})
        ->evaluate(theta, Matrix::Constant(1, 1, 800), {.J_y_theta = &J});
    const double e_400 = std::exp(400.0);
    EXPECT_TRUE(all_within_relative(J.rightCols(1), Matrix::Constant(1, 1, e_400), 1e-15));
    EXPECT_TRUE(all_within_relative(J.col(1), Matrix::Constant(1, 1, 800 * e_400), 1e-15));
    EXPECT_EQ(J(0, 0), HUGE_VAL);
    EXPECT_EQ(J(0, 2), HUGE_VAL);
  }
}

TEST_F(ModelCommands, LongFilesAreStreamedInBatches) {
  std::string text = "x0,x1,x2\n";
  for (int n = 0; n < 5000; ++n) text += fmt::format("{},{},1\n", n % 7, n % 11);
  const std::string data = write("long.csv", text);
  const Output output = jacobench({"jacobian", model("torch.json"), data, "--wrt", "inputs"});
  ASSERT_EQ(output.code, all_well) << output.err;
  const std::filesystem::path file = write("long_out.csv", output.out);
  const Matrix J = read_all(file);
  EXPECT_EQ(J.rows(), 5000);
  EXPECT_EQ(J.row(0), J.row(77));  // equal inputs
  EXPECT_EQ(J.row(4), J.row(4 + 77 * 60));
}

TEST_F(ModelCommands, BadInputIsOneLineAndNothingIsWritten) {
  const std::string out = temporary("J.csv");
  const std::string text = write("text.csv", "x0,x1,x2\n1,2,3\n4,oops,6\n");
  const std::string two = write("two.csv", "a,b\n1,2\n");
  const std::string same = write("same.csv", "x0,x1,x2\n1,2,3\n");
  const std::string empty = write("empty.csv", "x0,x1,x2\n");
  struct Case {
    std::vector<std::string> arguments;
    std::string error;
  };
  const Case cases[] = {
      {{"jacobian", model("torch.json")}, "jacobian: needs a model file and a data file"},
      {{"jacobian", "missing.json", model("data.csv")}, "missing.json: cannot be read as a model file"},
      {{"jacobian", model("torch.json"), "missing.csv"},
       "missing.csv: cannot be read (No such file or directory)"},
      {{"jacobian", model("data.csv"), model("data.csv")}, model("data.csv") + ": not valid JSON"},
      {{"jacobian", model("torch.json"), text, "--out", out}, text + ":3: column x1: 'oops' is not a number"},
      {{"jacobian", model("torch.json"), two},
       two + ": the columns (a, b) do not say which are the model's 3 inputs; name them with --inputs"},
      {{"jacobian", model("torch.json"), empty}, empty + ": has no rows under its header"},
      {{"jacobian", model("torch.json"), model("data.csv"), "--inputs", "x0,x1"},
       "--inputs: names 2 columns"},
      {{"jacobian", model("torch.json"), model("data.csv"), "--inputs", "x0,x1,q"},
       model("data.csv") + ": has no column 'q'; its columns: x0, x1, x2"},
      {{"jacobian", model("torch.json"), model("data.csv"), "--strategy", "magic"},
       "--strategy: \"magic\" is not known"},
      {{"jacobian", model("torch.json"), model("data.csv"), "--wrt", "theta"},
       "--wrt: \"theta\" is not known"},
      {{"jacobian", model("torch.json"), model("data.csv"), "--out", temporary("J.txt")}, "--out: "},
      {{"jacobian", model("torch.json"), model("data.csv"), "--out", "no/such/folder/J.csv"}, "--out: "},
      {{"evaluate", model("sklearn.json"), same, "--out", same}, "--out: " + same + " is what is being read"},
      {{"jacobian", model("torch.json"), model("data.csv"), "--relative_step", "1e-3"},
       "--relative_step: layerwise takes no step"},
      {{"evaluate", model("torch.json"), text, "--out", out}, text + ":3: column x1: 'oops' is not a number"},
  };
  for (const Case& c : cases) {
    const Output output = jacobench(c.arguments);
    EXPECT_EQ(output.code, wrong_input) << output.err;
    EXPECT_EQ(output.out, "");
    EXPECT_NE(output.err.find(c.error), std::string::npos) << output.err << " lacks " << c.error;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
  }
}

}  // namespace
}  // namespace jacobench::cli
