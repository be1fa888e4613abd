// Every kind of covariance by every rule of degrees of freedom, held to the formulas of its header written out plainly:
// explicit inverses and the whole hat matrix, in extended precision.
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/errors.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"
#include "support/linearised.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::all_within;
using testing::all_within_relative;

using ExtendedMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
using LongVector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

const Matrix new_points = Vector::LinSpaced(7, -3, 3);

// Two steps, of which the second output is the difference, with noise on either and weights: a 1-2-K tanh network.
Fit fitted_steps(Index n_outputs, double k) {
  const Perceptron network(1, {{2, tanh}, {n_outputs, identity}});
  Dataset data{Vector::LinSpaced(40, -2, 2), Matrix(40, n_outputs), Vector::LinSpaced(40, 0.5, 2), {}};
  RandomStream noise(8, 0, 0, RandomPurpose::noise);
  for (Index n = 0; n < 40; ++n) {
    const double up = std::tanh(3 * (data.X(n, 0) + 1)), down = std::tanh(3 * (data.X(n, 0) - 1));
    data.Y(n, 0) = up + down + 0.1 * noise.normal();
    if (n_outputs == 2) data.Y(n, 1) = 5 * (up - down) + 0.5 * noise.normal();
  }
  if (n_outputs == 2) data.output_scales = Vector{{1, 5}};
  const Vector decay = k > 0 ? equal_decay(network, k, DecayOf::weights_and_biases) : Vector();
  Vector start = Vector::Zero(network.n_params());
  start.head(6) << 3, 3, 3, -3, 1, 1;
  return fit(network, data, {.start = start, .n_starts = 0, .decay = decay});
}

struct Case {
  const char* name;
  Fit fit;
};

constexpr std::size_t n_cases = 5;

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> made{{"one_output", fitted_steps(1, 0)},
                           {"one_output_with_decay", fitted_steps(1, 0.05)},
                           {"two_outputs", fitted_steps(2, 0)},
                           {"two_outputs_with_decay", fitted_steps(2, 0.05)}};
    // Fewer observations than parameters: with a decay on all of these they go by the dual route.
    Fit few = made[1].fit;
    few.data = few.data.rows({4, 15});
    few = fit(few.network, few.data, {.start = few.theta, .n_starts = 0, .decay = few.decay});
    made.push_back({"two_observations_with_decay", few});
    return made;
  }();
  return all;
}

ExtendedMatrix jacobian(const Fit& fit, const Vector& theta, const MatrixView& X) {
  return testing::gradients_at(fit.network, theta, X).cast<long double>();
}

ExtendedMatrix inverse_of(const ExtendedMatrix& A) { return A.fullPivLu().inverse(); }

ExtendedMatrix power(const ExtendedMatrix& S, long double exponent) {
  const Eigen::SelfAdjointEigenSolver<ExtendedMatrix> eigen(S);
  const ExtendedMatrix U = eigen.eigenvectors();
  return U * eigen.eigenvalues().array().pow(exponent).matrix().asDiagonal() * U.transpose();
}

// What the header of covariance.hpp says, of one kind and rule.
class Textbook {
 public:
  Textbook(const Fit& fit, CovarianceKind kind, DofRule rule, double known_sigma)
      : fit_(fit), kind_(kind), N_(fit.data.X.rows()), K_(fit.data.Y.cols()), n_(fit.n_values()) {
    g_ = fit.data.row_factors().reshaped().cast<long double>();
    J_ = g_.asDiagonal() * jacobian(fit, fit.theta, fit.data.X);
    r_ = g_.cwiseProduct(residuals(fit.theta));
    penalty_ = ExtendedMatrix::Zero(J_.cols(), J_.cols());
    if (fit.has_decay() && info(kind).decay != Decay::ignored)
      penalty_.diagonal() = fit.decay.cast<long double>();
    bread_ = inverse_of(J_.transpose() * J_ + penalty_);
    H_ = J_ * bread_ * J_.transpose();
    const auto n = static_cast<long double>(n_);
    dof = n - static_cast<long double>(std::min(J_.rows(), J_.cols()));
    if (rule == DofRule::n_minus_trace) dof = n - H_.trace();
    if (rule == DofRule::n_minus_trace_2h_hh) dof = n - (2 * H_ - H_ * H_.transpose()).trace();
    if (rule == DofRule::known_sigma) dof = std::numeric_limits<long double>::infinity();
    sigma = rule == DofRule::known_sigma ? known_sigma : std::sqrt(r_.squaredNorm() / dof);
  }

