#include "jacobench/inference/jacobian_error.hpp"

#include <gtest/gtest.h>

#include "jacobench/verification/error_bound.hpp"
#include "jacobench/verification/reference.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

// Of the network with its inputs and parameters moved by half a unit in the last place, in 50 digits, the computed
// Jacobian differs by no more; and not by nothing.
TEST(JacobianErrors, HoldsTheErrorsOfRoundedDataAndParameters) {
  const Fit& fit = testing::fitted_step().at.fit();
  for (const char* strategy : {"layerwise", "per_parameter"}) {
    Fit by = fit;
    by.jacobian.strategy = strategy;
    const Matrix errors = jacobian_errors(by, fit.data.X);
    Matrix J(fit.n_values(), fit.n_params());
    make_evaluator(by.jacobian, fit.network, fit.data.X.rows())
        ->evaluate(fit.theta, fit.data.X, {.J_y_theta = &J});
    for (const double moved : {1 - unit_roundoff, 1 + 2 * unit_roundoff}) {
      // By 2 u at most, of which the condition scale holds u.
      const Reference exact =
          compute_reference(fit.network, moved * fit.theta, fit.data.X, Wanted::parameters);
      EXPECT_TRUE(testing::all_at_most((J - exact.J_y_theta.high).cwiseAbs() - 2 * errors, 0));
    }
    EXPECT_TRUE(testing::all_above(errors, 0));
  }
}

// A numeric Jacobian is known to what its differences lose.
TEST(JacobianErrors, OfANumericStrategyAreItsOwn) {
  Fit fit = testing::fitted_step().at.fit();
  const Matrix analytic = jacobian_errors(fit, fit.data.X);
  fit.jacobian.strategy = "ceres_forward";
  EXPECT_TRUE(testing::all_above(jacobian_errors(fit, fit.data.X) - 1e5 * analytic, 0));
}

}  // namespace
}  // namespace jacobench
