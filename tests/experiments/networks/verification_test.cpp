#include "networks/verification.hpp"

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

// The steepness is the weights' scale times the largest parameter, each at least 1.
TEST(VerificationOfAProblem, PromisesByTheScaleOfItsWeightsAndItsLargestArgument) {
  const StrategyInfo& central = find_strategy("ceres_central");
  const double step = 1e-3;
  NetworkCase network_case{Perceptron(1, {{2, Activation::tanh}, {1, Activation::identity}}),
                           Activation::tanh, 0.5};
  Problem problem{Vector::Constant(7, 0.25), Matrix::Constant(3, 1, 0.5)};
  const auto promise = [&] {
    const Reference reference = compute_reference(network_case.network, problem.theta, problem.X);
    return verify(central, step, network_case, problem, Wrt::parameters, reference.J_y_theta.high, reference)
        .promise;
  };
  const auto promised_at = [&](double steepness) {
    return central.numeric_promise(network_case.network, step, steepness);
  };
  EXPECT_EQ(promise(), promised_at(1));
  network_case.weight_scale = 3;
  EXPECT_EQ(promise(), promised_at(3));
  problem.theta[2] = -2;
  EXPECT_EQ(promise(), promised_at(6));
}

}  // namespace
}  // namespace jacobench::harness