  ExtendedMatrix V() const {
    using enum CovarianceKind;
    const long double s2 = sigma * sigma;
    switch (kind_) {
      case delta:
      case laplace:
        return s2 * bread_;
      case ridge:
        return s2 * bread_ * J_.transpose() * J_ * bread_;
      case hessian:
        return s2 * inverse_of(hessian_of_objective());
      case hc0:
      case hc1:
      case hc2:
      case hc3:
        return bread_ * meat() * bread_;
      case hessian_sandwich: {
        const ExtendedMatrix A_inverse = inverse_of(hessian_of_objective());
        return A_inverse * meat() * A_inverse;
      }
    }
    return {};
  }

  const ExtendedMatrix& H() const { return H_; }

  long double dof, sigma;

 private:
  LongVector residuals(const Vector& theta) const {
    return (fit_.data.Y - evaluate(fit_.network, theta, fit_.data.X)).reshaped().cast<long double>();
  }

  // Half of it, by differences of the gradient J'r that are exact up to h^4.
  ExtendedMatrix hessian_of_objective() const {
    constexpr double h = 1e-3;
    ExtendedMatrix A(J_.cols(), J_.cols());
    for (Index p = 0; p < A.cols(); ++p) {
      const auto gradient = [&](double step) -> LongVector {
        const Vector theta = fit_.theta + step * Vector::Unit(A.cols(), p);
        return -jacobian(fit_, theta, fit_.data.X).transpose() *
               g_.cwiseAbs2().cwiseProduct(residuals(theta));
      };
      A.col(p) = (8 * (gradient(h) - gradient(-h)) - (gradient(2 * h) - gradient(-2 * h))) / (12 * h);
    }
    return (A + A.transpose()) / 2 + penalty_;
  }

  ExtendedMatrix meat() const {
    using enum CovarianceKind;
    ExtendedMatrix sum = ExtendedMatrix::Zero(J_.cols(), J_.cols());
    for (Index n = 0; n < N_; ++n) {
      std::vector<Index> rows;
      for (Index k = 0; k < K_; ++k) rows.push_back(k * N_ + n);
      const ExtendedMatrix left = ExtendedMatrix::Identity(K_, K_) - ExtendedMatrix(H_(rows, rows));
      LongVector a = r_(rows);
      if (kind_ == hc1)
        a *= std::sqrt(static_cast<long double>(n_) / (static_cast<long double>(n_) - H_.trace()));
      if (kind_ == hc2) a = power(left, -0.5L) * a;
      if (kind_ == hc3) a = power(left, -1) * a;
      const LongVector score = ExtendedMatrix(J_(rows, Eigen::all)).transpose() * a;
      sum += score * score.transpose();
    }
    return sum;
  }

  const Fit& fit_;
  const CovarianceKind kind_;
  const Index N_, K_, n_;
  LongVector g_, r_;
  ExtendedMatrix J_, penalty_, bread_, H_;
};

class OfKindAndRule : public ::testing::TestWithParam<std::tuple<std::size_t, CovarianceInfo, DofRuleInfo>> {
 protected:
  const Fit& fit_ = cases()[std::get<0>(GetParam())].fit;
  const CovarianceKind kind_ = std::get<1>(GetParam()).kind;
  const DofRule rule_ = std::get<2>(GetParam()).rule;
  CovarianceOptions options_{.kind = kind_, .dof_rule = rule_};
};

