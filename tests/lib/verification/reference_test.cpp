#include "jacobench/verification/reference.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/long_network.hpp"
#include "support/scenarios.hpp"
#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::LongReal;
using testing::Scenario;
using testing::scenarios;

LongReal entry(const ReferenceMatrix& matrix, Index i, Index j) {
  return LongReal(matrix.high(i, j)) + matrix.low(i, j);
}

// high is the truth rounded to double and low what is missing, so that both hold it to 2^-106 of itself, as
// far as the low part is a normal number.
void expect_entry(const ReferenceMatrix& matrix, Index i, Index j, const LongReal& truth) {
  EXPECT_EQ(matrix.high(i, j), truth.convert_to<double>()) << "entry " << i << ", " << j;
  EXPECT_LE(abs(entry(matrix, i, j) - truth), ldexp(abs(truth), -106) + LongReal(0x1p-1074))
      << "entry " << i << ", " << j;
}

LongReal logistic(const LongReal& z) { return 1 / (1 + exp(-z)); }

// y = w2 s(w1 x + b1) + b2, theta = (w1, b1, w2, b2): J = (w2 s' x, w2 s', s, 1), dy/dx = w2 s' w1, s' = s (1
// - s).
TEST(ReferenceClosedForm, LogisticOneOneOne) {
  const Perceptron network(1, {{1, Activation::logistic}, {1, Activation::identity}});
  for (double b1 : {0.25, -3.0, 20.0, -40.0, -300.0}) {
    Vector theta(4);
    theta << 0.7, b1, -1.3, 0.4;
    const Matrix X{{0.1}, {-1.7}, {3.0}};
    const Reference reference = compute_reference(network, theta, X);
    for (Index n = 0; n < 3; ++n) {
      const LongReal x = X(n, 0), w2 = theta[2];
      const LongReal s = logistic(LongReal(theta[0]) * x + theta[1]), slope = s * (1 - s);
      expect_entry(reference.values, n, 0, w2 * s + theta[3]);
      expect_entry(reference.J_y_theta, n, 0, w2 * slope * x);
      expect_entry(reference.J_y_theta, n, 1, w2 * slope);
      expect_entry(reference.J_y_theta, n, 2, s);
      expect_entry(reference.J_y_theta, n, 3, 1);
      expect_entry(reference.J_y_x, n, 0, w2 * slope * theta[0]);
    }
  }
}

TEST(ReferenceClosedForm, SoftplusAndTanhUnits) {
  for (Activation activation : {Activation::softplus, Activation::tanh}) {
    const Perceptron unit(2, {{1, activation}});
    Vector theta(3);
    theta << 1.5, -0.3, 0.2;
    const Matrix X{{0.5, 0.25}, {-9, 7}, {20, 3}, {-30, 1}};
    const Reference reference = compute_reference(unit, theta, X);
    for (Index n = 0; n < X.rows(); ++n) {
      const LongReal z = LongReal(theta[0]) * X(n, 0) + LongReal(theta[1]) * X(n, 1) + theta[2];
      const LongReal slope = activation == Activation::tanh ? LongReal(1 / (cosh(z) * cosh(z))) : logistic(z);
      expect_entry(reference.values, n, 0,
                   activation == Activation::tanh ? LongReal(sinh(z) / cosh(z)) : LongReal(log(1 + exp(z))));
      expect_entry(reference.J_y_theta, n, 0, slope * X(n, 0));
      expect_entry(reference.J_y_theta, n, 1, slope * X(n, 1));
      expect_entry(reference.J_y_theta, n, 2, slope);
      expect_entry(reference.J_y_x, n, 0, slope * theta[0]);
      expect_entry(reference.J_y_x, n, 1, slope * theta[1]);
    }
  }
}

