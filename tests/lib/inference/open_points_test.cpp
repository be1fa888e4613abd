// Where the data leave the fitted function open no method gives a bound, and where they do not every band is there,
// whatever parameters are open.
#include "jacobench/inference/open_points.hpp"

#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::fitted_step;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::step_data;

// Of step_data, with a second input that says nothing new.
Dataset with_input(const std::function<double(double)>& second) {
  Dataset data = step_data();
  data.X.conservativeResize(Eigen::NoChange, 2);
  for (Index n = 0; n < data.X.rows(); ++n) data.X(n, 1) = second(data.X(n, 0));
  return data;
}

const Perceptron of_two_inputs(2, {{1, tanh}, {1, identity}});

// Reported cases of measles in Niger: a exp(b x) + c. A unit exp(w x + b) with an output weight has one parameter too
// many; the band is that of the three-parameter form, by R 4.2 (nls, algorithm plinear; predictNLS' delta method).
TEST(OpenPoints, AnExpUnitWithABiasHasTheBandOfThreeParameters) {
  const Perceptron network(1, {{1, exp}, {1, identity}});
  Dataset data{Vector::LinSpaced(37, 36, 72), Matrix(37, 1)};
  data.Y << 4, 4, 4, 6, 6, 13, 22, 22, 26, 28, 38, 48, 55, 65, 65, 92, 112, 134, 171, 210, 267, 307, 353, 436,
      669, 669, 818, 1029, 1219, 1405, 1617, 1791, 2032, 2032, 2182, 2298, 2389;
  const Fit fitted = fit(network, data);
  EXPECT_NEAR(fitted.end->rss, 569924.5876, 1e-3);
  const Bands bands = bands_at(fitted, Matrix::Constant(1, 1, 72));
  ASSERT_TRUE(bands.ok()) << bands.reason;
  EXPECT_THAT(bands.open, IsEmpty());
  EXPECT_EQ(bands.dof, 34);
  EXPECT_NEAR(bands.mean.lower(0, 0), 2535.43, 0.01);
  EXPECT_NEAR(bands.mean.upper(0, 0), 2868.60, 0.01);
  Tangent at = linearise(fitted);
  const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  const std::vector<ParameterInterval> parameters = parameter_intervals(at, cov);
  EXPECT_TRUE(parameters[0].se.has_value()) << "the rate";
  EXPECT_FALSE(parameters[1].se.has_value()) << "the bias trades with the weight above";
  EXPECT_FALSE(parameters[2].se.has_value());
  EXPECT_TRUE(parameters[3].se.has_value());
}

TEST(OpenPoints, ADuplicatedInputHasTheBandOfOneAndNoneOffTheDuplicate) {
  const testing::Fitted& one = fitted_step();
  const Vector& t = one.theta;
  const Fit fitted{.network = of_two_inputs,
                   .theta = Vector{{0.25 * t[0], 0.75 * t[0], t[1], t[2], t[3]}},
                   .data = with_input([](double x) { return x; })};
  Matrix X0(3, 2);
  X0 << 0.3, 0.3, -1, -1, 0.3, 0.4;
  const Bands bands = bands_at(fitted, X0), single = bands_at(one.at.fit(), X0.col(0));
  ASSERT_TRUE(bands.ok()) << bands.reason;
  for (const Index m : {0, 1}) {
    EXPECT_NEAR(bands.mean.se(m, 0), single.mean.se(m, 0), 1e-10);
    EXPECT_EQ(bands.open[static_cast<std::size_t>(m)], "");
  }
  EXPECT_THAT(bands.open[2], HasSubstr("the data do not determine f here"));
  EXPECT_TRUE(std::isnan(bands.mean.lower(2, 0)) && std::isnan(bands.prediction.upper(2, 0)));
}

