#include "jacobench/network/wide_row.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

// y = phi(x): where doubles do not overflow, the kernels are right to a few units in the last place, of the terms
// where these cancel (network/activation.hpp); so is long double, rounded.
TEST(WideRow, AgreesWithTheKernelsOfEveryActivation) {
  const Vector theta = Vector::Ones(1);
  for (const ActivationInfo& phi : activation_table()) {
    const Perceptron network(1, {{.n_units = 1, .activation = phi.id, .bias = Bias::none}});
    for (double z = -30; z <= 30; z += 0.37) {
      const WideRow row(network, theta, Vector::Constant(1, z));
      Matrix J_y_x(1, 1);
      row.differentiate(0, 0, nullptr, &J_y_x);
      double value = 0, slope = 0;
      phi.value_and_derivative(&z, &value, &slope, 1);
      EXPECT_NEAR(row.value(0), value, 8 * unit_roundoff * std::abs(value)) << phi.name << " at " << z;
      EXPECT_NEAR(J_y_x(0, 0), slope, 8 * unit_roundoff * derivative_magnitude(phi, z, value, slope))
          << phi.name << " at " << z;
    }
  }
}

// y = phi(w x + b): the second derivative by b is phi'', of which kernels are as right as of the slope.
TEST(WideRow, AgreesWithTheKernelsOfEveryBend) {
  for (const ActivationInfo& phi : activation_table()) {
    const Perceptron network(1, {{.n_units = 1, .activation = phi.id}});
    for (double z = -30; z <= 30; z += 0.37) {
      const Vector theta{{0.5, z}}, x = Vector::Zero(1);
      const WideRow row(network, theta, x);
      double value = 0, slope = 0, bend = 0;
      phi.all(&z, &value, &slope, &bend, 1);
      const double bound = 64 * unit_roundoff * (std::abs(bend) + derivative_magnitude(phi, z, value, slope));
      EXPECT_NEAR(row.along(Vector{{0, 1}})[0], bend, bound) << phi.name << " at " << z;
      Matrix sum = Matrix::Zero(2, 2);
      row.add_weighted_second_derivatives(Vector{{2}}, sum);
      EXPECT_NEAR(sum(1, 1), 2 * bend, 2 * bound) << phi.name << " at " << z;
    }
  }
}

// A saturated unit stays saturated however far out it is, and all that it multiplies is zero.
TEST(WideRow, LimitsAreLimits) {
  for (const ActivationInfo& phi : activation_table()) {
    if (phi.id == Activation::sin) continue;  // which has none
    const Perceptron network(1, {{.n_units = 1, .activation = Activation::exp, .bias = Bias::none},
                                 {.n_units = 1, .activation = phi.id, .bias = Bias::none}});
    for (const double sign : {-1.0, 1.0}) {
      const double z = sign * HUGE_VAL;
      double limit = 0, slope = 0;
      phi.value_and_derivative(&z, &limit, &slope, 1);
      const Vector theta = (Vector(2) << 1, sign).finished();
      const Vector x = Vector::Constant(1, 1e6);  // exp(1e6) is beyond long double
      const WideRow row(network, theta, x);
      EXPECT_EQ(row.value(0), limit) << phi.name;
      Matrix J_y_theta(1, 2);
      row.differentiate(0, 0, &J_y_theta, nullptr);
      if (slope == 0) {
        EXPECT_TRUE(testing::all_within(J_y_theta, Matrix::Zero(1, 2), 0)) << phi.name;
      }
    }
  }
}

TEST(WideRow, NamesTheUnitThatOverflows) {
  const Perceptron network(1, {{.n_units = 2, .activation = Activation::exp, .bias = Bias::none},
                               {.n_units = 1, .activation = Activation::tanh, .bias = Bias::none}});
  const Vector theta = (Vector(4) << 1, 2, 1, 1).finished();
  EXPECT_EQ(WideRow(network, theta, Vector::Constant(1, 400)).overflow(),
            "unit 1 of layer 1 (exp) gives 2.73e+347");
  EXPECT_EQ(WideRow(network, theta, Vector::Constant(1, 1e6)).overflow(),
            "unit 0 of layer 1 (exp) is not finite");
  EXPECT_EQ(WideRow(network, theta, Vector::Constant(1, 1)).overflow(), "");
}

// Columns with gaps, whose rows between are not looked at, and without, which are cut otherwise if they can be.
TEST(AreSurelyFinite, FindsOneEntryThatIsNotWhereverItIs) {
  struct Shape {
    Index n_rows, n_columns, stride;
  };
  for (const auto& [n_rows, n_columns, stride] :
       {Shape{8, 4, 8}, {32, 10, 32}, {96, 13, 96}, {7, 3, 7}, {16, 11, 24}}) {
    Matrix M = Matrix::Constant(stride, n_columns, HUGE_VAL);
    M.topRows(n_rows).setOnes();
    EXPECT_TRUE(are_surely_finite(M.data(), n_rows, n_columns, stride)) << n_rows << " x " << n_columns;
    for (Index c = 0; c < n_columns; ++c)
      for (Index row = 0; row < n_rows; ++row) {
        M(row, c) = std::nan("");
        EXPECT_FALSE(are_surely_finite(M.data(), n_rows, n_columns, stride)) << row << ", " << c;
        M(row, c) = 1;
      }
  }
}

}  // namespace
}  // namespace jacobench
