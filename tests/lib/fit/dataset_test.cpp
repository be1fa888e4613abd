// Data that cannot be fitted are refused with one line that says where and why.
#include "jacobench/fit/dataset.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

const Perceptron two_inputs(2, {{2, Activation::tanh}, {1, Activation::identity}});

Dataset good() {
  Dataset data{Matrix(4, 2), Matrix(4, 1), {}, {}};
  data.X << 1, 2, 3, 5, 4, 4, 2, 2;
  data.Y << 1, 3, 2, 5;
  return data;
}

void expect_refused(const Dataset& data, const char* words, const DatasetNames& names = {}) {
  try {
    check_dataset(data, two_inputs, names);
    ADD_FAILURE() << "not refused: " << words;
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(words));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("\n")));
  }
}

template <class Change>
Dataset with(Change change) {
  Dataset data = good();
  change(data);
  return data;
}

TEST(Dataset, GoodDataPass) {
  EXPECT_NO_THROW(check_dataset(good(), two_inputs));
  EXPECT_NO_THROW(check_dataset(with([](Dataset& d) { d.X.col(0).setConstant(3); }), two_inputs));
  EXPECT_NO_THROW(check_dataset(with([](Dataset& d) { d.X.row(1) = d.X.row(0); }), two_inputs));
  EXPECT_NO_THROW(check_dataset(with([](Dataset& d) { d.weights = Vector::Constant(4, 2); }), two_inputs));
}

TEST(Dataset, BadDataAreNamed) {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  expect_refused(with([](Dataset& d) { d.X.resize(0, 2), d.Y.resize(0, 1); }), "no observations");
  expect_refused(with([](Dataset& d) { d = d.rows({2}); }), "one observation only");
  expect_refused(with([](Dataset& d) { d.X.conservativeResize(3, 2); }),
                 "3 rows of inputs and 4 rows of outputs");
  expect_refused(with([](Dataset& d) { d.X.conservativeResize(4, 1); }),
                 "1 input columns for a network with 2");
  expect_refused(with([](Dataset& d) { d.Y = Matrix::Random(4, 2); }),
                 "2 output columns for a network with 1");
  expect_refused(with([](Dataset& d) { d.X(2, 1) = nan; }), "data row 3, x1: nan");
  expect_refused(with([](Dataset& d) { d.Y(0, 0) = -1 / 0.0; }), "data row 1, y0: -inf");
  expect_refused(with([](Dataset& d) { d.Y(1, 0) = 1e200; }), "data row 2, y0: 1e+200 is too large");
  expect_refused(with([](Dataset& d) { d.Y.setConstant(7); }), "output y0 is 7 in every row");
  expect_refused(with([](Dataset& d) { d.weights = Vector::Ones(3); }), "3 weights for 4 rows");
  expect_refused(with([](Dataset& d) { d.weights = Vector::Zero(4); }), "data row 1: weight 0");
  expect_refused(with([](Dataset& d) { d.weights = Vector::Constant(4, 1e200); }), "row 1: weight 1e+200");
  expect_refused(with([](Dataset& d) { d.weights = Vector::Constant(4, nan); }), "data row 1: weight nan");
  for (const Matrix& C : {Matrix(Matrix::Constant(1, 1, 2)), Matrix(Matrix::Identity(2, 2))})
    expect_refused(with([&](Dataset& d) { d.output_correlation = C; }), "not a correlation matrix");
  expect_refused(with([](Dataset& d) { d.output_scales = Vector::Constant(1, -1); }),
                 "data output 1: scale -1");
}

TEST(Dataset, MessagesUseTheNamesThatAreGiven) {
  const DatasetNames names{.source = "oats.csv", .inputs = {"lime", "rain"}, .outputs = {"yield"}};
  const auto expect_named = [&](const Dataset& data, const char* words) {
    expect_refused(data, words, names);
  };
  expect_named(good().rows({2}), "oats.csv: one observation only");
  expect_named(with([](Dataset& d) { d.X(2, 1) = 1e200; }), "oats.csv row 3, rain: 1e+200");
  expect_named(with([](Dataset& d) { d.Y(1, 0) = -1e200; }), "oats.csv row 2, yield: -1e+200");
  expect_named(with([](Dataset& d) { d.Y.setConstant(7); }), "oats.csv: output yield is 7 in every row");
  expect_named(with([](Dataset& d) { d.weights = Vector::Zero(4); }), "oats.csv row 1: weight 0");
}

TEST(Dataset, FactorsAreRootsOfWeightsOverScales) {
  Dataset data = good();
  data.Y = Matrix::Random(4, 2);
  data.weights = Vector::LinSpaced(4, 1, 16);
  data.output_scales = Vector::LinSpaced(2, 2, 4);
  EXPECT_EQ(data.row_factors()(3, 1), 1);
  EXPECT_EQ(data.row_factors()(0, 0), 0.5);
}

TEST(Dataset, RowsMayBeChosenTwice) {
  Dataset data = good();
  data.weights = Vector::LinSpaced(4, 1, 4);
  data.output_scales = Vector::Constant(1, 3);
  const Dataset chosen = data.rows({3, 3, 0});
  EXPECT_EQ(chosen.output_scales, data.output_scales);
  EXPECT_EQ(chosen.X.row(1), data.X.row(3));
  EXPECT_EQ(chosen.Y(2, 0), data.Y(0, 0));
  EXPECT_EQ(chosen.weights, (Vector(3) << 4, 4, 1).finished());
}

}  // namespace
}  // namespace jacobench