// Y = (X A' + a) B' + b of small integers: dy_k/dA(i, j) = B(k, i) x_j, dy_k/da(i) = B(k, i), dy_k/dB(k, i) =
// a unit, dy_k/db(k) = 1, dY/dX = B A. All exact in double.
TEST(ReferenceClosedForm, LinearNetworkIsExact) {
  const Perceptron network(2, {{3, Activation::identity}, {2, Activation::identity}});
  Vector theta(17);
  theta << 1, -2, 3, 4, -5, 6, 7, 8, -9, 2, -3, 4, 5, -6, 7, 1, -1;
  const Matrix X{{1, 2}, {-3, 5}, {0, 7}};
  const Matrix A{{1, -2}, {3, 4}, {-5, 6}}, B{{2, -3, 4}, {5, -6, 7}};
  const Vector a{{7, 8, -9}}, b{{1, -1}};
  const Matrix hidden = (X * A.transpose()).rowwise() + a.transpose();
  const Matrix Y = (hidden * B.transpose()).rowwise() + b.transpose();
  Matrix J = Matrix::Zero(6, 17);
  Matrix J_x(6, 2);
  for (Index k = 0; k < 2; ++k)
    for (Index n = 0; n < 3; ++n) {
      const Index row = 3 * k + n;
      for (Index i = 0; i < 3; ++i) {
        for (Index j = 0; j < 2; ++j) J(row, 2 * i + j) = B(k, i) * X(n, j);
        J(row, 6 + i) = B(k, i);
        J(row, 9 + 3 * k + i) = hidden(n, i);
      }
      J(row, 15 + k) = 1;
      J_x.row(row) = B.row(k) * A;
    }
  const Reference reference = compute_reference(network, theta, X);
  EXPECT_EQ(reference.values.high, Y);
  EXPECT_EQ(reference.J_y_theta.high, J);
  EXPECT_EQ(reference.J_y_x.high, J_x);
  for (const ReferenceMatrix* matrix : {&reference.values, &reference.J_y_theta, &reference.J_y_x})
    EXPECT_TRUE((matrix->low.array() == 0).all());
  // and so are the strategies, where nothing rounds
  for (const char* name : {"per_parameter", "layerwise"}) {
    const auto evaluator = find_strategy(name).make(network, 3, {});
    Matrix values(3, 2), J_y_theta(6, 17), J_y_x(6, 2);
    evaluator->evaluate(theta, X, {.values = &values, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
    EXPECT_EQ(values, Y) << name;
    EXPECT_EQ(J_y_theta, J) << name;
    EXPECT_EQ(J_y_x, J_x) << name;
  }
}

class ReferenceOnScenario : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(Each, ReferenceOnScenario,
                         ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         [](const auto& test) { return test.param.name; });

// Central differences of the tests' own 100-digit network with h = 10^-30: truncation is of the order of
// h^2 s^2 |J| <= 10^-48 |J| for s up to 10^6, rounding 10^-100 |y| / h. The reference holds 2^-106 |J| =
// 10^-32 |J|.
TEST_P(ReferenceOnScenario, AgreesWithCentralDifferencesInAHundredDigits) {
  const Scenario& s = GetParam();
  if (s.on_kink) GTEST_SKIP() << "a difference straddles the kink";
  const Reference& reference = testing::reference_of(s);
  const LongReal h("1e-30");
  const Index N = s.X.rows(), P = s.network.n_params(), D = s.network.n_inputs();
  // every 7th entry or so of large networks
  const Index step = std::max<Index>(1, (P + D) / 50) | 1;
  for (Index n : {Index{0}, N - 1})
    for (Index v = 0; v < P + D; v += step) {
      std::vector<LongReal> theta = testing::to_long(s.theta), x = testing::to_long(s.X.row(n).transpose());
      LongReal& varied = v < P ? theta[static_cast<std::size_t>(v)] : x[static_cast<std::size_t>(v - P)];
      const LongReal centre = varied;
      const auto at_centre = testing::long_network(s.network, theta, x);
      varied = centre + h;
      const auto after = testing::long_network(s.network, theta, x);
      varied = centre - h;
      const auto before = testing::long_network(s.network, theta, x);
      for (Index k = 0; k < s.network.n_outputs(); ++k) {
        const auto out = static_cast<std::size_t>(k);
        const LongReal difference = (after[out] - before[out]) / (2 * h);
        const ReferenceMatrix& J = v < P ? reference.J_y_theta : reference.J_y_x;
        const LongReal tolerance = ldexp(abs(difference), -105) + LongReal("1e-65");
        ASSERT_LE(abs(entry(J, k * N + n, v < P ? v : v - P) - difference), tolerance)
            << "output " << k << " of observation " << n << ", "
            << testing::column_name(s.network, v < P ? Wrt::parameters : Wrt::inputs, v < P ? v : v - P);
        ASSERT_LE(abs(entry(reference.values, n, k) - at_centre[out]),
                  ldexp(abs(at_centre[out]), -105) + LongReal("1e-65"));
      }
    }
}

TEST(Reference, GivesWhatIsWantedAndTheSameWhateverElseIs) {
  const Scenario& s = testing::scenario("several_outputs");
  const Reference both = compute_reference(s.network, s.theta, s.X, Wanted::both);
  const Reference parameters = compute_reference(s.network, s.theta, s.X, Wanted::parameters);
  const Reference inputs = compute_reference(s.network, s.theta, s.X, Wanted::inputs);
  EXPECT_EQ(parameters.J_y_x.high.size(), 0);
  EXPECT_EQ(inputs.J_y_theta.high.size(), 0);
  EXPECT_EQ(parameters.J_y_theta.high, both.J_y_theta.high);
  EXPECT_EQ(inputs.J_y_x.high, both.J_y_x.high);
  EXPECT_EQ(inputs.values.low, both.values.low);
  EXPECT_EQ(both.values.high.rows(), s.X.rows());
  EXPECT_EQ(both.values.high.cols(), 4);
}

TEST(Reference, WrongShapesAreBrokenPreconditions) {
  const Scenario& s = testing::scenario("several_outputs");
  EXPECT_THROW(compute_reference(s.network, s.theta.head(3), s.X), std::logic_error);
  EXPECT_THROW(compute_reference(s.network, s.theta, s.X.leftCols(2)), std::logic_error);
}

// computed - (high + low), where computed is next to high and the difference to low is what counts
TEST(ReferenceMatrix, ErrorKeepsTheLowPart) {
  ReferenceMatrix m{.high = Matrix::Constant(1, 1, 1.0), .low = Matrix::Constant(1, 1, 0x1p-60)};
  EXPECT_EQ(m.error(1.0, 0, 0), 0x1p-60);
  EXPECT_EQ(m.error(1.0 + 0x1p-52, 0, 0), 0x1p-52 - 0x1p-60);
  EXPECT_EQ(m.error(1.0 - 0x1p-53, 0, 0), 0x1p-53 + 0x1p-60);
}

}  // namespace
}  // namespace jacobench