// The rounding of J, times the condition of these fits, below 10^3, and 40 x 10 sums; of hessian kinds the differences
// leave 10^-8.
TEST_P(OfKindAndRule, IsThatOfTheTextbook) {
  constexpr double known_sigma = 0.2;
  if (rule_ == DofRule::known_sigma) options_.known_sigma = known_sigma;
  const testing::Linearised at(fit_);
  const Covariance cov = covariance(at, options_);
  EXPECT_EQ(cov.rank(), std::min(fit_.n_values(), fit_.n_params()));
  if (info(kind_).decay == Decay::needed && !fit_.has_decay()) {
    EXPECT_EQ(cov.status(), CovarianceStatus::no_decay);
    return;
  }
  if (fit_.n_values() < fit_.n_params() && info(kind_).decay == Decay::ignored) {
    EXPECT_EQ(cov.status(), CovarianceStatus::more_parameters_than_observations);
    return;
  }
  const Textbook textbook(fit_, kind_, rule_, known_sigma);
  if (textbook.dof < 0.5L) {
    EXPECT_EQ(cov.status(), CovarianceStatus::no_degrees_of_freedom);
    return;
  }
  if (kind_ == CovarianceKind::hc1 && fit_.n_values() - textbook.H().trace() < 0.5L) {
    EXPECT_EQ(cov.status(), CovarianceStatus::no_degrees_of_freedom);
    return;
  }
  ASSERT_TRUE(cov.ok()) << cov.reason();

  const double tolerance = needs_second_derivatives(kind_) ? 1e-6 : 1e3 * 40 * 10 * unit_roundoff;
  const auto sigma = static_cast<double>(textbook.sigma), dof = static_cast<double>(textbook.dof);
  EXPECT_NEAR(cov.sigma(), sigma, tolerance * sigma);
  if (rule_ == DofRule::known_sigma)
    EXPECT_TRUE(std::isinf(cov.dof()));
  else
    EXPECT_NEAR(cov.dof(), dof, tolerance * dof);
  EXPECT_TRUE(all_within(cov.leverages(), Vector(textbook.H().diagonal().cast<double>()), tolerance));
  EXPECT_NEAR(cov.trace_h(), static_cast<double>(textbook.H().trace()), 100 * tolerance);

  const ExtendedMatrix V = textbook.V();
  const auto scale = static_cast<double>(V.norm());
  EXPECT_LE((cov.of_parameters() - V.cast<double>()).norm(), tolerance * scale);
  const ExtendedMatrix G = jacobian(fit_, fit_.theta, new_points);
  const Matrix of_f = (G * V * G.transpose()).cast<double>();
  const Vector variances = of_f.diagonal();
  const Matrix se = variances.cwiseSqrt().reshaped(new_points.rows(), fit_.network.n_outputs());
  const Matrix double_G = G.cast<double>();
  EXPECT_LE((cov.of(double_G) - of_f).norm(), tolerance * of_f.norm());
  EXPECT_TRUE(all_within_relative(cov.standard_errors(double_G), Vector(se.reshaped()), tolerance));
  const Matrix F = cov.factor_of(double_G);
  EXPECT_LE((F * F.transpose() - of_f).norm(), tolerance * of_f.norm());

  // and by the engine that all intervals are from
  const Bands bands = testing::bands_at(at, cov, new_points, {.how = {.new_weights = Vector::Ones(1)}});
  ASSERT_TRUE(bands.ok()) << bands.reason;
  EXPECT_TRUE(all_within_relative(bands.mean.se, se, tolerance));
  Matrix of_observation = se.cwiseAbs2();
  for (Index k = 0; k < se.cols(); ++k) {
    const double d = fit_.data.output_scales.size() > 0 ? fit_.data.output_scales[k] : 1;
    of_observation.col(k).array() += sigma * sigma * d * d;
  }
  EXPECT_TRUE(all_within_relative(bands.prediction.se, Matrix(of_observation.cwiseSqrt()), tolerance));
  EXPECT_NEAR(bands.mean.multiplier.value, t_quantile(0.975, dof), 10 * tolerance);
  EXPECT_NEAR(bands.sigma, sigma, tolerance * sigma);
}

std::string name_of_test(const ::testing::TestParamInfo<OfKindAndRule::ParamType>& test) {
  const auto& [number, kind, rule] = test.param;
  return fmt::format("{}_{}_{}", cases()[number].name, kind.name, rule.name);
}

INSTANTIATE_TEST_SUITE_P(
    CovarianceReference, OfKindAndRule,
    ::testing::Combine(::testing::Range(std::size_t{0}, n_cases),
                       ::testing::ValuesIn(covariance_table().begin(), covariance_table().end()),
                       ::testing::ValuesIn(dof_rule_table().begin(), dof_rule_table().end())),
    name_of_test);

TEST(CovarianceReference, TheCasesAreWhatTheirNamesSay) {
  EXPECT_EQ(cases().size(), n_cases);
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    EXPECT_TRUE(each.fit.has_converged());
    testing::Linearised at(each.fit);
    EXPECT_EQ(at->with_decay().is_dual(), each.fit.n_values() < each.fit.n_params());
    EXPECT_LT(at->with_decay().is_dual() ? 1 : at->with_decay().condition_scaled(), 1e3);
  }
}

