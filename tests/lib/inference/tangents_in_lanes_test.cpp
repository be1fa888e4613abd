#include "jacobench/inference/tangents_in_lanes.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/inference/interval_method.hpp"
#include "jacobench/inference/tangent_factor.hpp"

#include "support/linearised.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using Numbers = std::vector<double>;

// A network at drawn parameters, with data that it does not pass through.
Fit drawn_fit(const UniformLayers& layers, Index n, std::uint32_t number = 0) {
  const Perceptron network = make_perceptron(layers);
  RandomStream stream(7, 1, number, RandomPurpose::parameters);
  Dataset data{.X = Matrix(n, layers.n_inputs), .Y = {}};
  for (double& x : data.X.reshaped()) x = 2 * stream.normal();
  const Vector theta = draw_parameters(network, 1.5, stream);
  data.Y = evaluate(network, theta, data.X);
  for (double& y : data.Y.reshaped()) y += 0.1 * stream.normal();
  return {.network = network, .theta = theta, .data = data, .decay = {}};
}

std::vector<Fit> drawn_fits() {
  std::vector<Fit> fits{
      drawn_fit({1, {1}, 1, Activation::tanh}, 100), drawn_fit({1, {2}, 1, Activation::tanh}, 30),
      drawn_fit({2, {2}, 1, Activation::logistic, Activation::identity, Bias::none}, 61),
      drawn_fit({3, {4}, 1, Activation::gaussian}, 90), drawn_fit({2, {9}, 1, Activation::tanh}, 300)};
  fits[1].data.weights = Vector::LinSpaced(30, 0.5, 4);
  fits[1].data.output_scales = Vector::Constant(1, 0.3);
  return fits;
}

Matrix new_points(const Fit& fit, Index M = 11) {
  RandomStream stream(9, 1, 0, RandomPurpose::inputs);
  Matrix X0(M, fit.network.n_inputs());
  for (double& x : X0.reshaped()) x = 2 * stream.normal();
  return X0;
}

struct InLanes {
  bool is_clear;
  Vector r;
  Matrix T, f, forms;
  double norm = 0;
};

// Of the fit in one lane, others in the rest.
InLanes in_lanes(const Fit& fit, const Matrix& X0, const kernel::LaneKernels& kernels, Index lane,
                 const Fit* other = nullptr) {
  TangentsInLanes tangents(fit, kernels);
  PointsInLanes points(fit, X0, kernels);
  for (Index l = 0; l < kernels.n_lanes && other; ++l) tangents.put(l, *other);
  tangents.put(lane, fit);
  tangents.compute();
  points.compute(tangents);
  const Index P = fit.network.n_params();
  InLanes result{.is_clear = true, .r = Vector(fit.n_values()), .T = Matrix(P, P), .f = {}, .forms = {}};
  result.is_clear =
      tangents.get(lane, result.r, result.T, result.norm) && points.get(lane, result.f, result.forms);
  return result;
}

Numbers numbers_of(const InLanes& result) {
  Numbers all{result.norm};
  for (const Matrix* part : {&result.T, &result.f, &result.forms})
    all.insert(all.end(), part->reshaped().begin(), part->reshaped().end());
  all.insert(all.end(), result.r.begin(), result.r.end());
  return all;
}

// Rounding of a factorisation of n rows, and what the condition makes of it in T T'.
double allowance(const Fit& fit, double condition) {
  const auto n = static_cast<double>(fit.n_values()), P = static_cast<double>(fit.network.n_params());
  return 8 * n * P * unit_roundoff * condition;
}

