// A fit file gives back what was written, and refuses what does not belong together.
#include "jacobench/files/fit_file.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fit.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

// One a test: tests run side by side.
std::filesystem::path file() {
  const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  return std::filesystem::path(::testing::TempDir()) / ("jacobench_" + name + ".json");
}

FittedModel weighted_fit() {
  const Perceptron& network = testing::fitted_linear().network;
  Dataset data = testing::fitted_linear().data;
  data.weights = Vector::LinSpaced(25, 0.5, 3);
  const Vector decay{{0.0, 5.0, 0.1}};
  const FitResult result = fit(network, data, {.decay = decay});
  return {{network, result.theta}, data, {"a", "b"}, {"y"}, decay, result.rss, "some.csv"};
}

void expect_refused(const FittedModel& fitted, const std::string& words) {
  write_fit(file(), fitted);
  try {
    read_fit(file());
    ADD_FAILURE() << "not refused: " << words;
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(file().string()));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(words));
  }
}

TEST(FitFile, GivesBackTheSameBits) {
  const FittedModel fitted = weighted_fit();
  write_fit(file(), fitted);
  const FittedModel again = read_fit(file());
  EXPECT_EQ(again.model.theta, fitted.model.theta);
  EXPECT_EQ(again.data.X, fitted.data.X);
  EXPECT_EQ(again.data.Y, fitted.data.Y);
  EXPECT_EQ(again.data.weights, fitted.data.weights);
  EXPECT_EQ(again.decay, fitted.decay);
  EXPECT_EQ(again.rss, fitted.rss);
  EXPECT_EQ(again.inputs, fitted.inputs);
  EXPECT_EQ(again.source, "some.csv");
}

TEST(FitFile, RefusesWhatDoesNotBelongTogether) {
  const auto with = [](auto change) {
    FittedModel fitted = weighted_fit();
    change(fitted);
    return fitted;
  };
  expect_refused(with([](FittedModel& f) { f.rss *= 1.001; }), "rss: is ");
  expect_refused(with([](FittedModel& f) { f.data.weights[3] = 2.5; }), "rss: is ");
  expect_refused(with([](FittedModel& f) { f.decay = Vector::Zero(2); }), "decay: has 2 numbers for 3");
  expect_refused(with([](FittedModel& f) { f.decay[1] = -5; }), "decay: -5 is not a penalty");
  expect_refused(with([](FittedModel& f) { f.data.X(4, 1) = 1e200; }), " row 5, b: 1e+200 is too large");
  expect_refused(with([](FittedModel& f) { f.data.Y.setConstant(2); }), "output y is 2 in every row");
}

}  // namespace
}  // namespace jacobench
