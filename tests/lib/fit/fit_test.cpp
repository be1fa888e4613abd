// What a fit promises whatever the data.
#include "jacobench/fit/fit.hpp"

#include <cmath>

#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/initialisation.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::all_within;
using testing::all_within_relative;

using enum Activation;
using testing::step_data;
using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;

double uniform(RandomStream& stream, double low, double high) {
  return low + (high - low) * stream.uniform();
}

const Perceptron step_network(1, {{1, tanh}, {1, identity}});
const Perceptron linear(2, {{1, identity}});

Dataset linear_data(Index n = 25) {
  RandomStream stream(3, 1, 5, RandomPurpose::noise);
  Dataset data{Matrix(n, 2), Matrix(n, 1), {}, {}};
  for (Index i = 0; i < n; ++i) {
    data.X.row(i) << uniform(stream, 5, 9), uniform(stream, -1, 1);
    data.Y(i, 0) = 1 + 2 * data.X(i, 0) - data.X(i, 1) + stream.normal();
  }
  return data;
}

// (X'WX + K)^-1 X'Wy in extended precision, parameters in the network's order: weights, then bias.
Vector normal_equations(const Dataset& data, const Vector& decay) {
  LongMatrix A(data.X.rows(), data.X.cols() + 1);
  A << data.X.cast<long double>(), LongMatrix::Ones(data.X.rows(), 1);
  const LongMatrix w = data.weights.size() ? LongMatrix(data.weights.cast<long double>())
                                           : LongMatrix(LongMatrix::Ones(data.X.rows(), 1));
  LongMatrix normal = A.transpose() * w.col(0).asDiagonal() * A;
  if (decay.size()) normal.diagonal() += decay.cast<long double>();
  const LongMatrix right = A.transpose() * w.col(0).asDiagonal() * data.Y.cast<long double>();
  return normal.ldlt().solve(right).cast<double>();
}

TEST(Fit, WithoutAHiddenLayerIsLinearRegression) {
  Dataset data = linear_data();
  EXPECT_TRUE(all_within_relative(fit(linear, data).theta, normal_equations(data, {}), 1e-12));
  data.weights = Vector::LinSpaced(25, 0.5, 3);
  EXPECT_TRUE(all_within_relative(fit(linear, data).theta, normal_equations(data, {}), 1e-12));
}

// The penalty is k |theta|^2 beside the sum of squares, in the user's units: (X'X + K) theta = X'y.
TEST(Fit, DecayIsAddedToTheSumOfSquaresInTheUsersUnits) {
  const Dataset data = linear_data();
  for (const Vector& decay : {equal_decay(linear, 3, DecayOf::weights),
                              equal_decay(linear, 3, DecayOf::weights_and_biases), Vector{{0.0, 5.0, 0.1}}}) {
    const Fit result = fit(linear, data, {.decay = decay});
    EXPECT_TRUE(all_within_relative(result.theta, normal_equations(data, decay), 1e-12));
    EXPECT_NEAR(result.end->penalty, decay.dot(result.theta.cwiseAbs2()), 1e-12 * result.end->penalty);
    const Vector r = data.Y.col(0) - evaluate(linear, result.theta, data.X).col(0);
    EXPECT_NEAR(result.end->rss, r.squaredNorm(), 1e-12 * result.end->rss);
  }
}

TEST(EqualDecay, LeavesBiasesOutWhereAskedTo) {
  EXPECT_EQ(equal_decay(step_network, 2, DecayOf::weights), (Vector{{2.0, 0.0, 2.0, 0.0}}));
  EXPECT_EQ(equal_decay(step_network, 2, DecayOf::weights_and_biases), Vector::Constant(4, 2));
}

