// Every product against the Jacobian formed and multiplied.
#include "jacobench/jacobian/products.hpp"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/entrywise.hpp"
#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using testing::all_within;
using testing::Scenario;
using testing::scenarios;

// Numbers with all their bits and both signs.
Matrix numbers(Index rows, Index cols, double phase) {
  Matrix M(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i) M(i, j) = std::sin(1.7 * static_cast<double>(i + 3 * j) + phase);
  return M;
}

// A sum of n rounded products, in any order, is off by at most n u times the sum of their sizes (Higham 2002, eq.
// (3.5), to first order); either side of a comparison is. The factors themselves carry the roundings of one more
// product and of a pass through the network, which goes through sums over its units.
class Products : public ::testing::TestWithParam<Scenario> {
 protected:
  Products() {
    find_strategy("layerwise").make(s_.network, N_, {})->evaluate(s_.theta, s_.X, {.J_y_theta = &J_});
  }

  void expect_close(const Matrix& computed, const Matrix& formed, const Matrix& sum_of_sizes, Index n_terms,
                    const char* what) const {
    Index n_units = D_;
    for (const Layer& layer : s_.network.layers()) n_units += layer.n_units;
    const double roundings = 2 * unit_roundoff * static_cast<double>(n_terms + 2 * n_units + 8);
    EXPECT_TRUE(all_within(computed, formed, roundings * sum_of_sizes)) << what;
  }

  const Scenario& s_ = GetParam();
  const Index N_ = s_.X.rows(), K_ = s_.network.n_outputs(), P_ = s_.network.n_params(),
              D_ = s_.network.n_inputs();
  Matrix J_{N_ * K_, P_};
  JacobianProducts products_{s_.network, N_};
};

INSTANTIATE_TEST_SUITE_P(Each, Products, ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         [](const auto& test) { return test.param.name; });

TEST_P(Products, GramIsTheFormedOne) {
  const Matrix r = numbers(N_, K_, 0.3), sizes = J_.cwiseAbs();
  Matrix J_t_J, alone;
  Vector J_t_r;
  products_.gram(s_.theta, s_.X, r, J_t_J, J_t_r);
  expect_close(J_t_J, J_.transpose() * J_, sizes.transpose() * sizes, N_ * K_, "J'J");
  expect_close(J_t_r, J_.transpose() * r.reshaped(), sizes.transpose() * r.reshaped().cwiseAbs(), N_ * K_,
               "J'r");
  products_.gram(s_.theta, s_.X, alone);
  EXPECT_EQ(alone, J_t_J);
  EXPECT_EQ(J_t_J, Matrix(J_t_J.transpose()));
}

TEST_P(Products, OuterGramIsTheFormedOne) {
  const Matrix sizes = J_.cwiseAbs();
  Matrix J_J_t;
  products_.outer_gram(s_.theta, s_.X, J_J_t);
  expect_close(J_J_t, J_ * J_.transpose(), sizes * sizes.transpose(), P_, "J J'");
  EXPECT_EQ(J_J_t, Matrix(J_J_t.transpose()));
}

TEST_P(Products, QuadraticFormsAreTheFormedOnes) {
  const Matrix F = numbers(P_, 3, 0.9), S = F * F.transpose(), sizes = J_.cwiseAbs();
  const Matrix formed = (J_ * F).rowwise().squaredNorm().reshaped(N_, K_);
  const Matrix terms = (sizes * F.cwiseAbs()).rowwise().squaredNorm().reshaped(N_, K_);
  Matrix variance;
  products_.row_tangent_forms(s_.theta, s_.X, F, {}, variance);
  expect_close(variance, formed, terms, 2 * P_ + 3, "diag(J F F' J')");
  // Only the lower triangle is read.
  Matrix lower = S;
  lower.triangularView<Eigen::StrictlyUpper>().setConstant(std::nan(""));
  products_.row_tangent_forms(s_.theta, s_.X, Matrix::Identity(P_, P_), lower, variance);
  const Matrix terms_of_S = ((sizes * S.cwiseAbs()).cwiseProduct(sizes)).rowwise().sum().reshaped(N_, K_);
  expect_close(variance, formed, terms + terms_of_S, 3 * P_ + 6, "diag(J S J')");
}

TEST_P(Products, TimesAVectorIsTheFormedProduct) {
  const Vector v = numbers(P_, 1, 0.1);
  Matrix J_v;
  products_.times(s_.theta, s_.X, v, J_v);
  expect_close(J_v, (J_ * v).reshaped(N_, K_), (J_.cwiseAbs() * v.cwiseAbs()).reshaped(N_, K_), P_, "J v");
}

