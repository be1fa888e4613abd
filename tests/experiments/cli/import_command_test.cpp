#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"

#include "cli/command.hpp"
#include "support/entrywise.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using Imported = jacobench::testing::Printed;

class ImportCommand : public ::testing::Test {
 protected:
  static Imported jacobench(const std::vector<std::string>& arguments) {
    return jacobench::testing::run_program(arguments);
  }

  static std::string exported(const std::string& name) {
    return (std::filesystem::path(JACOBENCH_TEST_MODELS) / name).string();
  }

  static Matrix read_all(const std::filesystem::path& file) { return read_csv(file, csv_columns(file)); }

  jacobench::testing::TemporaryFolder folder_;
  const std::string model_ = (folder_.path() / "model.json").string();
};

TEST_F(ImportCommand, WritesAModelThatGivesTheSourcesPredictionsAndSensitivitiesInItsUnits) {
  const Imported imported = jacobench({"import", exported("between_scalings.onnx"), "--out", model_,
                                       "--check", exported("between_scalings.csv"), "--outputs", "y0"});
  ASSERT_EQ(imported.code, all_well) << imported.err;
  EXPECT_NE(imported.out.find("checked     7 rows, to 1e-12"), std::string::npos) << imported.out;
  const ScaledModel scaled = read_scaled_model(model_);
  EXPECT_TRUE(scaled.has_maps());
  const Imported J = jacobench(
      {"jacobian", model_, exported("between_scalings.csv"), "--inputs", "x0,x1,x2", "--wrt", "inputs"});
  ASSERT_EQ(J.code, all_well) << J.err;
  std::ofstream(folder_.path() / "J.csv") << J.out;
  const Matrix dy_dx = read_all(folder_.path() / "J.csv");
  // Central differences in the units of the data: their error is h^2 times a third derivative of order one, and
  // rounding 1e-15 of 10 over h.
  constexpr double h = 1e-5;
  const Matrix X = read_all(exported("between_scalings.csv")).leftCols(3);
  for (Index d = 0; d < 3; ++d) {
    Matrix above = X, below = X;
    above.col(d).array() += h;
    below.col(d).array() -= h;
    EXPECT_TRUE(jacobench::testing::all_within(
        dy_dx.col(d), (evaluate(scaled, above) - evaluate(scaled, below)) / (2 * h), 1e-8));
  }
}

// A wrong prediction is named by its row, and nothing is written.
TEST_F(ImportCommand, RefusesWhatPredictsSomethingElse) {
  std::ifstream in(exported("between_scalings.csv"));
  std::ostringstream text;
  text << in.rdbuf();
  std::string rows = text.str();
  const std::size_t last = rows.find_last_of("0123456789");
  const std::size_t point = rows.rfind('.', last);
  rows[point + 3] = rows[point + 3] == '1' ? '2' : '1';
  const std::string changed = (folder_.path() / "changed.csv").string();
  std::ofstream(changed) << rows;
  const Imported imported = jacobench(
      {"import", exported("between_scalings.onnx"), "--out", model_, "--check", changed, "--outputs", "y0"});
  EXPECT_EQ(imported.code, wrong_input);
  EXPECT_NE(imported.err.find("changed.csv: row 7: y0 is "), std::string::npos) << imported.err;
  EXPECT_FALSE(std::filesystem::exists(model_));
}

TEST_F(ImportCommand, RefusesAnOperatorByItsName) {
  const Imported imported = jacobench({"import", exported("softmax.onnx"), "--out", model_});
  EXPECT_EQ(imported.code, wrong_input);
  EXPECT_NE(imported.err.find("Softmax (/1/Softmax): cannot be represented"), std::string::npos)
      << imported.err;
  EXPECT_FALSE(std::filesystem::exists(model_));
}

}  // namespace
}  // namespace jacobench::cli