TEST(Fit, AWeightIsANumberOfRepetitions) {
  Dataset weighted = step_data(12);
  weighted.weights = Vector::Ones(12);
  weighted.weights[3] = 3;
  const Dataset repeated = step_data(12).rows({0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Fit a = fit(step_network, weighted), b = fit(step_network, repeated);
  EXPECT_NEAR(a.end->rss, b.end->rss, 1e-12 * a.end->rss);
  EXPECT_TRUE(all_within_relative(evaluate(step_network, a.theta, weighted.X),
                                  evaluate(step_network, b.theta, weighted.X), 1e-11));
}

TEST(Fit, OutputScalesWeighOutputs) {
  Dataset both = step_data();
  both.Y.conservativeResize(Eigen::NoChange, 2);
  both.Y.col(1) = both.X.col(0).array().square();
  both.output_scales = Vector{{1.0, 1e6}};
  const Perceptron two_outputs(1, {{1, tanh}, {2, identity}});
  // With the second output all but ignored, the first is fitted as if alone.
  const Matrix Y = evaluate(two_outputs, fit(two_outputs, both).theta, both.X);
  const Matrix alone = evaluate(step_network, fit(step_network, step_data()).theta, both.X);
  EXPECT_TRUE(all_within(Y.col(0), alone.col(0), 1e-6));
}

// x -> c x and y -> a y + b change the parameters and not the fit.
TEST(Fit, UnitsDoNotMatter) {
  const Dataset data = step_data();
  const Fit plain = fit(step_network, data);
  const Matrix fitted = evaluate(step_network, plain.theta, data.X);
  for (const double scale : {1e-12, 1e12}) {
    Dataset other = data;
    other.X *= scale;
    other.Y = other.Y / scale;
    const Fit result = fit(step_network, other);
    EXPECT_TRUE(result.has_converged());
    EXPECT_NEAR(result.end->rss * scale * scale, plain.end->rss, 1e-10 * plain.end->rss);
    EXPECT_TRUE(all_within(evaluate(step_network, result.theta, other.X) * scale, fitted, 1e-9));
  }
}

TEST(Fit, AConstantColumnAndRepeatedRowsDoNoHarm) {
  Dataset data = step_data(20);
  data.X.conservativeResize(Eigen::NoChange, 3);
  data.X.col(1).setConstant(1e12);
  data.X.col(2).setZero();
  const Perceptron network(3, {{1, tanh}, {1, identity}});
  const Fit result = fit(network, data);
  EXPECT_NEAR(result.end->rss, fit(step_network, step_data(20)).rss(), 1e-6);
  const Dataset same = step_data(4).rows({0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3});
  EXPECT_TRUE(std::isfinite(fit(step_network, same).rss()));
}

TEST(Fit, MoreParametersThanObservationsHaveNoSigma) {
  const Perceptron large(1, {{6, tanh}, {1, identity}});
  const Fit bare = fit(large, step_data(10));
  EXPECT_FALSE(bare.sigma().has_value());
  EXPECT_TRUE(bare.theta.allFinite());
  const Fit decayed =
      fit(large, step_data(10), {.decay = equal_decay(large, 0.1, DecayOf::weights_and_biases)});
  EXPECT_TRUE(decayed.has_converged()) << explanation(decayed.end->stop);
  EXPECT_LE(decayed.end->relative_offset.value(), 0.001);  // what Stop::converged promises (fit/solvers.hpp)
}

TEST(Fit, CountsTheStartsThatReachTheBest) {
  const Fit result = fit(step_network, step_data(), {.n_starts = 20});
  EXPECT_EQ(result.end->starts.n_starts, 20);
  EXPECT_GE(result.end->starts.n_at_best, 1);
  EXPECT_LE(result.end->starts.lowest, result.end->starts.median);
  EXPECT_LE(result.end->starts.median, result.end->starts.highest);
  EXPECT_NEAR(result.end->starts.lowest, result.end->rss, 1e-9 * result.end->rss);
}

TEST(Fit, EverySchemeFindsAnOptimum) {
  for (const InitialisationInfo& scheme : initialisation_table()) {
    const Fit result = fit(step_network, step_data(), {.initialisation = std::string(scheme.name)});
    EXPECT_EQ(result.end->stop, Stop::orthogonal) << scheme.name;
    EXPECT_NEAR(result.end->rss, fit(step_network, step_data()).rss(), 1e-10) << scheme.name;
  }
}

TEST(Fit, AStartThatIsNotFiniteIsAnOutcome) {
  const Perceptron network(1, {{1, exp}, {1, identity}});
  const Fit result = fit(network, step_data(), {.start = Vector::Constant(4, 1e4), .n_starts = 0});
  EXPECT_EQ(result.end->stop, Stop::not_finite);
  EXPECT_EQ(result.end->starts.n_failed, result.end->starts.n_starts);
  EXPECT_EQ(result.end->starts.n_at_best, 0);
}

TEST(Fit, RefusesOptionsThatMakeNoSense) {
  const auto refuses = [](const FitOptions& options) {
    EXPECT_THROW(fit(step_network, step_data(), options), InputError);
  };
  refuses({.n_starts = 0});
  refuses({.n_starts = -1});
  refuses({.n_wanted_at_best = 0});
  refuses({.n_redraws = -1});
  refuses({.initialisation = "best"});
  refuses({.max_iterations = -1});
  refuses({.relative_offset = -1});
  refuses({.relative_offset = std::nan("")});
  refuses({.decay = Vector::Constant(4, -1)});
  refuses({.jacobian = {.strategy = "best"}});
  EXPECT_THROW(fit(step_network, step_data(), {.start = Vector::Zero(3)}), std::logic_error);
  EXPECT_THROW(fit(step_network, step_data(), {.decay = Vector::Zero(3)}), std::logic_error);
}

}  // namespace
}  // namespace jacobench