TEST_P(Products, TransposedTimesAVectorIsTheFormedProduct) {
  const Matrix u = numbers(N_, K_, 0.6);
  Vector J_t_u;
  products_.transposed_times(s_.theta, s_.X, u, J_t_u);
  expect_close(J_t_u, J_.transpose() * u.reshaped(), J_.cwiseAbs().transpose() * u.reshaped().cwiseAbs(),
               N_ * K_, "J'u");
}

// <u, J v> = <J'u, v> for a network and more rows than one block.
TEST(ProductsOfManyRows, TheTwoModesAreAdjointAndBlocksAddUp) {
  const Scenario s =
      testing::draw_scenario("many rows", 3, {{9, Activation::mish}, {2, Activation::logistic}}, 1000);
  JacobianProducts products(s.network, 1000);
  const Vector v = numbers(s.network.n_params(), 1, 0.2);
  const Matrix u = numbers(1000, 2, 0.5);
  Matrix J(2000, s.network.n_params()), J_v, J_t_J, J_J_t, variance;
  Vector J_t_u;
  find_strategy("layerwise").make(s.network, 1000, {})->evaluate(s.theta, s.X, {.J_y_theta = &J});
  products.times(s.theta, s.X, v, J_v);
  products.transposed_times(s.theta, s.X, u, J_t_u);
  const double sizes = u.reshaped().cwiseAbs().dot(J.cwiseAbs() * v.cwiseAbs());
  const double bound = 2 * unit_roundoff * 3000 * sizes;
  EXPECT_NEAR(u.reshaped().dot(J_v.reshaped()), J_t_u.dot(v), bound);
  EXPECT_NEAR(J_t_u.dot(v), u.reshaped().dot(J * v), bound);
  products.gram(s.theta, s.X, J_t_J);
  const Matrix gram = J.transpose() * J;
  EXPECT_TRUE(
      all_within(J_t_J, gram, 2 * unit_roundoff * 2040 * gram.diagonal().maxCoeff<Eigen::PropagateNaN>()));
  products.outer_gram(s.theta, s.X, J_J_t);
  const Matrix outer = J * J.transpose();
  const double largest = outer.diagonal().maxCoeff<Eigen::PropagateNaN>();
  EXPECT_TRUE(
      all_within(J_J_t, outer, 2 * unit_roundoff * static_cast<double>(s.network.n_params() + 40) * largest));
  products.row_tangent_forms(s.theta, s.X, Matrix::Identity(J.cols(), J.cols()), {}, variance);
  EXPECT_TRUE(all_within(variance.reshaped(), outer.diagonal(),
                         2 * unit_roundoff * static_cast<double>(2 * J.cols() + 40) * largest));
}

TEST(ProductsOfManyRows, AnEmptySetOfRowsGivesZeros) {
  const Scenario& s = testing::scenario("several_outputs");
  JacobianProducts products(s.network, 5);
  Matrix J_t_J, J_v;
  products.gram(s.theta, s.X.topRows(0), J_t_J);
  EXPECT_EQ(J_t_J, Matrix::Zero(s.network.n_params(), s.network.n_params()));
  products.times(s.theta, s.X.topRows(0), s.theta, J_v);
  EXPECT_EQ(J_v.size(), 0);
}

TEST(ProductsOfManyRows, WrongShapesAreBrokenPreconditions) {
  const Scenario& s = testing::scenario("several_outputs");
  const Index N = s.X.rows();
  JacobianProducts products(s.network, N);
  Matrix M;
  Vector v;
  EXPECT_THROW(products.gram(s.theta.head(3), s.X, M), std::logic_error);
  EXPECT_THROW(products.gram(s.theta, s.X.leftCols(1), M), std::logic_error);
  EXPECT_THROW(products.gram(s.theta, s.X, Matrix::Ones(N + 1, 1), M, v), std::logic_error);
  EXPECT_THROW(products.row_tangent_forms(s.theta, s.X, Matrix::Ones(2, 2), {}, M), std::logic_error);
  EXPECT_THROW(products.row_tangent_forms(s.theta, s.X, s.theta, Matrix::Ones(2, 2), M), std::logic_error);
  EXPECT_THROW(products.times(s.theta, s.X, s.theta.head(2), M), std::logic_error);
  EXPECT_THROW(products.transposed_times(s.theta, s.X, Matrix::Ones(1, 1), v), std::logic_error);
  EXPECT_THROW(JacobianProducts(s.network, 1).gram(s.theta, s.X, M), std::logic_error);
}

}  // namespace
}  // namespace jacobench
