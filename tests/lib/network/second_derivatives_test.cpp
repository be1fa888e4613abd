// Second derivatives held to hyper-dual numbers, which are exact and share no formula with them, and to differences of
// the first derivatives.
#include "jacobench/network/second_derivatives.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/network/wide_row.hpp"

#include "support/entrywise.hpp"
#include "support/linearised.hpp"
#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::draw_scenario;
using testing::Scenario;
using testing::scenarios;

// value + u e + v f + uv e f with e^2 = f^2 = 0.
// Source: Fike and Alonso (2011), AIAA 2011-886, "The development of hyper-dual numbers for exact second-derivative
//         calculations"
struct HyperDual {
  double value = 0, u = 0, v = 0, uv = 0;

  friend HyperDual operator+(const HyperDual& a, const HyperDual& b) {
    return {a.value + b.value, a.u + b.u, a.v + b.v, a.uv + b.uv};
  }
  friend HyperDual operator*(const HyperDual& a, const HyperDual& b) {
    return {a.value * b.value, a.value * b.u + a.u * b.value, a.value * b.v + a.v * b.value,
            a.value * b.uv + a.u * b.v + a.v * b.u + a.uv * b.value};
  }
};

HyperDual apply(Activation phi, const HyperDual& z) {
  double a, d, d2;
  info(phi).all(&z.value, &a, &d, &d2, 1);
  return {a, d * z.u, d * z.v, d * z.uv + d2 * z.u * z.v};
}

// d2 vec(Y) / du dv.
Vector by_hyper_duals(const Scenario& s, const Vector& u, const Vector& v) {
  const Index N = s.X.rows();
  Vector result(N * s.network.n_outputs());
  const auto theta = [&](Index p) { return HyperDual{s.theta[p], u[p], v[p]}; };
  for (Index n = 0; n < N; ++n) {
    std::vector<HyperDual> below;
    for (Index d = 0; d < s.X.cols(); ++d) below.push_back({s.X(n, d)});
    for (const Layer& layer : s.network.layers()) {
      std::vector<HyperDual> above;
      for (Index i = 0; i < layer.n_units; ++i) {
        HyperDual z = layer.has_bias() ? theta(layer.bias_at + i) : HyperDual{};
        for (Index j = 0; j < layer.n_inputs; ++j)
          z = z + theta(layer.weights_at + i * layer.n_inputs + j) * below[static_cast<std::size_t>(j)];
        above.push_back(apply(layer.activation, z));
      }
      below = above;
    }
    for (Index k = 0; k < s.network.n_outputs(); ++k)
      result[k * N + n] = below[static_cast<std::size_t>(k)].uv;
  }
  return result;
}

Matrix weighted_sum(const Scenario& s, const Matrix& C) {
  const Index P = s.network.n_params();
  Matrix H = Matrix::Zero(P, P);
  SecondDerivatives(s.network, s.X.rows()).add_weighted_sum(s.theta, s.X, C, H);
  return H;
}

// What overflows in doubles is what they would hold: by long double as a whole.
Matrix by_wide_rows(const Scenario& s, const Matrix& C) {
  Matrix H = Matrix::Zero(s.network.n_params(), s.network.n_params());
  for (Index n = 0; n < s.X.rows(); ++n)
    WideRow(s.network, s.theta, s.X.row(n).transpose())
        .add_weighted_second_derivatives(C.row(n).transpose(), H);
  return H;
}

Matrix along(const Scenario& s, const Matrix& V) {
  Matrix Y_vv;
  SecondDerivatives(s.network, s.X.rows()).along(s.theta, s.X, V, Y_vv);
  return Y_vv;
}

Matrix weights_of_outputs(const Scenario& s) {
  RandomStream stream(1, cell_number(s.name), 0, RandomPurpose::noise);
  return Matrix::NullaryExpr(s.X.rows(), s.network.n_outputs(), [&] { return stream.normal(); });
}

// Every entry is a sum over observations and paths of products of weights, slopes and bends: some hundred roundings of
// terms that are at most some hundred times the largest entry, where they cancel.
constexpr double rounding = 1e5 * unit_roundoff;

void expect_hyper_duals(const Scenario& s) {
  const Index P = s.network.n_params();
  const Matrix C = weights_of_outputs(s), H = weighted_sum(s, C);
  Matrix expected = Matrix::Zero(P, P), directions(P, P);
  for (Index p = 0; p < P; ++p)
    for (Index q = 0; q <= p; ++q)
      expected(p, q) = by_hyper_duals(s, Vector::Unit(P, p), Vector::Unit(P, q)).dot(C.reshaped());
  EXPECT_TRUE(testing::all_within(H, expected, rounding * expected.cwiseAbs().sum()));

  RandomStream stream(1, cell_number(s.name), 0, RandomPurpose::probe);
  const Matrix V = Matrix::NullaryExpr(P, 3, [&] { return stream.normal(); });
  const Matrix Y_vv = along(s, V);
  for (Index j = 0; j < 3; ++j) {
    const Vector exact = by_hyper_duals(s, V.col(j), V.col(j));
    EXPECT_TRUE(testing::all_within(Y_vv.col(j), exact, rounding * exact.cwiseAbs().sum()));
  }
}

