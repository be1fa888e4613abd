#include "jacobench/verification/error_bound.hpp"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "jacobench/verification/comparison.hpp"

#include "support/entrywise.hpp"
#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::draw_scenario;
using testing::Scenario;

const char* const analytic[] = {"per_parameter", "layerwise"};

ErrorSummary summary_of(const StrategyInfo& strategy, const Scenario& s, const Reference& reference,
                        Wrt wrt) {
  const ReferenceMatrix& truth = wrt == Wrt::parameters ? reference.J_y_theta : reference.J_y_x;
  return compare(testing::jacobian_by(strategy, {}, s, wrt), truth,
                 error_scales(s.network, s.theta, s.X, strategy.summation, wrt));
}

// A 1-1-1 network whose hidden pre-activation is w x + b with no rounding: what remains is the error of phi
// and phi' (4 ulp at most, an ulp is up to 2 units) and one rounding for each of a handful of products.
struct Saturated {
  Activation activation;
  double w, x, b;
};

TEST(SaturatedUnits, CostNoDigits) {
  const Saturated cases[] = {{Activation::tanh, 3, 5, 0},           {Activation::tanh, 15, 1, 0},
                             {Activation::tanh, 4, 3, 3},           {Activation::tanh, 4, 2, 0},
                             {Activation::tanh, -4, 5, 0},          {Activation::tanh, 100, 3, 0},
                             {Activation::logistic, 0.5, -1400, 0}, {Activation::logistic, 7, -100, 0},
                             {Activation::logistic, 7, 100, 0},     {Activation::logistic, 4, -8, -4}};
  for (const Saturated& c : cases)
    for (const char* name : analytic) {
      Scenario s = draw_scenario("saturated", 1, {{1, c.activation}, {1, Activation::identity}}, 1);
      s.theta << c.w, c.b, 0.75, 0.5;
      s.X << c.x;
      const Reference reference = compute_reference(s.network, s.theta, s.X);
      for (Wrt wrt : {Wrt::parameters, Wrt::inputs}) {
        const Matrix J = testing::jacobian_by(find_strategy(name), {}, s, wrt);
        const ReferenceMatrix& truth = wrt == Wrt::parameters ? reference.J_y_theta : reference.J_y_x;
        for (Index j = 0; j < J.cols(); ++j)
          EXPECT_LE(truth.error(J(0, j), 0, j), 8 * unit_roundoff * std::abs(truth.high(0, j)))
              << name << ", z = " << c.w * c.x + c.b << ", d y / d "
              << testing::column_name(s.network, wrt, j) << ": computed " << J(0, j) << ", reference "
              << truth.high(0, j);
      }
    }
}

// Demand of the accuracy study: at weight scale 1, widths up to 64 and depth up to 6, the bound itself is no
// more than 64 units of the condition scale, errors are no more than 64 units of the scale, and the bound
// holds.
struct Size {
  Index width, depth;
};

void PrintTo(const Size& size, std::ostream* out) { *out << size.width << "x" << size.depth; }

class AtWeightScaleOne : public ::testing::TestWithParam<std::tuple<Activation, Size>> {
 protected:
  static void expect_no_more_than_64_units(Activation activation, Size size, Index n_rows) {
    std::vector<LayerSpec> layers(static_cast<std::size_t>(size.depth), LayerSpec{size.width, activation});
    layers.push_back({2, Activation::identity});
    const Scenario s = draw_scenario(fmt::format("{} {}x{}", info(activation).name, size.width, size.depth),
                                     5, layers, n_rows);
    const Reference reference = compute_reference(s.network, s.theta, s.X);
    for (const char* name : analytic)
      for (Wrt wrt : {Wrt::parameters, Wrt::inputs}) {
        const ErrorSummary summary = summary_of(find_strategy(name), s, reference, wrt);
        SCOPED_TRACE(fmt::format("{} of {}, worst entry {}, {} ({}): computed {:.17g}, reference {:.17g}",
                                 name, s.name, summary.worst_row, summary.worst_column,
                                 testing::column_name(s.network, wrt, summary.worst_column),
                                 summary.worst_computed, summary.worst_reference));
        EXPECT_LE(summary.max_over_bound, 1);
        EXPECT_LE(summary.max_bound, 64);
        EXPECT_LE(summary.max_scaled, 64);
      }
  }
};

TEST_P(AtWeightScaleOne, BoundAndErrorAreAtMost64Units) {
  const auto& [activation, size] = GetParam();
  expect_no_more_than_64_units(activation, size, size.width > 16 ? 2 : 6);
}

class SlowAtWeightScaleOne : public AtWeightScaleOne {};

TEST_P(SlowAtWeightScaleOne, BoundAndErrorAreAtMost64Units) {
  const auto& [activation, size] = GetParam();
  expect_no_more_than_64_units(activation, size, 2);
}

constexpr auto of_the_study = [] {
  return ::testing::Values(Activation::identity, Activation::logistic, Activation::tanh, Activation::relu,
                           Activation::softplus, Activation::mish);
};
constexpr auto name_of_case = [](const auto& test) {
  const auto& [activation, size] = test.param;
  return fmt::format("{}_{}x{}", info(activation).name, size.width, size.depth);
};