// An input that never varies, under a decay or not: at another value of it there is no bound, as the prior alone would
// make it.
TEST(OpenPoints, NoMethodBoundsFOffTheSpanOfTheInputs) {
  const Dataset data = with_input([](double) { return 0.5; });
  Matrix X0(2, 2);
  X0 << 0.3, 0.5, 0.3, 0.8;
  for (const double k : {0.0, 0.01})
    for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
      const Vector decay = k > 0 ? equal_decay(of_two_inputs, k, of) : Vector();
      const Fit fitted = fit(of_two_inputs, data, {.n_starts = 4, .decay = decay});
      for (const RankPolicy policy : {RankPolicy::pseudo_inverse, RankPolicy::ridge})
        for (const IntervalMethod& method : interval_method_table()) {
          SCOPED_TRACE(method.name);
          BandOptions options{.method = method.name};
          options.how.rank_policy = policy;
          options.how.n_refits = 39;
          options.how.max_refit_iterations = 2000;
          const Bands bands = bands_at(fitted, X0, options);
          if (!bands.ok()) continue;  // a method that needs a decay, or a bootstrap without standard errors
          ASSERT_EQ(bands.open.size(), 2U);
          EXPECT_EQ(bands.open[0], "");
          const Band& band = bands.mean.lower.size() > 0 ? bands.mean : bands.prediction;
          EXPECT_TRUE(std::isfinite(band.upper(0, 0)));
          EXPECT_THAT(bands.open[1], HasSubstr("do not determine f here"));
          EXPECT_TRUE(std::isnan(band.lower(1, 0)) && std::isnan(band.upper(1, 0)));
        }
    }
}

// The bias of a unit that is dead at all data has neither data nor a decay; where the unit comes to life f is open.
TEST(OpenPoints, ABiasWithoutADecayIsNotDeterminedByThatOfTheWeights) {
  const Perceptron network(1, {{2, relu}, {1, identity}});
  const Fit fitted{.network = network,
                   .theta = Vector{{1, 1, 0.5, -9, 1, 1, 0}},
                   .data = step_data(),
                   .decay = equal_decay(network, 0.5, DecayOf::weights)};
  Matrix X0(2, 1);
  X0 << 1, 10;
  for (const char* method : {"ridge", "laplace"}) {
    const Bands bands = bands_at(fitted, X0, {.method = method});
    ASSERT_TRUE(bands.ok()) << bands.reason;
    ASSERT_EQ(bands.open.size(), 2U) << method;
    EXPECT_EQ(bands.open[0], "");
    EXPECT_THAT(bands.open[1], HasSubstr("data and decay together do not determine f here"));
  }
}

// Two units that differ by 2^-24 of themselves: the direction that parts them has singular values of J of that,
// squared, which its errors hide.
TEST(OpenPoints, ADirectionThatRoundingDeterminesIsOpen) {
  const Perceptron network(1, {{2, tanh}, {1, identity}});
  const double more = 1 + 0x1p-24;
  const Fit fitted{.network = network,
                   .theta = Vector{{1.5, 1.5 * more, -0.4, -0.4 * more, 1, 1, 3}},
                   .data = step_data()};
  Tangent at = linearise(fitted);
  const RankReport report = at.of_data().report();
  EXPECT_LT(report.rank, 7);
  Matrix X0(2, 1);
  X0 << 0.3, 1;
  const Bands bands = bands_at(fitted, X0);
  ASSERT_TRUE(bands.ok()) << bands.reason;
  // Bounds that are there are those of few parameters: leverage of the size of one.
  for (std::size_t m = 0; m < 2; ++m) {
    const bool is_open = !bands.open.empty() && !bands.open[m].empty();
    EXPECT_TRUE(is_open || bands.mean.se(static_cast<Index>(m), 0) < 3 * bands.sigma);
  }
}

// Inputs that are equal to 1e-7 are no duplicates: J = X is exact, and so is what follows from it.
TEST(OpenPoints, NearlyEqualInputsAreDetermined) {
  const Perceptron plane(2, {{1, identity, Bias::none}});
  const Dataset data = with_input([](double x) { return x + 1e-7 * std::sin(20 * x); });
  const Fit fitted{.network = plane, .theta = Vector{{1, 1}}, .data = data};
  Tangent at = linearise(fitted);
  EXPECT_EQ(at.rank(), 2);
}

TEST(OpenPoints, AFitOfFullRankHasNone) {
  const Fit& fitted = fitted_step().at.fit();
  NewPoints far(fitted, Matrix::Constant(1, 1, 1e3));
  far.move_to(fitted_step().at);
  EXPECT_THAT(open_points(fitted_step().at, far, DecayReading::ignored), IsEmpty());
}

}  // namespace
}  // namespace jacobench