// Away from kinks, of which rounding may choose another side.
void expect_wide_rows(const Scenario& s) {
  const Matrix C = weights_of_outputs(s), expected = by_wide_rows(s, C);
  EXPECT_TRUE(testing::all_within(weighted_sum(s, C), expected, rounding * expected.cwiseAbs().sum()));
}

class SecondDerivativesOf : public ::testing::TestWithParam<Activation> {};

INSTANTIATE_TEST_SUITE_P(Activations, SecondDerivativesOf, ::testing::ValuesIn([] {
                           std::vector<Activation> all;
                           for (const ActivationInfo& row : activation_table()) all.push_back(row.id);
                           return all;
                         }()),
                         [](const auto& instance) {
                           return std::string(jacobench::info(instance.param).name);
                         });

// Through three hidden layers, one without biases, to two outputs that bend too: no block of H is zero.
TEST_P(SecondDerivativesOf, BendingOutputsAreThoseOfHyperDuals) {
  const Activation phi = GetParam();
  const Scenario s =
      draw_scenario("second", 2, {{3, phi}, {4, phi, Bias::none}, {3, phi}, {2, logistic}}, 6, 0.7);
  expect_hyper_duals(s);
  expect_wide_rows(s);
}

// What bends no more above the first hidden layer has the blocks that are left out.
TEST_P(SecondDerivativesOf, LinearOutputsAreThoseOfHyperDuals) {
  const Activation phi = GetParam();
  expect_hyper_duals(draw_scenario("one_hidden", 3, {{4, phi}, {2, identity, Bias::none}}, 6));
  expect_hyper_duals(draw_scenario("three_hidden", 2, {{4, phi}, {3, phi}, {3, identity}, {2, identity}}, 5));
}

// Beside observations at which nothing overflows: tanh(w e^(u x)) is saturated, its second derivatives zero; of
// w e^(u x) those with respect to u are held by a double, and that to both is not.
TEST(SecondDerivatives, WhereDoublesOverflowAreWhatADoubleCanHold) {
  const Matrix X{{1e-3}, {1}, {2e-3}}, C{{1}, {2}, {-1}};
  const LayerSpec exp_unit{1, exp, Bias::none};
  Scenario s = draw_scenario("overflow", 1, {exp_unit, {1, tanh, Bias::none}}, 3);
  s.X = X;
  s.theta = Vector{{800, 0.5}};
  Scenario others = s;
  others.X = Matrix{{1e-3}, {2e-3}};
  const Matrix expected = weighted_sum(others, Matrix{{1}, {-1}});
  EXPECT_TRUE(testing::all_within(weighted_sum(s, C), expected, rounding * expected.norm()));
  const Matrix along_all = along(s, Vector{{1, 2}});
  EXPECT_EQ(along_all(1, 0), 0);
  EXPECT_EQ(along_all(0, 0), along(others, Vector{{1, 2}})(0, 0));

  s = draw_scenario("overflow", 1, {exp_unit, {1, identity, Bias::none}}, 3);
  s.X = X;
  s.theta = Vector{{800, 1e-300}};
  const double y = std::exp(400.0) * 1e-300 * std::exp(400.0);
  constexpr double of_exponent = 4000 * unit_roundoff;  // 800, of which half a unit is lost
  const Matrix H = weighted_sum(s, C);
  EXPECT_NEAR(H(0, 0), 2 * y, of_exponent * 2 * y);
  EXPECT_FALSE(std::isfinite(H(1, 0)));
  EXPECT_NEAR(along(s, Vector{{1, 0}})(1, 0), y, of_exponent * y);
}

// d J v / d theta along v by central differences: h^2 and rounding / h are both near 10^-10.
TEST(SecondDerivatives, AlongIsTheDifferenceOfFirstDerivatives) {
  const Scenario s = draw_scenario("second", 2, {{3, tanh}, {4, gelu}, {2, logistic}}, 6, 0.7);
  const Vector v = Vector::LinSpaced(s.network.n_params(), -1, 1);
  constexpr double h = 1e-5;
  const auto J_v = [&](double step) -> Vector {
    return testing::gradients_at(s.network, s.theta + step * v, s.X) * v;
  };
  const Vector Y_vv = along(s, v);
  EXPECT_TRUE(testing::all_within(Y_vv, (J_v(h) - J_v(-h)) / (2 * h), 1e-6 * Y_vv.norm()));
}