// ---- one step

// A network that is linear in its parameters is fitted by one step, from anywhere and with decay too.
TEST(LinearStep, ReachesTheMinimumOfALinearModel) {
  const Perceptron line(1, {{1, identity}});
  const Fit& steps = cases()[0].fit;
  const Vector decay = Vector::Constant(2, 0.3);
  const Fit there = fit(line, steps.data, {.decay = decay});
  const Fit far{.network = line, .theta = Vector::Constant(2, 5), .data = steps.data, .decay = decay};
  Tangent at = linearise(far), minimum = linearise(there);
  NewPoints points(far, new_points), points_there(there, new_points);
  ASSERT_TRUE(points.move_to(at));
  ASSERT_TRUE(points_there.move_to(minimum));
  const Vector* step = at.take_linear_step();
  ASSERT_TRUE(step);
  points.take_linear_step(at, *step);
  const double tolerance = 40 * 2 * 16 * unit_roundoff;
  EXPECT_TRUE(all_within(far.theta + *step, there.theta, tolerance));
  EXPECT_TRUE(all_within(points.values(), points_there.values(), tolerance));
  EXPECT_TRUE(all_within(at.r(), minimum.r(), tolerance));
  EXPECT_NEAR(at.rss(), minimum.rss(), tolerance * minimum.rss());
  EXPECT_EQ(at.J(), minimum.J());
}

// Of any other network to that of the linearised one, whose residuals and values these are, with J where it was.
TEST(LinearStep, ReachesTheMinimumOfTheLinearisedModel) {
  for (const std::size_t number : {std::size_t{0}, std::size_t{3}}) {
    Fit off = cases()[number].fit;
    off.theta *= 1.05;
    Tangent at = linearise(off);
    NewPoints points(off, new_points);
    ASSERT_TRUE(points.move_to(at));
    const Matrix J = at.J(), G = points.gradients(at), values = points.values();
    const Vector r = at.r();
    const Vector* step = at.take_linear_step();
    ASSERT_TRUE(step);
    points.take_linear_step(at, *step);
    EXPECT_EQ(at.J(), J);
    EXPECT_TRUE(all_within(at.r(), r - J * *step, 1e-12));
    const Vector gradient = J.transpose() * at.r() - at.decay().cwiseProduct(off.theta + *step);
    EXPECT_LE(gradient.norm(), 1e-10 * (J.transpose() * r).norm());
    EXPECT_TRUE(all_within(points.values().reshaped(), values.reshaped() + G * *step, 1e-11));
    EXPECT_TRUE(all_within(points.gradients(at), G, 0));
    // what intervals are made from is then that of the linear model: the same J, another sigma
    const Covariance cov = covariance(at);
    EXPECT_NEAR(cov.sigma() * cov.sigma() * cov.dof(), at.rss(), 1e-13 * at.rss());
  }
}

// ---- what the data do not allow

TEST(Tangent, SaysWhatTheDataDoNotAllow) {
  const Perceptron network(1, {{3, tanh}, {1, identity}});
  RandomStream stream(4, 0, 0, RandomPurpose::parameters);
  Fit fit{.network = network, .theta = draw_parameters(network, 1, stream), .data = cases()[0].fit.data};
  Fit few = fit;
  few.data = fit.data.rows({0, 8, 16, 24, 32, 39});
  Tangent of_few(few);
  ASSERT_TRUE(of_few.move_to(few));
  EXPECT_EQ(covariance(of_few).status(), CovarianceStatus::more_parameters_than_observations);
  EXPECT_EQ(covariance(of_few, {.kind = CovarianceKind::laplace}).status(), CovarianceStatus::no_decay);
  EXPECT_FALSE(of_few.take_linear_step());
  fit.theta.setZero();
  Tangent flat(fit);
  ASSERT_TRUE(flat.move_to(fit));
  const Covariance cov = covariance(flat);
  EXPECT_EQ(cov.status(), CovarianceStatus::rank_deficient);
  EXPECT_THAT(cov.reason(), ::testing::HasSubstr("the data determine 1 of 10"));
  EXPECT_TRUE(std::isinf(flat.of_data().condition_scaled()));
  EXPECT_EQ(flat.rank(), 1);
  EXPECT_FALSE(flat.take_linear_step());
  fit.theta[9] = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(flat.move_to(fit));
  EXPECT_THROW(linearise(fit), InputError);
  fit.theta.resize(9);
  EXPECT_THROW(flat.move_to(fit), std::logic_error);
}