INSTANTIATE_TEST_SUITE_P(Sizes, AtWeightScaleOne,
                         ::testing::Combine(of_the_study(),
                                            ::testing::Values(Size{1, 1}, Size{1, 6}, Size{4, 2}, Size{8, 6},
                                                              Size{64, 1}, Size{24, 4})),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Sizes, SlowAtWeightScaleOne,
                         ::testing::Combine(of_the_study(), ::testing::Values(Size{64, 3}, Size{64, 6})),
                         name_of_case);

// A network without a kink or a zero of a slope, whose scale S is the sum over paths of absolute values and
// can be written down: y = v1 tanh(z1) + v2 tanh(z2), z_i = w_i x.
TEST(Scale, IsTheSumOverPathsOfAbsoluteValues) {
  const Perceptron network(1, {{2, Activation::tanh, Bias::none}, {1, Activation::identity, Bias::none}});
  Vector theta(4);
  theta << 0.5, -1.5, 2, 3;
  const Matrix X{{-0.75}};
  const auto slope = [](double z) { return 1 / (std::cosh(z) * std::cosh(z)); };
  const double z1 = 0.375, z2 = 1.125;
  const double at_inputs = 2 * slope(z1) * 0.5 + 3 * slope(z2) * 1.5;  // the terms have opposite signs in J
  const Matrix of_inputs = error_scales(network, theta, X, PathSummation::from_outputs, Wrt::inputs).scale;
  EXPECT_NEAR(of_inputs(0, 0), at_inputs, 8 * unit_roundoff * at_inputs);
  const Matrix S = error_scales(network, theta, X, PathSummation::from_parameter, Wrt::parameters).scale;
  // S of a weight into y is max(|tanh z|, |tanh' z| |z|)
  const double expected[] = {2 * slope(z1) * 0.75, 3 * slope(z2) * 0.75, std::tanh(z1), std::tanh(z2)};
  for (Index p = 0; p < 4; ++p) EXPECT_NEAR(S(0, p), expected[p], 8 * unit_roundoff * expected[p]) << p;
}

// Strategies that difference the network have scales, but no bound.
TEST(Scale, IsTheSameForEverySummation) {
  const Scenario& s = testing::scenario("several_outputs");
  for (Wrt wrt : {Wrt::parameters, Wrt::inputs}) {
    const EntryScales down = error_scales(s.network, s.theta, s.X, PathSummation::from_outputs, wrt);
    const EntryScales up = error_scales(s.network, s.theta, s.X, PathSummation::from_parameter, wrt);
    const EntryScales none = error_scales(s.network, s.theta, s.X, PathSummation::differences, wrt);
    EXPECT_EQ(down.scale, up.scale);
    EXPECT_EQ(down.scale, none.scale);
    EXPECT_EQ(down.condition, none.condition);
    EXPECT_EQ(none.bound.size(), 0);
    EXPECT_EQ(up.bound.rows(), down.bound.rows());
    EXPECT_TRUE((down.condition.array() >= down.scale.array()).all());
  }
}

// The bound is worth something: it stays within a small factor of the errors that there are. A bound of twice
// the largest |J| would hold every strategy, right or wrong.
TEST(Bound, IsNotBlind) {
  for (const Scenario& s : testing::scenarios()) {
    if (s.on_kink) continue;
    const EntryScales scales =
        error_scales(s.network, s.theta, s.X, PathSummation::from_outputs, Wrt::parameters);
    for (Index j = 0; j < scales.bound.cols(); ++j)
      for (Index i = 0; i < scales.bound.rows(); ++i) {
        // A few hundred units of the condition: at most six layers of at most a hundred terms, each of which
        // rounds.
        ASSERT_LE(scales.bound(i, j), 700 * unit_roundoff * scales.condition(i, j) + 0x1p-959)
            << s.name << ", entry " << i << ", " << j;
      }
  }
}

// An error of z moves phi'(z): here z loses 2^20 units of its last place to cancellation, and phi' with it. A
// bound without e_z would be broken (this is what the scenario terms_cancel_in_z is for); the bound grows
// with it.
TEST(Bound, FollowsTheErrorOfZIntoTheSlope) {
  const Perceptron network(2, {{1, Activation::tanh, Bias::none}, {1, Activation::identity, Bias::none}});
  Vector theta(3);
  theta << 0x1p20, -0x1p20, 1;
  const Matrix cancelling{{1 + 0x1p-20, 1}}, alone{{0x1p-20, 0}};  // z = 1 both times
  const auto bound_of = [&](const Matrix& at) {
    return error_scales(network, theta, at, PathSummation::from_outputs, Wrt::inputs).bound(0, 0);
  };
  EXPECT_GT(bound_of(cancelling), 1000 * bound_of(alone));
}

TEST(NumericErrorBound, IsRelativeToTheRowAndItsValue) {
  // Two observations, two outputs: rows 0 and 1 of J are output 0, rows 2 and 3 output 1.
  ReferenceMatrix J, values;
  J.high = Matrix{{3, 4}, {0, 0}, {6, -8}, {0, 2}};
  values.high = Matrix{{1, -20}, {-2, 0}};
  const Matrix wanted{{0.6, 0.6}, {0.2, 0.2}, {3, 3}, {0.2, 0.2}};
  const Matrix bound = numeric_error_bound(0.1, J, values);
  ASSERT_EQ(bound.rows(), 4);
  EXPECT_TRUE(testing::all_within(bound, wanted, 4 * unit_roundoff * 3));  // a norm, a sum and a product
}

}  // namespace
}  // namespace jacobench
