#include "jacobench/inference/curvature.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;

// Treloar's enzyme data, as published by Bates and Watts (1988), table A1.3, treated cells.
Dataset puromycin() {
  Dataset data{Matrix(12, 1), Matrix(12, 1), {}, {}};
  data.X << 0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10;
  data.Y << 76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200;
  return data;
}

// A drawn teacher at its own parameters, with normal errors of a tenth.
testing::Linearised drawn_fit(const Perceptron& network, double scale, Index n, bool is_weighted) {
  RandomStream stream(3, cell_number(to_string(network)), 0, RandomPurpose::parameters);
  const auto normal = [&] { return stream.normal(); };
  const Vector theta = draw_parameters(network, scale, stream);
  Dataset data{Matrix::NullaryExpr(n, network.n_inputs(), normal), {}, {}, {}};
  data.Y = evaluate(network, theta, data.X) + 0.1 * Matrix::NullaryExpr(n, network.n_outputs(), normal);
  if (is_weighted) data.weights = Vector::LinSpaced(n, 0.5, 2);
  return testing::linearised(network, theta, data);
}

// Michaelis and Menten's v = V x / (k + x) is softsign with w1 = 1 / k, w2 = V. The intrinsic curvature does not depend
// on the parametrisation and is published: c sqrt(F) = 0.09 (Bates and Watts 1988, sec. 7.3).
TEST(Curvature, IntrinsicIsThePublishedOne) {
  const Perceptron network(1, {{1, softsign, Bias::none}, {1, identity, Bias::none}});
  const Dataset data = puromycin();
  const Vector theta = fit(network, data).theta;
  EXPECT_NEAR(std::abs(theta[1]), 212.7, 0.05);
  EXPECT_NEAR(1 / std::abs(theta[0]), 0.0641, 5e-5);
  const testing::Linearised at = testing::linearised(network, theta, data);
  const Curvature c = curvature(at, covariance(at));
  EXPECT_NEAR(c.root_f, std::sqrt(4.102821015), 1e-8);
  EXPECT_NEAR(c.intrinsic * c.root_f, 0.092, 5e-4);
  EXPECT_TRUE(c.intrinsic_is_small());
}

TEST(Curvature, OfALinearFitIsZero) {
  const testing::Fitted& fitted = testing::fitted_linear();
  const Curvature c = curvature(fitted.at, covariance(fitted.at));
  EXPECT_EQ(c.intrinsic, 0);
  EXPECT_EQ(c.parameter_effects, 0);
}

// y = (w2 w1) x: a line in disguise. It does not bend; along it the parameters run unevenly, and one of the two
// directions is not determined.
TEST(Curvature, OfALineInDisguiseIsOfTheParameters) {
  const Perceptron network(1, {{1, exp, Bias::present}, {1, identity, Bias::none}});
  Dataset data{Matrix::Zero(6, 1), Matrix(6, 1), {}, {}};
  data.Y << 1, 1.5, 0.7, 1.2, 0.9, 1.4;
  const testing::Linearised at = testing::linearised(network, Vector{{0.3, 0.05, 1.06}}, data);
  const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  ASSERT_TRUE(cov.ok()) << cov.reason();
  EXPECT_EQ(cov.rank(), 1);
  const Curvature c = curvature(at, cov);
  EXPECT_LE(c.intrinsic, 1e-14);
  EXPECT_GT(c.parameter_effects, 1e-3);
}

// tanh <-> logistic is an affine change of parameters: it leaves both curvatures.
TEST(Curvature, IsInvariantUnderAnAffineChangeOfParameters) {
  const testing::Fitted& fitted = testing::fitted_step();
  const Curvature c = curvature(fitted.at, covariance(fitted.at));
  const Vector& t = fitted.theta;
  const Perceptron in_logistic(1, {{1, logistic}, {1, identity}});
  const testing::Linearised other =
      testing::linearised(in_logistic, Vector{{2 * t[0], 2 * t[1], 2 * t[2], t[3] - t[2]}}, fitted.data);
  const Curvature d = curvature(other, covariance(other));
  EXPECT_NEAR(c.intrinsic, d.intrinsic, 1e-10 * c.intrinsic);
  EXPECT_NEAR(c.parameter_effects, d.parameter_effects, 1e-10 * c.parameter_effects);
}

// f = exp(w_d) at the n_d observations of group d: along the unit tangent of a group the second derivative is
// 1 / (f_d sqrt(n_d)), and there is none across. So c^2 = s^2 (3 / 4) sum_d 1 / (f_d^2 n_d), all of it of the
// parameters.
TEST(Curvature, OfTwoGroupsInExponentialsIsItsFormula) {
  const Perceptron network(2, {{1, exp, Bias::none}});
  Dataset data{Matrix(7, 2), Matrix(7, 1), {}, {}};
  data.X << 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1;
  data.Y << 1.1, 0.7, 1.4, 2.2, 2.9, 1.8, 2.6;
  const Vector theta{{0.1, 0.8}};
  const testing::Linearised at = testing::linearised(network, theta, data);
  const Covariance cov = covariance(at);
  const Curvature c = curvature(at, cov);
  const double f_0 = std::exp(0.1), f_1 = std::exp(0.8);
  EXPECT_NEAR(c.parameter_effects,
              cov.sigma() * std::sqrt(0.75 * (1 / (3 * f_0 * f_0) + 1 / (4 * f_1 * f_1))), 1e-14);
  EXPECT_LE(c.intrinsic, 1e-15);
  EXPECT_FALSE(c.parameter_effects_are_small());
}

