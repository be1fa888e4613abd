#include "coverage/other_packages.hpp"

#include <cmath>

#include <Eigen/LU>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench::coverage {
namespace {

using testing::all_within_relative;

Band package_band(const char* name, const Fit& fit, const Matrix& X0, IntervalKind kind) {
  Tangent at = linearise(fit);
  NewPoints points(fit, X0);
  points.move_to(at);
  const IntervalMethod& method = find_by_name(other_package_table(), name, "package");
  const auto engine = method.prepare(fit, points, {}, {{.kind = kind}});
  EXPECT_TRUE(engine->compute(at, points, 1)) << engine->reason();
  return engine->bands()[0];
}

// With one layer there is no layer above the first, and the last is all.
TEST(OtherPackages, AreRightForOneLayerWhereTheyLeaveNothingOut) {
  const Fit& fit = testing::fitted_linear().at.fit();
  const Matrix X0{{5, 0}, {7, 1}};
  const Bands right = bands_at(fit, X0, {.method = "delta"});
  for (const char* name : {"wrong_layer_jacobian", "laplace_last_layer"}) {
    EXPECT_TRUE(
        all_within_relative(package_band(name, fit, X0, IntervalKind::mean).upper, right.mean.upper, 1e-12))
        << name;
    EXPECT_TRUE(all_within_relative(package_band(name, fit, X0, IntervalKind::prediction).lower,
                                    right.prediction.lower, 1e-12))
        << name;
  }
  // inputs that are correlated with the bias are not independent of it
  const Matrix diagonal = package_band("laplace_diagonal", fit, X0, IntervalKind::mean).se;
  EXPECT_LT(diagonal(0, 0) / right.mean.se(0, 0), 0.6);
}

TEST(OtherPackages, TheDiagonalIsRightForOrthogonalColumns) {
  const Dataset data{Matrix{{-1, -1}, {1, -1}, {-1, 1}, {1, 1}, {0, 0}},
                     Matrix{{1}, {2.5}, {2}, {4.25}, {2}}};
  const Fit fit = jacobench::fit(Perceptron(2, {{1, Activation::identity}}), data);
  const Matrix X0{{0.5, 2}};
  EXPECT_TRUE(all_within_relative(package_band("laplace_diagonal", fit, X0, IntervalKind::mean).se,
                                  bands_at(fit, X0, {.method = "delta"}).mean.se, 1e-12));
}

// With a decay the last layer is that of laplace, which has a prior for the others too: never less.
TEST(OtherPackages, TheLastLayerAloneKnowsTooMuch) {
  const testing::Fitted fitted = testing::fitted_step(Vector::Constant(4, 0.1));
  const Matrix X0 = Vector::LinSpaced(9, -2, 2);
  const Matrix last = package_band("laplace_last_layer", fitted.at.fit(), X0, IntervalKind::mean).se;
  const Bands right = bands_at(fitted.at.fit(), X0, {.method = "laplace"});
  EXPECT_TRUE((last.array() < right.mean.se.array()).all());
  EXPECT_LT((last.array() / right.mean.se.array()).minCoeff<Eigen::PropagateNaN>(), 0.6);
  // by its definition: the values of the unit, and one
  const Matrix tanh_at = (fitted.theta[0] * X0.array() + fitted.theta[1]).tanh();
  const Matrix tanh_of = (fitted.theta[0] * fitted.data.X.array() + fitted.theta[1]).tanh();
  Matrix G(9, 2), J(30, 2);
  G << tanh_at, Vector::Ones(9);
  J << tanh_of, Vector::Ones(30);
  const Matrix V = (J.transpose() * J + 0.1 * Matrix::Identity(2, 2)).inverse();
  const Vector expected = right.sigma * (G * V * G.transpose()).diagonal().cwiseSqrt();
  EXPECT_TRUE(all_within_relative(Vector(last.col(0)), expected, 1e-10));
}

// Entry by entry as getParaGrad has it, of two hidden layers: for W_k(i, j) the derivative with respect to the bias of
// unit i times the slope of unit j below, where its value is right; biases and the first layer are right.
TEST(OtherPackages, TheWrongLayerHasSlopesForValues) {
  const Perceptron network(2, {{2, Activation::tanh}, {2, Activation::logistic}, {1, Activation::identity}});
  RandomStream stream(1, 5, 0, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 1, stream);
  const Matrix X{{0.3, -1}, {1.2, 0.4}, {-0.7, 0.1}};
  Matrix Y(3, 1), J(3, network.n_params());
  find_strategy("layerwise").make(network, 3, {})->evaluate(theta, X, {.values = &Y, .J_y_theta = &J});
  const Matrix wrong = wrong_layer_jacobian(network, theta, X, J);
  const Matrix Z1 =
      (X * network.weights(theta, 0).transpose()).rowwise() + network.bias(theta, 0).transpose();
  const Matrix A1 = Z1.array().tanh();
  const Matrix Z2 =
      (A1 * network.weights(theta, 1).transpose()).rowwise() + network.bias(theta, 1).transpose();
  const Matrix A2 = 1 / (1 + (-Z2.array()).exp());
  for (Index p = 0; p < network.n_params(); ++p) {
    const ParameterPlace place = network.place_of(p);
    Vector factor = Vector::Ones(3);
    if (!place.is_bias() && place.layer == 1) {
      const auto a = A1.col(place.input).array();
      factor = (1 - a.square()) / a;
    }
    if (!place.is_bias() && place.layer == 2) factor = 1 - A2.col(place.input).array();
    EXPECT_TRUE(all_within_relative(Vector(wrong.col(p)), Vector(J.col(p).cwiseProduct(factor)), 1e-12)) << p;
  }
  EXPECT_THROW(
      wrong_layer_jacobian(Perceptron(2, {{1, Activation::tanh}, {1, Activation::identity, Bias::none}}),
                           Vector::Ones(4), X, Matrix::Ones(3, 4)),
      InputError);
}

// One path leads from a weight to the output: the product of sums is the sum of products.
TEST(OtherPackages, TheProductOfSumsIsRightWithOneHiddenLayer) {
  const testing::Fitted fitted = testing::fitted_step(Vector());
  const Matrix X0 = Vector::LinSpaced(9, -2, 2);
  EXPECT_TRUE(all_within_relative(package_band("product_of_sums", fitted.at.fit(), X0, IntervalKind::mean).se,
                                  bands_at(fitted.at.fit(), X0, {.method = "delta"}).mean.se, 1e-10));
}

TEST(OtherPackages, AreOfTheStudyAlone) {
  for (const IntervalMethod& method : other_package_table()) {
    EXPECT_THROW(find_interval_method(method.name), InputError);
    EXPECT_TRUE(
        method.why_not(testing::fitted_linear().at.fit(), {}, {.simultaneous = Simultaneous::bonferroni}));
  }
  EXPECT_EQ(study_method_table().size(), interval_method_table().size() + other_package_table().size());
}

}  // namespace
}  // namespace jacobench::coverage
