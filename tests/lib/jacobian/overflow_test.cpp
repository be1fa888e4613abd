// Where doubles overflow within a network, every strategy gives the derivatives that a double can hold.
#include "jacobench/jacobian/overflow.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/jacobian/products.hpp"

#include "support/entrywise.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::all_within;

LayerSpec unit(Activation phi) { return {.n_units = 1, .activation = phi, .bias = Bias::none}; }

// A chain of single units at x = 1, whose weights are theta, with what is true of it.
struct Chain {
  std::string name;
  std::vector<LayerSpec> layers;
  std::vector<double> theta;
  double value;
  std::vector<double> J_y_theta;
  double J_y_x;
};

std::vector<Chain> chains() {
  const double half = std::exp(355.0), s = 0.01 * half;  // e^710 = half^2; u = w e^710 = s half
  const double y2 = std::exp(400.0) * 1e-300 * std::exp(400.0);
  return {
      {"tanh over exp",
       {unit(Activation::exp), unit(Activation::tanh), unit(Activation::identity)},
       {800, 0.5, 3},
       3,
       {0, 0, 1},
       0},
      {"gaussian over exp", {unit(Activation::exp), unit(Activation::gaussian)}, {800, 1}, 0, {0, 0}, 0},
      // u / (1 + u), whose derivative by u is u^-2 up to 10^-305 of it
      {"softsign over exp",
       {unit(Activation::exp), unit(Activation::softsign)},
       {710, 0.01},
       1,
       {1 / s / half, 1 / s / s},
       710 / s / half},
      {"a small weight over exp",
       {unit(Activation::exp), unit(Activation::identity)},
       {800, 1e-300},
       y2,
       {y2, HUGE_VAL},
       800 * y2},
      // tanh'(400) = 4 e^-800, 10^400 times
      {"large weights over a saturated unit",
       {unit(Activation::tanh), unit(Activation::identity), unit(Activation::identity)},
       {400, 1e200, 1e200},
       HUGE_VAL,
       {4 * (std::exp(-400.0) * 1e200) * (std::exp(-400.0) * 1e200), 1e200, 1e200},
       1600 * (std::exp(-400.0) * 1e200) * (std::exp(-400.0) * 1e200)},
      {"a weight of zero over exp",
       {unit(Activation::exp), unit(Activation::tanh)},
       {800, 0},
       0,
       {0, HUGE_VAL},
       0},
  };
}

// Beside an observation at which nothing overflows, which keeps its bits. Entries are exponentials of exponents up to
// 800, which are given to half a unit: 800 units of 2^-53 in them, and in 1.1e-16 800 of `half` and others.
TEST(Overflow, GivesWhatADoubleCanHold) {
  for (const VectorPath path : testing::runnable_vector_paths()) {
    const testing::OnVectorPath on(path);
    for (const Chain& chain : chains())
      for (const char* strategy : {"layerwise", "per_parameter"})
        for (const Direction direction : {Direction::forward, Direction::backward}) {
          SCOPED_TRACE(chain.name + " by " + strategy);
          const Perceptron network(1, chain.layers);
          const Index P = network.n_params();
          const Eigen::Map<const Vector> theta(chain.theta.data(), P);
          const Matrix X = (Matrix(3, 1) << 1e-3, 1, 1e-3).finished();
          const auto evaluator =
              find_strategy(strategy).make(network, 3, {.relative_step = {}, .direction = direction});
          Matrix values(3, 1), J(3, P), J_y_x(3, 1), alone(1, P);
          evaluator->evaluate(theta, X, {.values = &values, .J_y_theta = &J});
          evaluator->evaluate(theta, X, {.J_y_x = &J_y_x});
          evaluator->evaluate(theta, X.topRows(1), {.J_y_theta = &alone});
          EXPECT_EQ(J.row(0), alone.row(0));
          EXPECT_EQ(J.row(2), alone.row(0));
          constexpr double bound = 4000 * unit_roundoff;
          const auto agrees = [&](double computed, double truth) {
            return std::isfinite(truth) ? std::abs(computed - truth) <= bound * std::abs(truth)
                                        : computed == truth;
          };
          EXPECT_TRUE(agrees(values(1, 0), chain.value)) << values(1, 0);
          EXPECT_TRUE(agrees(J_y_x(1, 0), chain.J_y_x)) << J_y_x(1, 0);
          for (Index p = 0; p < P; ++p)
            EXPECT_TRUE(agrees(J(1, p), chain.J_y_theta[static_cast<std::size_t>(p)]))
                << p << ": " << J(1, p);
        }
  }
}

// The differences of a saturated value are zero, and of one that overflows on the way they are differences.
TEST(Overflow, LeavesNumericStrategiesAValue) {
  for (const char* strategy : {"ceres_forward", "ceres_central", "ceres_ridders"}) {
    const Perceptron network(1, {unit(Activation::exp), unit(Activation::tanh)});
    const Vector theta = (Vector(2) << 800, 0.5).finished();
    Matrix J(1, 2);
    find_strategy(strategy).make(network, 1, {})->evaluate(theta, Matrix::Ones(1, 1), {.J_y_theta = &J});
    EXPECT_TRUE(all_within(J, Matrix::Zero(1, 2), 0)) << strategy;
  }
}

// tanh(w e^(u x)), whose Jacobian is zero where e^(u x) overflows: the products are those of the other observation.
TEST(Overflow, LeavesProductsWithTheJacobianTheirValue) {
  const Perceptron network(1, {unit(Activation::exp), unit(Activation::tanh)});
  const Vector theta = (Vector(2) << 800, 0.5).finished(), v = (Vector(2) << 1, 2).finished();
  const Matrix X = (Matrix(2, 1) << 1e-3, 1).finished();
  Matrix J = jacobian(network, theta, X), J_t_J, J_J_t, J_v;
  Vector J_t_u;
  EXPECT_TRUE(all_within(J.row(1), Matrix::Zero(1, 2), 0));
  JacobianProducts products(network, 2);
  const double bound = 16 * unit_roundoff * J.squaredNorm() * v.norm();
  products.gram(theta, X, J_t_J);
  EXPECT_TRUE(all_within(J_t_J, J.transpose() * J, bound));
  products.outer_gram(theta, X, J_J_t);
  EXPECT_TRUE(all_within(J_J_t, J * J.transpose(), bound));
  products.times(theta, X, v, J_v);
  EXPECT_TRUE(all_within(J_v, J * v, bound));
  products.transposed_times(theta, X, v, J_t_u);
  EXPECT_TRUE(all_within(J_t_u, J.transpose() * v, bound));
}

}  // namespace
}  // namespace jacobench