// ---- one workspace for one fit after another

// Two fits of one shape, so that each is new to what the other was computed in.
struct TwoFits {
  explicit TwoFits(double k) : first(fitted_steps(1, k)), second(first) {
    second.data.Y *= -1.5;
    second = fit(second.network, second.data, {.start = first.theta, .decay = second.decay});
  }
  Fit first, second;
};

std::vector<std::string> quick_methods(const Fit& fit) {
  std::vector<std::string> methods{"delta", "hc0", "hc1", "hc2", "hc3"};
  if (fit.has_decay()) methods.insert(methods.end(), {"ridge", "laplace"});
  return methods;
}

TEST(IntervalEngines, DoNotDependOnWhatWasComputedBefore) {
  for (const double k : {0.0, 0.05}) {
    const TwoFits fits(k);
    Tangent at = linearise(fits.first), fresh = linearise(fits.second);
    NewPoints points(fits.first, new_points), fresh_points(fits.second, new_points);
    for (const IntervalMethod& method : interval_method_table()) {
      if (!method.covariance || (method.name == "ridge" && k == 0) || (method.name == "laplace" && k == 0))
        continue;
      SCOPED_TRACE(method.name);
      const IntervalOptions how{.dof_rule = DofRule::n_minus_trace_2h_hh, .new_weights = Vector::Ones(1)};
      const std::vector<BandRequest> requests{{}, {.kind = IntervalKind::prediction, .level = 0.9}};
      const auto used = method.prepare(fits.first, points, how, requests);
      const auto new_one = method.prepare(fits.second, fresh_points, how, requests);
      ASSERT_TRUE(at.move_to(fits.first) && points.move_to(at));
      ASSERT_TRUE(used->compute(at, points, 1)) << used->reason();
      ASSERT_TRUE(at.move_to(fits.second) && points.move_to(at) && fresh_points.move_to(fresh));
      ASSERT_TRUE(used->compute(at, points, 1)) << used->reason();
      ASSERT_TRUE(new_one->compute(fresh, fresh_points, 1)) << new_one->reason();
      for (const std::size_t band : {0, 1}) {
        EXPECT_EQ(used->bands()[band].lower, new_one->bands()[band].lower);
        EXPECT_EQ(used->bands()[band].se, new_one->bands()[band].se);
      }
      EXPECT_EQ(used->sigma(), new_one->sigma());
    }
  }
}

TEST(IntervalEngines, AllocateNothingAfterTheFirstFit) {
  for (const double k : {0.0, 0.05}) {
    const TwoFits fits(k);
    Tangent at = linearise(fits.first);
    NewPoints points(fits.first, new_points);
    std::vector<std::unique_ptr<IntervalEngine>> engines;
    const IntervalOptions how{.dof_rule = DofRule::n_minus_trace_2h_hh, .new_weights = Vector::Ones(1)};
    for (const std::string& method : quick_methods(fits.first))
      engines.push_back(find_interval_method(method).prepare(
          fits.first, points, how,
          {{}, {.kind = IntervalKind::prediction, .simultaneous = Simultaneous::scheffe}}));
    bool is_ok = true;
    double condition = 0;
    const auto compute = [&](const Fit& fit) {
      is_ok = is_ok && at.move_to(fit) && points.move_to(at);
      for (const auto& engine : engines) is_ok = is_ok && engine->compute(at, points, 1);
      condition = at.of_data().condition_scaled();
      const Vector* step = at.take_linear_step();
      is_ok = is_ok && step;
      if (step) points.take_linear_step(at, *step);
    };
    compute(fits.first);
    EXPECT_EQ(allocations_of([&] { compute(fits.second); }), 0u) << "decay " << k;
    EXPECT_EQ(allocations_of([&] { compute(fits.first); }), 0u) << "decay " << k;
    EXPECT_TRUE(is_ok);
    EXPECT_TRUE(std::isfinite(condition));
  }
}

}  // namespace
}  // namespace jacobench