TEST(TangentsInLanes, AreThoseOfAPivotedQr) {
  for (const Fit& fit : drawn_fits()) {
    const Matrix X0 = new_points(fit);
    const InLanes result = in_lanes(fit, X0, kernel::kernels().fits_side_by_side, 0);
    ASSERT_TRUE(result.is_clear) << to_string(fit.network);
    Tangent at = linearise(fit);
    TangentFactor& factor = at.of_data();
    const double condition = factor.condition_scaled(), rounding = allowance(fit, condition);
    const double root_P = std::sqrt(static_cast<double>(fit.network.n_params()));
    EXPECT_NEAR(root_P * result.norm / condition, 1, rounding) << to_string(fit.network);

    const Matrix expected = factor.T() * factor.T().transpose(), found = result.T * result.T.transpose();
    const Vector C = at.J().colwise().norm();
    const Matrix error = C.asDiagonal() * (found - expected) * C.asDiagonal();
    EXPECT_LE(error.norm(), rounding * (C.asDiagonal() * expected * C.asDiagonal()).norm());
    EXPECT_TRUE(result.T.isUpperTriangular(0));

    const Matrix G = testing::gradients_at(fit.network, fit.theta, X0),
                 f = evaluate(fit.network, fit.theta, X0);
    const Vector forms = (G * factor.T()).rowwise().squaredNorm();
    for (Index m = 0; m < X0.rows(); ++m) {
      EXPECT_NEAR(result.forms(m, 0) / forms[m], 1, rounding) << "point " << m;
      const double size = fit.theta.cwiseAbs().sum();
      EXPECT_NEAR(result.f(m, 0), f(m, 0), 100 * unit_roundoff * size);
    }
    Matrix factors(fit.n_values(), 1);
    fit.data.get_row_factors(factors);
    const Vector r = factors.cwiseProduct(fit.data.Y - evaluate(fit.network, fit.theta, fit.data.X));
    const double size_of_r = factors.norm() * (fit.theta.cwiseAbs().sum() + fit.data.Y.norm());
    EXPECT_LE((result.r - r).norm(), 100 * unit_roundoff * size_of_r);
  }
}

// On any path, by themselves and in whatever lane, beside whatever fit.
TEST(TangentsInLanes, HaveTheSameBitsInAnyCompany) {
  for (const Fit& fit : drawn_fits()) {
    const Matrix X0 = new_points(fit);
    Fit other = fit;
    other.theta *= 0.5;
    Numbers first;
    for (const VectorPath path : testing::runnable_vector_paths()) {
      const testing::OnVectorPath on(path);
      const kernel::LaneKernels& one = kernel::kernels().one_fit;
      const Numbers alone = numbers_of(in_lanes(fit, X0, one, 0));
      if (first.empty()) first = alone;
      EXPECT_EQ(alone, first) << info(path).name << ", " << to_string(fit.network);
      const kernel::LaneKernels& all = kernel::kernels().fits_side_by_side;
      for (Index lane = 0; lane < all.n_lanes; ++lane)
        EXPECT_EQ(numbers_of(in_lanes(fit, X0, all, lane, &other)), first)
            << info(path).name << ", lane " << lane << ", " << to_string(fit.network);
    }
  }
}

// A unit that is saturated everywhere, two units that are one, units of inputs that overflow a square or lose it: the
// tangent is then that of a QR with pivoting, and a neighbour does not notice.
TEST(TangentsInLanes, LeaveAloneWhatIsNotClear) {
  const Fit clear = drawn_fit({1, {3}, 1, Activation::tanh}, 40);
  const Matrix X0 = new_points(clear);
  const Numbers expected = numbers_of(in_lanes(clear, X0, kernel::kernels().one_fit, 0));
  const auto with = [&](const auto& change) {
    Fit fit = clear;
    change(fit);
    return fit;
  };
  const std::vector<Fit> unclear{
      with([](Fit& fit) { fit.theta[0] = 0, fit.theta[3] = 40; }),
      with([](Fit& fit) { fit.theta[1] = fit.theta[0], fit.theta[4] = fit.theta[3]; }),
      with([](Fit& fit) { fit.theta[1] = fit.theta[0] + 1e-12, fit.theta[4] = fit.theta[3]; }),
      with([](Fit& fit) { fit.theta.segment(6, 3) *= 1e-170; }),
      with([](Fit& fit) { fit.theta.segment(6, 3) *= 1e-155; }),
      with([](Fit& fit) { fit.theta.segment(6, 3) *= 1e170; }),
      with([](Fit& fit) { fit.theta[7] = std::numeric_limits<double>::infinity(); }),
      // Whose weighted residual overflows.
      with([](Fit& fit) {
        fit.data.weights = Vector::Constant(fit.n_values(), 4);
        fit.data.Y(0, 0) = 1.7e308;
      })};
  const kernel::LaneKernels& all = kernel::kernels().fits_side_by_side;
  for (std::size_t i = 0; i < unclear.size(); ++i) {
    for (const kernel::LaneKernels* kernels : {&all, &kernel::kernels().one_fit})
      EXPECT_FALSE(in_lanes(unclear[i], X0, *kernels, 0).is_clear) << i;
    if (all.n_lanes > 1) {
      EXPECT_EQ(numbers_of(in_lanes(clear, X0, all, 1, &unclear[i])), expected) << i;
    }
    Tangent at(unclear[i]);
    if (!at.move_to(unclear[i])) continue;
    EXPECT_EQ(at.clear_inverse(), nullptr);
    EXPECT_EQ(at.rank(), at.of_data().rank()) << i;
  }
}

