// Where theory fixes the answer without asymptotics: gates at 99.9 % over all comparisons of a test.
#include <algorithm>
#include <cmath>
#include <ostream>

#include <Eigen/LU>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <gtest/gtest.h>

#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/multipliers.hpp"

#include "coverage/simulation.hpp"
#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench::coverage {
namespace {

using namespace jacobench::testing;

constexpr double z_975 = 1.959963984540054;

struct NetworkCase {
  std::string name;
  UniformLayers layers;
  Index n_rows;
};

void PrintTo(const NetworkCase& network, std::ostream* out) { *out << network.name; }

// Two inputs and a bias: three parameters, in which the network is linear.
const UniformLayers plane{2, {}, 1, Activation::tanh};

const std::vector<NetworkCase>& networks() {
  static const std::vector<NetworkCase> cases{
      {"TwoHiddenLayers", {2, {3, 2}, 1, Activation::tanh}, 40},
      {"WithoutBias", {2, {3}, 1, Activation::gelu, Activation::identity, Bias::none}, 14},
      {"OutputActivation", {1, {2}, 1, Activation::logistic, Activation::softplus}, 12},
      {"Linear", plane, 9}};
  return cases;
}

class AnyNetwork : public ::testing::TestWithParam<NetworkCase> {
 protected:
  Scenario scenario() const { return linear_step(GetParam().layers, GetParam().n_rows); }
};

INSTANTIATE_TEST_SUITE_P(ExactCases, AnyNetwork, ::testing::ValuesIn(networks()),
                         [](const auto& instance) { return instance.param.name; });

// With e the noise, (|Q'e|^2 / p) / ((|e|^2 - |Q'e|^2) / (n - p)) ~ F(p, n - p). That the distance of an
// empirical distribution exceeds c / sqrt R has a probability of at most 2 exp(-2 c^2).
// Source: Massart (1990), Annals of Probability 18(3)
TEST_P(AnyNetwork, PivotAtTheTeacherIsF) {
  const Scenario at_teacher = scenario();
  const Model& teacher = std::get<Model>(at_teacher.truth);
  DataSource source(at_teacher);
  const auto p = static_cast<double>(teacher.network.n_params());
  const double n_left = static_cast<double>(at_teacher.n_rows) - p;
  const boost::math::fisher_f F(p, n_left);
  source.draw(0);
  const Matrix Q = testing::linearised(teacher.network, teacher.theta, source.data())->of_data().Q();

  const Index R = 5000;
  std::vector<double> probabilities;
  for (Index r = 0; r < R; ++r) {
    source.draw(r);
    const Vector e = testing::linearised(teacher.network, teacher.theta, source.data())->r();
    const double along = (Q.transpose() * e).squaredNorm();
    probabilities.push_back(cdf(F, along / p / ((e.squaredNorm() - along) / n_left)));
  }
  std::sort(probabilities.begin(), probabilities.end());
  const Index n_tests = 2 * static_cast<Index>(networks().size());
  const auto n_covered =
      std::upper_bound(probabilities.begin(), probabilities.end(), 0.95) - probabilities.begin();
  EXPECT_TRUE(agrees(static_cast<double>(n_covered) / R, 0.95, std::sqrt(0.95 * 0.05 / R), z_for(n_tests)));
  const double gate = std::sqrt(std::log(2 * static_cast<double>(n_tests) / 0.001) / 2);
  for (Index r = 0; r < R; ++r) {
    const double u = probabilities[static_cast<std::size_t>(r)];
    const double distance = std::max(u - static_cast<double>(r) / R, static_cast<double>(r + 1) / R - u);
    ASSERT_LE(distance * std::sqrt(R), gate) << r;
  }
}

TEST_P(AnyNetwork, OneStepFromTheTruthHasExactIntervals) {
  const std::vector<double> levels{0.5, 0.9, 0.95, 0.99};
  const Simulation simulation(scenario(),
                              {.methods = {find_interval_method("delta")},
                               .kinds = {IntervalKind::mean, IntervalKind::prediction},
                               .levels = levels},
                              4000);
  const double z = z_for(static_cast<Index>(networks().size() * (levels.size() * 12 + 1)));
  for (std::size_t level = 0; level < levels.size(); ++level) {
    SCOPED_TRACE(levels[level]);
    EXPECT_TRUE(covers(simulation.measures(simulation.interval(0, 0, level)), levels[level], z));
    EXPECT_TRUE(predicts(simulation.measures(simulation.interval(0, 1, level)), levels[level], z));
  }
  const CoverageRow row = simulation.row(0);
  const auto n_left = static_cast<double>(scenario().n_rows - scenario().network.n_params());
  EXPECT_TRUE(agrees(*row.variance_ratio, 1, std::sqrt(2 / n_left / 4000), z));
  EXPECT_EQ(row.n_failed, 0);
}

// Over all combinations c of the fits d at p points: max (c'd)^2 / (c'V c) = |J G^-1 d|^2 / s^2. At the
// points alone Scheffe's intervals hold all at once at least as often.
TEST_P(AnyNetwork, ScheffeIsExactOverAllCombinations) {
  Scenario at_p_points = scenario();
  at_p_points.n_inside = at_p_points.network.n_params();
  const Index R = 4000;
  const Simulation simulation(
      at_p_points, {.methods = {find_interval_method("delta")}, .simultaneous = Simultaneous::scheffe}, R);
  const LinearModel model(simulation.context());
  const Matrix JG = model.J * model.G.inverse();
  const Vector unit_se = model.unit_se();
  const Matrix fits = simulation.fits(), upper = simulation.upper(0);
  Index n_held = 0;
  for (Index r = 0; r < R; ++r)
    n_held += (JG * fits.col(r)).norm() <= (upper(0, r) - fits(0, r)) / unit_se[0];
  const double se = std::sqrt(0.95 * 0.05 / R), z = z_for(2 * static_cast<Index>(networks().size()));
  EXPECT_TRUE(agrees(static_cast<double>(n_held) / R, 0.95, se, z));
  EXPECT_GE(simulation.row(0).coverage, 0.95 - z * se);
}

TEST(LinearNetwork, HasExactIntervalsByFullLeastSquares) {
  Scenario scenario = linear_step(plane, 9);
  scenario.solver = Solver::least_squares;
  const Intervals intervals{.methods = {find_interval_method("delta")},
                            .kinds = {IntervalKind::mean, IntervalKind::prediction}};
  const Index R = 4000;
  const Simulation simulation(scenario, intervals, R);
  const double z = z_for(13);
  EXPECT_TRUE(covers(simulation.measures(0), 0.95, z));
  EXPECT_TRUE(predicts(simulation.measures(1), 0.95, z));
  EXPECT_TRUE(agrees(*simulation.row(0).variance_ratio, 1, std::sqrt(2.0 / 6 / R), z));
  EXPECT_EQ(simulation.row(0).n_not_converged, 0);

  // The fit is where one step leads, to the relative offset of 1e-7 that a refit stops at.
  scenario.solver = Solver::linear_step;
  const Simulation step(scenario, intervals, 200);
  const Matrix se = step.standard_errors(0);
  EXPECT_TRUE(all_within(simulation.fits().leftCols(200), step.fits(), 1e-6 * se));
}

// The multiplier is the k-th of n draws that are exchangeable with the truth's own, which lies below it with
// probability k / (n + 1): the 190th of 199 at 95 %.
TEST(LinearNetwork, HasExactSimultaneousIntervals) {
  Scenario scenario = linear_step(plane, 9);
  scenario.solver = Solver::least_squares;
  const Index R = 3000;
  const auto all_at_once = [&](Simultaneous simultaneous) {
    const Simulation simulation(
        scenario, {.methods = {find_interval_method("delta")}, .simultaneous = simultaneous}, R, 199);
    return simulation.row(0);
  };
  const double se = std::sqrt(0.95 * 0.05 / R), z = z_for(4);
  EXPECT_TRUE(agrees(all_at_once(Simultaneous::sup_t).coverage, 0.95, se, z));
  EXPECT_GE(all_at_once(Simultaneous::bonferroni).coverage, 0.95 - z * se);
  EXPECT_GE(all_at_once(Simultaneous::scheffe).coverage, 0.95 - z * se);
  EXPECT_LT(*all_at_once(Simultaneous::none).simultaneous_coverage, 0.95 - z * se);
}

// Biases of -A_K theta against the standard error sigma |A|, A = G (J'J + K)^-1 J'.
Vector ridge_coverage(const LinearModel& model, const Vector& K, double sigma) {
  const Matrix A = model.fit_weights(K);
  const Vector bias = A * (model.J * model.theta) - model.G * model.theta;
  const Vector d = bias.cwiseAbs().cwiseQuotient(sigma * A.rowwise().norm());
  return d.unaryExpr([](double x) {
    const boost::math::normal standard;
    return cdf(standard, z_975 - x) - cdf(standard, -z_975 - x);
  });
}

void expect_ridge_coverage(Scenario scenario, double k) {
  scenario.decay = equal_decay(scenario.network, k, DecayOf::weights_and_biases);
  const Simulation simulation(
      scenario, {.methods = {find_interval_method("ridge")}, .dof_rule = DofRule::known_sigma}, 4000);
  const Vector exact = ridge_coverage(LinearModel(simulation.context()), scenario.decay, scenario.noise_sd);
  EXPECT_LT(exact.minCoeff<Eigen::PropagateNaN>(), 0.85) << "the bias is to matter";
  const double z = z_for(12);
  EXPECT_TRUE(covers(simulation.measures(0), exact, z));
  EXPECT_FALSE(covers(simulation.measures(0), 0.95, z));
}

TEST(Ridge, CoversAsItsBiasHasIt) {
  Scenario scenario = linear_step(plane, 12);
  scenario.solver = Solver::least_squares;
  expect_ridge_coverage(scenario, 2);
}

// The penalty draws a step from theta* towards 0, not towards theta*.
TEST(Ridge, CoversAsItsBiasHasItInOneStep) {
  expect_ridge_coverage(linear_step(networks().front().layers, 40), 0.5);
}

TEST(Laplace, IsExactWhereTheTruthIsDrawnFromItsPrior) {
  for (const Solver solver : {Solver::least_squares, Solver::linear_step}) {
    Scenario scenario = linear_step(plane, 6);
    scenario.solver = solver;
    scenario.truth_is_redrawn = true;
    scenario.decay = equal_decay(scenario.network, 2, DecayOf::weights_and_biases);
    const Simulation simulation(scenario,
                                {.methods = {find_interval_method("laplace"), find_interval_method("ridge")},
                                 .dof_rule = DofRule::known_sigma},
                                4000);
    const double z = z_for(24);
    EXPECT_TRUE(covers(simulation.measures(0), 0.95, z));
    EXPECT_TRUE(simulation.measures(1).coverage_by_point.allFinite());
    EXPECT_FALSE(covers(simulation.measures(1), 0.95, z)) << "the ridge covariance knows of no bias";
  }
}

// E e e' = (I - H) S (I - H), whose diagonal c is adjusted by (1 - h)^-k: E se^2 = A diag(c (1 - h)^-k) A'.
Vector expected_variance(const LinearModel& model, double k) {
  const Matrix A = model.fit_weights(), H = model.hat();
  const Matrix left = Matrix::Identity(H.rows(), H.cols()) - H;
  const Matrix of_residuals = left * model.variances.asDiagonal() * left;
  const Vector adjusted = of_residuals.diagonal().array() * left.diagonal().array().pow(-k);
  return A.cwiseAbs2() * adjusted;
}

class Sandwich : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(ExactCases, Sandwich, ::testing::Values("normal", "heteroscedastic"));

TEST_P(Sandwich, HasItsExpectation) {
  Scenario scenario = linear_step(plane, 9);
  scenario.solver = Solver::least_squares;
  scenario.law = &find_noise_law(GetParam());
  const Index R = 4000;
  const Simulation simulation(
      scenario,
      {.methods = {find_interval_method("hc0"), find_interval_method("hc2"), find_interval_method("hc3")}},
      R);
  const LinearModel model(simulation.context());
  const double z = z_for(2 * 3 * 6);
  for (std::size_t kind = 0; kind < 3; ++kind) {
    const double k = std::vector<double>{0, 1, 2}[kind];
    const Matrix squares = simulation.standard_errors(kind).cwiseAbs2();
    const Vector mean = squares.rowwise().mean();
    const Vector se = ((squares.colwise() - mean).rowwise().squaredNorm() / (R - 1) / R).cwiseSqrt();
    EXPECT_TRUE(agree(mean, expected_variance(model, k), se, z)) << "hc" << (k == 0 ? 0 : k + 1);
  }
  if (scenario.law->is_heteroscedastic) return;
  const Vector true_variance = model.fit_weights().cwiseAbs2() * model.variances;
  EXPECT_LE((expected_variance(model, 1) - true_variance).norm(), 1e-13 * true_variance.norm())
      << "hc2 is unbiased where the noise has one variance";
}

// Errors of one variance are taken for granted, and the variance is that of x = 0.
void expect_classical_coverage(Scenario scenario) {
  scenario.law = &find_noise_law("heteroscedastic");
  const Simulation simulation(
      scenario, {.methods = {find_interval_method("delta")}, .dof_rule = DofRule::known_sigma}, 4000);
  const LinearModel model(simulation.context());
  const Vector V_true = model.fit_weights().cwiseAbs2() * model.variances;
  const Vector V_classical = (scenario.noise_sd * model.unit_se()).cwiseAbs2();
  const Vector ratio = V_classical.cwiseQuotient(V_true).cwiseSqrt();
  const Vector exact = ratio.unaryExpr([](double x) { return probability_within(z_975 * x, HUGE_VAL); });
  EXPECT_TRUE(covers(simulation.measures(0), exact, z_for(24)));
  EXPECT_FALSE(covers(simulation.measures(0), 0.95, 3 * z_for(24))) << "nominal is far off";
}

TEST(Classical, CoversUnequalVariancesAsTheyHaveIt) {
  Scenario scenario = linear_step(plane, 20);
  scenario.solver = Solver::least_squares;
  expect_classical_coverage(scenario);
}

TEST(Classical, CoversUnequalVariancesAsTheyHaveItInOneStep) {
  expect_classical_coverage(linear_step(networks().front().layers, 40));
}

// y = a + b x at x = -1 and 1, as often: every leverage is p / n.
struct Balanced {
  Balanced() {
    RandomStream stream(3, 1, 0, RandomPurpose::noise);
    for (Index i = 0; i < n; ++i) data.X(i, 0) = i % 2 == 0 ? -1 : 1;
    for (Index i = 0; i < n; ++i) data.Y(i, 0) = 1 + data.X(i, 0) + stream.normal();
  }

