#include "jacobench/fit/live_descent.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/network/perceptron.hpp"

namespace jacobench {
namespace {

// A sum of tanh of five directions, with noise.
Dataset noisy_data(Index n, Index n_inputs) {
  RandomStream stream(3, 0, 0, RandomPurpose::inputs);
  const auto drawn = [&](Index rows, Index columns) {
    Matrix numbers(rows, columns);
    for (double& each : numbers.reshaped()) each = stream.normal();
    return numbers;
  };
  const Matrix directions = drawn(n_inputs, 5) * (2 / std::sqrt(static_cast<double>(n_inputs)));
  const Vector shares = drawn(5, 1);
  Dataset data{.X = drawn(n, n_inputs), .Y = 0.1 * drawn(n, 1)};
  data.Y += (data.X * directions).array().tanh().matrix() * shares;
  return data;
}

Vector draw(const Perceptron& network) {
  RandomStream stream(1, 0, 0, RandomPurpose::starts);
  return draw_parameters(network, 1, stream);
}

struct Descending {
  Descending(const Perceptron& network, const Dataset& its_data, const Vector& decay)
      : data(its_data),
        residuals(network, data, decay),
        equations(residuals, decay),
        descender(residuals, equations),
        live(residuals, equations, descender, decay, 1) {}

  const Dataset data;
  Residuals residuals;
  DualEquations equations;
  Descender descender;
  LiveDescent live;
};

// Few units of a wide network remain, and the descent without the others ends at a minimum of S of all: it leaves
// nothing to a descent with all units. Weights of the others are zero, to the bit.
TEST(LiveDescent, EndsAtAMinimumOfTheWholeNetwork) {
  const Perceptron network(20, {{60, Activation::tanh}, {60, Activation::tanh}, {1, Activation::identity}});
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    const Vector decay = equal_decay(network, 0.1, of);
    Descending at(network, noisy_data(200, 20), decay);
    Vector theta = draw(network);
    double lowest = std::numeric_limits<double>::infinity();
    Index n_calls = 0;
    const Descent descent = at.live.descend(at.data, theta, {.go_on = [&](double objective) {
                                              ++n_calls;
                                              EXPECT_LE(objective, lowest * (1 + 1e-3));
                                              lowest = std::min(lowest, objective);
                                              return true;
                                            }});
    EXPECT_EQ(descent.end, Descent::End::arrived);
    EXPECT_LE(std::abs(n_calls - descent.n_iterations), 3);
    EXPECT_LE((theta.array() != 0).count(), network.n_params() / 2);
    ASSERT_TRUE(at.equations.move_to(theta));
    EXPECT_NEAR(descent.objective, at.equations.objective(), 1e-12 * descent.objective);
    Vector d(theta.size());
    const auto newton = at.equations.newton_step(d);
    ASSERT_TRUE(newton);
    EXPECT_LE(newton->predicted_fall, 1e-9 * descent.objective);
    Vector again = theta;
    const Descent with_all = at.descender.descend(again, {.radius = 0.1});
    EXPECT_EQ(with_all.end, Descent::End::arrived);
    EXPECT_NEAR(with_all.objective, descent.objective, 1e-8 * descent.objective);
  }
}

// Units without weights have no gradient either: a descent with all units keeps them so, wherever it starts.
TEST(LiveDescent, GivesWeightsToIdleUnitsThatAreNotAtRest) {
  const Perceptron network(3, {{12, Activation::tanh}, {1, Activation::identity}});
  const Vector decay = equal_decay(network, 0.01, DecayOf::weights_and_biases);
  Descending at(network, noisy_data(40, 3), decay);
  Vector start = draw(network);
  network.weights(start, 0).bottomRows(11).setZero();
  network.bias(start, 0).tail(11).setZero();
  network.weights(start, 1).rightCols(11).setZero();
  Vector of_one = start, theta = start;
  const Descent one = at.descender.descend(of_one);
  EXPECT_EQ((network.weights(of_one, 1).array() != 0).count(), 1);
  const Descent all = at.live.descend(at.data, theta, {});
  EXPECT_EQ(all.end, Descent::End::arrived);
  EXPECT_GE((network.weights(theta, 1).array().abs() > 1e-3).count(), 3);
  EXPECT_LT(all.objective, 0.5 * one.objective);
}

TEST(LiveDescent, EndsAfterAsManyStepsAsItIsGiven) {
  const Perceptron network(20, {{60, Activation::tanh}, {60, Activation::tanh}, {1, Activation::identity}});
  const Vector decay = equal_decay(network, 0.1, DecayOf::weights_and_biases);
  Descending at(network, noisy_data(200, 20), decay);
  for (const Index most : {3, 25}) {
    Vector theta = draw(network);
    const Descent descent = at.live.descend(at.data, theta, {.max_iterations = most});
    EXPECT_EQ(descent.end, Descent::End::iteration_limit);
    EXPECT_EQ(descent.n_iterations, most);
  }
}

}  // namespace
}  // namespace jacobench
