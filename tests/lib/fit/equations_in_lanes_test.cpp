#include "jacobench/fit/equations_in_lanes.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/normal_equations.hpp"

#include "support/lane_studies.hpp"

namespace jacobench {
namespace {

using testing::DrawnTeacher;

TEST(EquationsInLanes, SuitOneHiddenLayerBelowOneOutput) {
  EXPECT_TRUE(EquationsInLanes::suits(make_perceptron({1, {4}, 1, Activation::tanh})));
  EXPECT_FALSE(EquationsInLanes::suits(make_perceptron({1, {4}, 2, Activation::tanh})));
  EXPECT_FALSE(EquationsInLanes::suits(make_perceptron({1, {2, 2}, 1, Activation::tanh})));
  EXPECT_FALSE(EquationsInLanes::suits(make_perceptron({1, {4}, 1, Activation::tanh, Activation::logistic})));
  EXPECT_FALSE(EquationsInLanes::suits(make_perceptron({1, {}, 1, Activation::tanh})));
  EXPECT_FALSE(EquationsInLanes::suits(make_perceptron({1, {14}, 1, Activation::tanh})));
}

// Sums of n terms in another order: n roundings of the largest entry at most. Each lane has other data, then others
// again in its place, with and without weights, and a penalty or none.
TEST(EquationsInLanes, AreThoseOfTheResidualsInEachLane) {
  const DrawnTeacher first(0);
  const Index P = first.network.n_params(), n = first.data.n_observations();
  EquationsInLanes lanes(first.network, n, kernel::kernels().fits_side_by_side);
  std::vector<std::unique_ptr<Residuals>> all(static_cast<std::size_t>(lanes.n_lanes()));
  for (std::uint32_t round = 0; round < 3; ++round) {
    std::vector<Vector> points;
    points.reserve(all.size());
    for (Index lane = 0; lane < lanes.n_lanes(); ++lane) {
      const auto number = static_cast<std::uint32_t>(lane) + 8 * round;
      DrawnTeacher teacher(number);
      if ((number + round) % 3 == 1) teacher.data.weights = Vector::LinSpaced(n, 0.5, 1 + number);
      const Vector decay =
          number % 2 == 1 ? equal_decay(teacher.network, 0.1, DecayOf::weights_and_biases) : Vector();
      auto& its = all[static_cast<std::size_t>(lane)];
      its = std::make_unique<Residuals>(teacher.network, teacher.data, decay, JacobianChoice{},
                                        Residuals::Units::standardised);
      lanes.put(lane, *its, LaneInputs::new_ones);
      points.push_back(its->scaling().to_scaled(teacher.theta));
      for (Index p = 0; p < P; ++p) lanes.points()(p, lane) = points.back()[p];
    }
    lanes.compute();
    for (Index lane = 0; lane < lanes.n_lanes(); ++lane) {
      lanes.add_penalty(lane);
      NormalEquations equations(*all[static_cast<std::size_t>(lane)]);
      ASSERT_TRUE(equations.move_to(points[static_cast<std::size_t>(lane)]));
      const Matrix J_t_J = equations.matrix();
      ASSERT_TRUE(equations.add_second_derivatives());
      const double rounding = static_cast<double>(n) * 1e-15;
      const double of_J = rounding * J_t_J.trace();
      const double of_M = of_J + rounding * equations.matrix().norm();
      for (Index q = 0; q < P; ++q) {
        const double of_g = std::sqrt(J_t_J(q, q) * equations.objective());
        EXPECT_NEAR(lanes.E()(lanes.entry(P, q), lane), equations.gradient()[q], rounding * of_g);
        for (Index p = q; p < P; ++p) {
          EXPECT_NEAR(lanes.E()(lanes.entry(p, q), lane), J_t_J(p, q), of_J);
          EXPECT_NEAR(lanes.E()(lanes.entry(p, q), lane) + lanes.second()(lanes.entry(p, q), lane),
                      equations.matrix()(p, q), of_M);
        }
      }
      EXPECT_NEAR(lanes.objective(lane), equations.objective(), rounding * equations.objective());
      EXPECT_EQ(lanes.penalty(lane) > 0, all[static_cast<std::size_t>(lane)]->n_penalty_rows() > 0);
    }
  }
}

}  // namespace
}  // namespace jacobench