  static constexpr Index n = 6, p = 2, n_draws = 4000;
  Perceptron network = make_perceptron({1, {}, 1, Activation::identity});
  Dataset data{Matrix(n, 1), Matrix(n, 1)};
};

// Of B draws the standard deviation has a relative error of sqrt((kurtosis - 1) / 4 B), and draws from n
// values, as well as their sums, have a kurtosis of at most n: at most sqrt(5 / 4 B).
TEST(ResidualBootstrap, WithoutItsCorrectionIsTooNarrow) {
  const Balanced balanced;
  const Vector start = Vector::Zero(2);
  Fitter fitter(balanced.network, balanced.data, {.n_starts = 0, .relative_offset = 1e-7});
  const Vector theta = fitter.fit(balanced.data, start).theta;
  const testing::Linearised at = testing::linearised(balanced.network, theta, balanced.data);
  const Covariance cov = covariance(at);
  EXPECT_TRUE(all_within(cov.leverages(), Vector::Constant(cov.leverages().size(), 1.0 / 3), 1e-14));
  const Matrix X0 = (Matrix(2, 1) << 0.3, 2).finished();
  const Matrix G = testing::gradients_at(balanced.network, theta, X0);
  const Vector se = cov.standard_errors(G);

  Matrix raw(2, Balanced::n_draws);
  Dataset drawn = balanced.data;
  for (Index b = 0; b < raw.cols(); ++b) {
    RandomStream stream(5, 0, static_cast<std::uint32_t>(b), RandomPurpose::resampling);
    for (Index i = 0; i < Balanced::n; ++i) {
      const auto which = static_cast<Index>(stream.uniform() * Balanced::n);
      drawn.Y(i, 0) = balanced.data.Y(i, 0) - at->r()[i] + at->r()[which];
    }
    raw.col(b) = G * (fitter.fit(drawn, theta).theta - theta);
  }
  const double B = Balanced::n_draws, z = z_for(4), error = std::sqrt(5 / (4 * B));
  const Vector of_raw = (raw.rowwise().squaredNorm() / B).cwiseSqrt().cwiseQuotient(se);
  const double shrunk = std::sqrt(4.0 / 6);
  EXPECT_TRUE(agree(of_raw, Vector::Constant(2, shrunk), Vector::Constant(2, shrunk * error), z));

  const Vector of_library =
      testing::bootstrap(at, cov, X0, {.n_replicates = Balanced::n_draws}).se.col(0).cwiseQuotient(se);
  EXPECT_TRUE(agree(of_library, Vector::Ones(2), Vector::Constant(2, error), z));
  EXPECT_FALSE(agree(of_raw, Vector::Ones(2), Vector::Constant(2, error), z));
}

}  // namespace
}  // namespace jacobench::coverage