// As the condition comes near the limit, what lanes call clear has a rank that no error of J could have made.
TEST(TangentsInLanes, AreClearUpToTheLimitOfThePivots) {
  Index n_clear = 0, n_unclear = 0;
  for (double gap = 1; gap > 1e-9; gap /= 1.5) {
    Fit fit = drawn_fit({1, {2}, 1, Activation::tanh}, 50);
    fit.theta[1] = fit.theta[0] + gap;
    fit.theta[3] = fit.theta[2];
    Tangent at = linearise(fit);
    TangentFactor& factor = at.of_data();
    if (at.clear_inverse()) {
      ++n_clear;
      EXPECT_EQ(factor.rank(), fit.network.n_params());
      EXPECT_GE(factor.least_pivot(), TangentFactor::clear_pivot);
      EXPECT_NEAR(at.condition_scaled() / factor.condition_scaled(), 1,
                  allowance(fit, factor.condition_scaled()));
    } else {
      ++n_unclear;
      // The norm of the inverse is at most P times that of the 2-norm, 1 / smallest singular value.
      EXPECT_GE(factor.condition_scaled(), 0.9 / TangentFactor::clear_pivot);
    }
  }
  EXPECT_GE(n_clear, 5);
  EXPECT_GE(n_unclear, 3);
}

// What asks for more than T has the factors of J, and one tangent serves both.
TEST(TangentsInLanes, GiveWayToFactorsOfJ) {
  const Fit fit = drawn_fit({1, {2}, 1, Activation::tanh}, 50);
  Tangent at = linearise(fit);
  ASSERT_NE(at.clear_inverse(), nullptr);
  const Covariance delta = covariance(at, {.kind = CovarianceKind::delta});
  const Vector before = delta.standard_errors_of_parameters();
  EXPECT_NEAR(delta.leverages().sum(), static_cast<double>(at.n_params()), 1e-12);
  const Covariance hc3 = covariance(at, {.kind = CovarianceKind::hc3});
  ASSERT_TRUE(hc3.ok());
  EXPECT_FALSE(hc3.is_of_clear_inverse());
  EXPECT_EQ(delta.standard_errors_of_parameters(), before);
  const Matrix of_factor =
      delta.factor().T() * delta.factor().T().transpose() * delta.sigma() * delta.sigma();
  for (Index p = 0; p < at.n_params(); ++p)
    EXPECT_NEAR(before[p] / std::sqrt(of_factor(p, p)), 1, allowance(fit, at.condition_scaled()));
}