// A weight of 4 is an observation that stands there four times, but for the degrees of freedom of s.
TEST(Curvature, AWeightIsANumberOfRepetitions) {
  const testing::Fitted& fitted = testing::fitted_step();
  Dataset weighted = fitted.data;
  weighted.weights = Vector::Ones(30);
  weighted.weights[5] = 4;
  std::vector<Index> rows{5, 5, 5};
  for (Index n = 0; n < 30; ++n) rows.push_back(n);
  const auto over_sigma = [&](const Dataset& data) -> Vector {
    const testing::Linearised at = testing::linearised(fitted.network, fitted.theta, data);
    const Covariance cov = covariance(at);
    const Curvature c = curvature(at, cov);
    return Vector{{c.intrinsic, c.parameter_effects}} / cov.sigma();
  };
  EXPECT_TRUE(testing::all_within_relative(over_sigma(weighted), over_sigma(fitted.data.rows(rows)), 1e-11));
}

// Bates and Watts' sum over pairs is the mean over the sphere: random directions give it to within five of their
// standard errors, which are as small as the worst case says, a single direction that bends.
TEST(Curvature, RandomDirectionsEstimateIt) {
  const auto expect_estimate = [](const Perceptron& network, double scale, Index n, bool is_weighted) {
    const testing::Linearised at = drawn_fit(network, scale, n, is_weighted);
    const Covariance cov = covariance(at);
    ASSERT_TRUE(cov.ok()) << cov.reason();
    const Curvature exact = curvature(at, cov, {.n_directions = CurvatureOptions::all_pairs});
    EXPECT_TRUE(exact.is_exact());
    EXPECT_EQ(exact.intrinsic_se, 0);
    EXPECT_EQ(exact.parameter_effects_se, 0);
    for (Index m : {500, 2003}) {
      const Curvature c = curvature(at, cov, {.n_directions = m});
      EXPECT_EQ(c.n_directions, m);
      EXPECT_EQ(c.root_f, exact.root_f);
      EXPECT_NEAR(c.intrinsic, exact.intrinsic, 5 * c.intrinsic_se);
      EXPECT_NEAR(c.parameter_effects, exact.parameter_effects, 5 * c.parameter_effects_se);
      const double worst = 2 * 1.7 / std::sqrt(static_cast<double>(m));  // twice: it is an estimate too
      EXPECT_GT(c.intrinsic_se, 0);
      EXPECT_LT(c.intrinsic_se, worst * exact.intrinsic);
      EXPECT_LT(c.parameter_effects_se, worst * exact.parameter_effects);
    }
  };
  expect_estimate(Perceptron(1, {{4, tanh}, {1, identity}}), 2, 60, false);
  expect_estimate(Perceptron(3, {{4, logistic}, {2, identity}}), 1.5, 80, true);
  expect_estimate(Perceptron(2, {{3, tanh}, {3, softplus}, {1, identity}}), 1.5, 300, false);
}

// By the textbook's sum, from differences of J along pairs of columns of T.
TEST(Curvature, AllPairsAreBatesAndWattsSum) {
  const testing::Linearised at = drawn_fit(Perceptron(2, {{3, tanh}, {2, identity}}), 1.5, 40, true);
  const Covariance cov = covariance(at);
  ASSERT_TRUE(cov.ok()) << cov.reason();
  const Matrix &T = at->of_data().T(), &Q = at->of_data().Q();
  const Index p = T.cols();
  double squares_in = 0, squares_out = 0;
  Vector trace_in = Vector::Zero(p), trace_out = Vector::Zero(at->n_values());
  for (Index i = 0; i < p; ++i) {
    const double h = 1e-5 / T.col(i).norm();
    const auto J_at = [&](double step) -> Matrix {
      Matrix J = testing::gradients_at(at.fit().network, at.fit().theta + step * T.col(i), at.fit().data.X);
      at->rows().apply_to_stacked(J);
      return J;
    };
    const Matrix A = (J_at(h) - J_at(-h)) * T / (2 * h);  // a_ij, j = 1 .. p
    const Matrix in_plane = Q.transpose() * A, out_of_plane = A - Q * in_plane;
    squares_in += in_plane.squaredNorm();
    squares_out += out_of_plane.squaredNorm();
    trace_in += in_plane.col(i);
    trace_out += out_of_plane.col(i);
  }
  const auto c = [&](double squares, const Vector& trace) {
    const auto d = static_cast<double>(p);
    return cov.sigma() * std::sqrt((2 * squares + trace.squaredNorm()) / (d + 2));
  };
  const Curvature found = curvature(at, cov);
  EXPECT_TRUE(found.is_exact());
  // differences are right to 10^-9 of the largest a_ij, those in the plane
  EXPECT_NEAR(found.parameter_effects, c(squares_in, trace_in), 1e-7 * found.parameter_effects);
  EXPECT_NEAR(found.intrinsic, c(squares_out, trace_out), 1e-7 * found.parameter_effects);
}

TEST(Curvature, OfManyPairsIsEstimatedWithTheSameBits) {
  const Perceptron network(5, {{10, tanh}, {5, tanh}, {1, identity}});
  const testing::Linearised at = drawn_fit(network, 1.5, 1210, false);
  const Covariance cov = covariance(at);
  ASSERT_TRUE(cov.ok()) << cov.reason();
  const Curvature c = curvature(at, cov), again = curvature(at, cov);
  EXPECT_FALSE(c.is_exact());
  EXPECT_EQ(c.intrinsic, again.intrinsic);
  EXPECT_EQ(c.parameter_effects, again.parameter_effects);
  EXPECT_THROW(curvature(at, cov, {.n_directions = 1}), std::logic_error);
}

}  // namespace
}  // namespace jacobench
