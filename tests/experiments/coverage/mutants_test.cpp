// Intervals with one plausible mistake each, in the form of the method table: the gate that accepts `delta`
// must reject them, and they must cover what the mistake makes of it.
#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "jacobench/inference/multipliers.hpp"

#include "coverage/simulation.hpp"
#include "support/wrong_strategies.hpp"

namespace jacobench::coverage {
namespace {

using namespace jacobench::testing;

using Change = std::function<void(Errors&)>;

IntervalMethod delta_with(const Change& change) {
  return method_from("mutant", [change](Tangent& at, NewPoints& points, std::uint64_t, Errors& errors) {
    errors = errors_of_delta(at, points);
    change(errors);
    return static_cast<const char*>(nullptr);
  });
}

void nothing(Errors&) {}

Change scaled_by(double factor, bool is_normal = false) {
  return [factor, is_normal](Errors& errors) {
    errors.se *= factor;
    errors.noise_sd *= factor;
    if (is_normal) errors.dof = std::numeric_limits<double>::infinity();
  };
}

// n observations of a network that is linear in its p = inputs + 1 parameters.
struct Size {
  Index n, n_inputs;

  Index p() const { return n_inputs + 1; }
  double dof() const { return static_cast<double>(n - p()); }
  double t() const { return t_quantile(0.975, dof()); }
  Scenario scenario(Solver solver = Solver::linear_step) const {
    Scenario scenario = linear_step({n_inputs, {}, 1, Activation::identity}, n);
    scenario.solver = solver;
    return scenario;
  }
};

constexpr Index n_replicates = 4000;
const double gate_z = z_for(12);  // two gates at six points

void expect_caught(const Scenario& scenario, const Change& change, const Vector& exact) {
  const Simulation simulation(scenario, {.methods = {delta_with(nothing), delta_with(change)}}, n_replicates);
  EXPECT_TRUE(covers(simulation.measures(0), 0.95, gate_z)) << "without the change";
  EXPECT_FALSE(covers(simulation.measures(1), 0.95, gate_z)) << "with the change";
  EXPECT_TRUE(covers(simulation.measures(1), exact, gate_z)) << "with the change";
}

void expect_caught(const Size& size, const Change& change, double exact) {
  for (const Solver solver : {Solver::linear_step, Solver::least_squares}) {
    const Scenario scenario = size.scenario(solver);
    expect_caught(scenario, change, Vector::Constant(scenario.n_points(), exact));
  }
}

constexpr double printed = 0.5e-4;  // of coverages given to four digits

TEST(Mutant, NormalForT) {
  const Size size{9, 2};
  const double exact = probability_within(1.959963984540054, size.dof());
  EXPECT_NEAR(exact, 0.9023, printed);
  expect_caught(size, scaled_by(1, true), exact);
}

TEST(Mutant, MeanSquareWithoutTheDegreesOfFreedom) {
  for (const auto& [size, stated] : {std::pair{Size{9, 2}, 0.9073}, {Size{100, 30}, 0.8980}}) {
    const double factor = std::sqrt(size.dof() / static_cast<double>(size.n));
    const double exact = probability_within(size.t() * factor, size.dof());
    EXPECT_NEAR(exact, stated, printed);
    expect_caught(size, scaled_by(factor), exact);
  }
}

TEST(Mutant, SampleVarianceAndNormalQuantile) {
  const Size size{9, 2};
  const double factor = std::sqrt(size.dof() / static_cast<double>(size.n - 1));
  const double exact = probability_within(1.959963984540054 * factor, size.dof());
  EXPECT_NEAR(exact, 0.8595, printed);
  expect_caught(size, scaled_by(factor, true), exact);
}

// At a point whose g'(J'J)^-1 g is h the interval is shorter by sqrt(h / (1 + h)); .733 is where h is p / n.
TEST(Mutant, PredictionWithoutTheNoise) {
  const Size size{9, 2};
  const auto exact_at = [&](double unit_se) {
    return probability_within(size.t() * unit_se / std::hypot(unit_se, 1), size.dof());
  };
  EXPECT_NEAR(exact_at(std::sqrt(3.0 / 9)), 0.733, 0.5e-3);
  const Change change = [](Errors& errors) { errors.noise_sd = 0; };
  const Simulation simulation(
      size.scenario(),
      {.methods = {delta_with(nothing), delta_with(change)}, .kinds = {IntervalKind::prediction}},
      n_replicates);
  EXPECT_TRUE(predicts(simulation.measures(0), 0.95, gate_z));
  EXPECT_FALSE(predicts(simulation.measures(1), 0.95, gate_z));
  const double exact = LinearModel(simulation.context()).unit_se().unaryExpr(exact_at).mean();
  const Proportion& observed = simulation.measures(1).coverage;
  EXPECT_TRUE(agrees(observed.value, exact, observed.standard_error, gate_z));
}

// Standard errors of s unit_se, in the place of those of the linear model; they cover as their ratio has it.
void expect_caught(const Scenario& scenario, const Vector& unit_se) {
  const LinearModel model{ReplicateContext({scenario, {{}}, {}, {}})};
  const auto dof = static_cast<double>(model.J.rows() - model.J.cols());
  const double t = t_quantile(0.975, dof);
  const Vector ratio = unit_se.cwiseQuotient(model.unit_se());
  expect_caught(
      scenario, [&](Errors& errors) { errors.se = errors.noise_sd * unit_se; },
      ratio.unaryExpr([&](double x) { return probability_within(t * x, dof); }));
}

// What a strategy makes of sqrt(g'(J'J)^-1 g) at the truth, where J has not full rank by the pseudo-inverse.
Vector unit_se_of(const StrategyInfo& strategy, const Scenario& scenario) {
  const DataSource source(scenario);
  const auto jacobian = [&](const Matrix& X) {
    Matrix J(X.rows(), scenario.network.n_params());
    strategy.make(scenario.network, X.rows(), {})
        ->evaluate(source.teacher_parameters(), X, {.J_y_theta = &J});
    return J;
  };
  const Matrix J = jacobian(source.data().X);
  TangentFactor factor(J.rows(), J.cols());
  factor.factorise(J);
  return (jacobian(source.points()) * factor.T()).rowwise().norm();
}

// The step itself takes the right Jacobian: one that is wrong throughout is right for a linear model of its
// own.
TEST(Mutant, WrongJacobian) {
  const Scenario scenario = linear_step({3, {3, 3}, 1, Activation::tanh}, 60, 6, 3);
  const LinearModel model{ReplicateContext({scenario, {{}}, {}, {}})};
  EXPECT_LE((unit_se_of(unspoiled_strategy(), scenario) - model.unit_se()).norm(),
            1e-8 * model.unit_se().norm());
  for (const StrategyInfo& wrong : wrong_strategies()) {
    SCOPED_TRACE(wrong.name);
    expect_caught(scenario, unit_se_of(wrong, scenario));
  }
}

// |Q T'g| of a penalty that the fit does not have.
TEST(Mutant, RidgeForDelta) {
  const Scenario scenario = Size{9, 2}.scenario();
  const LinearModel model{ReplicateContext({scenario, {{}}, {}, {}})};
  expect_caught(scenario, model.fit_weights(Vector::Ones(3)).rowwise().norm());
}

}  // namespace
}  // namespace jacobench::coverage