// What one workspace says of a fit does not depend on whether the one before it was clear, nor on what was asked of it.
TEST(TangentsInLanes, LeaveNothingBehindInAWorkspace) {
  const Fit clear = drawn_fit({1, {2}, 1, Activation::tanh}, 50);
  Fit other = clear, unclear = clear;
  other.theta *= 0.7;
  unclear.theta[1] = unclear.theta[0], unclear.theta[3] = unclear.theta[2];
  const Matrix X0 = new_points(clear);
  const auto variances = [](Tangent& at, NewPoints& points, CovarianceKind kind) {
    const Covariance cov = covariance(at, {.kind = kind, .policy = RankPolicy::pseudo_inverse});
    Matrix result;
    points.get_variances(at, cov, result);
    return result;
  };
  Tangent at(clear);
  NewPoints points(clear, X0);
  for (const Fit* before : {&other, &unclear})
    for (const CovarianceKind asked_before : {CovarianceKind::delta, CovarianceKind::hc3})
      for (const CovarianceKind kind : {CovarianceKind::delta, CovarianceKind::hc3}) {
        ASSERT_TRUE(at.move_to(*before) && points.move_to(at));
        variances(at, points, asked_before);
        ASSERT_TRUE(at.move_to(clear) && points.move_to(at));
        Tangent fresh(clear);
        NewPoints fresh_points(clear, X0);
        ASSERT_TRUE(fresh.move_to(clear) && fresh_points.move_to(fresh));
        EXPECT_EQ(variances(at, points, kind), variances(fresh, fresh_points, kind));
        EXPECT_EQ(points.values(), fresh_points.values());
      }
  // Points that go by themselves to a tangent that was computed beside others.
  ASSERT_TRUE(at.move_to(other) && points.move_to(at));
  const kernel::LaneKernels& kernels = kernel::kernels().fits_side_by_side;
  TangentsInLanes tangents(clear, kernels);
  tangents.put(0, clear);
  tangents.compute();
  ASSERT_TRUE(at.move_to(clear, tangents, 0) && points.move_to(at));
  const Matrix expected = in_lanes(clear, X0, kernels, 0).forms;
  const Covariance delta = covariance(at);
  Matrix found;
  points.get_variances(at, delta, found);
  for (Index m = 0; m < X0.rows(); ++m)
    EXPECT_NEAR(found(m, 0) / (delta.sigma() * delta.sigma() * expected(m, 0)), 1,
                allowance(clear, at.condition_scaled()));
}

TEST(TangentsInLanes, SuitWhatIsFittedInLanesWithoutDecay) {
  Fit fit = drawn_fit({1, {2}, 1, Activation::tanh}, 50);
  EXPECT_TRUE(TangentsInLanes::suits(fit));
  EXPECT_TRUE(PointsInLanes::suits(fit, 50));
  EXPECT_FALSE(PointsInLanes::suits(fit, 1'000'000));
  Fit other = fit;
  other.decay = Vector::Ones(fit.network.n_params());
  EXPECT_FALSE(TangentsInLanes::suits(other));
  other = fit;
  other.jacobian.strategy = "per_parameter";
  EXPECT_FALSE(TangentsInLanes::suits(other));
  EXPECT_FALSE(TangentsInLanes::suits(drawn_fit({1, {2}, 1, Activation::tanh}, 6)));
  EXPECT_FALSE(TangentsInLanes::suits(drawn_fit({1, {2, 2}, 1, Activation::tanh}, 50)));
}

TEST(TangentsInLanes, RefuseFitsOfAnotherShape) {
  const Fit fit = drawn_fit({1, {2}, 1, Activation::tanh}, 50);
  TangentsInLanes tangents(fit, kernel::kernels().one_fit);
  Fit short_theta = fit;
  short_theta.theta.conservativeResize(fit.theta.size() - 1);
  for (const Fit& other : {drawn_fit({1, {2}, 1, Activation::tanh}, 51),
                           drawn_fit({2, {2}, 1, Activation::tanh}, 50), short_theta})
    EXPECT_THROW(tangents.put(0, other), std::logic_error);
}

TEST(TangentsInLanes, AllocateNothing) {
  const Fit fit = drawn_fit({1, {2}, 1, Activation::tanh}, 50);
  Tangent at(fit);
  NewPoints points(fit, new_points(fit));
  const auto engine = find_interval_method("delta").prepare(fit, points, {}, {{}});
  const auto compute = [&] {
    return at.move_to(fit) && points.move_to(at) && engine->compute(at, points, 1);
  };
  ASSERT_TRUE(compute());
  EXPECT_EQ(allocations_of([&] { compute(); }), 0u);
}

}  // namespace
}  // namespace jacobench