// Of each named scenario but the largest, whatever it makes hard.
class SecondDerivativesIn : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(Each, SecondDerivativesIn, ::testing::ValuesIn([] {
                           std::vector<Scenario> small;
                           for (const Scenario& s : scenarios())
                             if (s.network.n_params() <= 150 && s.X.rows() <= 20) small.push_back(s);
                           return small;
                         }()),
                         [](const auto& test) { return test.param.name; });

TEST_P(SecondDerivativesIn, TheSumIsThatOfHyperDuals) { expect_hyper_duals(GetParam()); }

TEST(SecondDerivatives, OfALinearNetworkVanish) {
  const Scenario s = draw_scenario("linear", 3, {{2, identity}}, 5);
  EXPECT_EQ(weighted_sum(s, Matrix::Ones(5, 2)), Matrix::Zero(8, 8));
  EXPECT_EQ(along(s, Vector::Ones(8)), Matrix::Zero(10, 1));
}

// More rows than any block has, and not a multiple of one. The rows of a part alone have the same bits along a
// direction; sums over the parts agree to the rounding of 3001 terms.
TEST(SecondDerivatives, DoNotDependOnBlocks) {
  const Scenario s = draw_scenario("blocks", 3, {{4, tanh}, {3, sin}, {2, identity}}, 3001);
  const Index P = s.network.n_params();
  const Matrix C = weights_of_outputs(s);
  const Vector v = Vector::LinSpaced(P, -1, 1);
  const Matrix H = weighted_sum(s, C), Y_vv = along(s, v).reshaped(3001, 2);
  Matrix of_parts = Matrix::Zero(P, P);
  for (Index row = 0; row < 3001; row += 31) {
    const Index n = std::min<Index>(31, 3001 - row);
    const Scenario part{s.name, s.network, s.theta, s.X.middleRows(row, n)};
    of_parts += weighted_sum(part, C.middleRows(row, n));
    EXPECT_EQ(along(part, v).reshaped(n, 2), Y_vv.middleRows(row, n));
  }
  EXPECT_TRUE(testing::all_within(H, of_parts, 3001 * unit_roundoff * H.norm()));
}

TEST(SecondDerivatives, AreAddedBelowTheDiagonalAlone) {
  const Scenario s = draw_scenario("added", 2, {{3, tanh}, {1, identity}}, 7);
  const Index P = s.network.n_params();
  const Matrix C = weights_of_outputs(s);
  Matrix sum = Matrix::Constant(P, P, 1.0);
  SecondDerivatives second(s.network, 7);
  second.add_weighted_sum(s.theta, s.X, C, sum);
  const Matrix H = weighted_sum(s, C);
  EXPECT_EQ(sum, (H.array() + 1).matrix());
  EXPECT_EQ(H.triangularView<Eigen::StrictlyUpper>().toDenseMatrix(), Matrix::Zero(P, P));
}

// After the first call, at other parameters and with fewer rows; and the bits of the first call come again.
TEST(SecondDerivatives, AllocateNothingAndRepeatTheirBits) {
  const Scenario s =
      draw_scenario("allocations", 3, {{5, tanh}, {4, tanh}, {3, softplus}, {2, logistic}}, 700);
  const Index P = s.network.n_params();
  const Matrix C = weights_of_outputs(s), V = Matrix::Identity(P, 2);
  SecondDerivatives second(s.network, 700);
  Matrix H = Matrix::Zero(P, P), Y_vv, again = Matrix::Zero(P, P), Y_again;
  second.add_weighted_sum(s.theta, s.X, C, H);
  second.along(s.theta, s.X, V, Y_vv);
  const Vector other = 1.5 * s.theta;
  Y_again = Y_vv;
  EXPECT_EQ(allocations_of([&] {
              second.add_weighted_sum(other, s.X.topRows(13), C.topRows(13), again);
              again.setZero();
              second.add_weighted_sum(s.theta, s.X, C, again);
              second.along(s.theta, s.X, V, Y_again);
            }),
            0u);
  EXPECT_EQ(again, H);
  EXPECT_EQ(Y_again, Y_vv);
}

TEST(SecondDerivatives, RefuseShapesThatAreNotTheNetworks) {
  const Scenario s = draw_scenario("shapes", 2, {{3, tanh}, {1, identity}}, 7);
  SecondDerivatives second(s.network, 6);
  Matrix H = Matrix::Zero(13, 13), Y_vv;
  EXPECT_THROW(second.along(s.theta, s.X, s.theta, Y_vv), std::logic_error);  // more rows than prepared for
  const Matrix X = s.X.topRows(6);
  EXPECT_THROW(second.along(s.theta, X, Vector::Ones(12), Y_vv), std::logic_error);
  EXPECT_THROW(second.add_weighted_sum(s.theta, X, Matrix::Ones(5, 1), H), std::logic_error);
  H.resize(12, 13);
  EXPECT_THROW(second.add_weighted_sum(s.theta, X, Matrix::Ones(6, 1), H), std::logic_error);
}

}  // namespace
}  // namespace jacobench
