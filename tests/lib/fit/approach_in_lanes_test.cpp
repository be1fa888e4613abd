#include "jacobench/fit/approach_in_lanes.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/approach.hpp"
#include "jacobench/fit/fitter.hpp"

#include "support/lane_studies.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::FitNumbers;
using testing::FitsOfAll;
using testing::LaneStudy;
using testing::numbers_of;

constexpr double asked_offset = 1e-5;

LaneStudy study(const UniformLayers& layers, double scale = 2, Index n = 37) {
  const Perceptron network = make_perceptron(layers);
  RandomStream stream(1, 1, 0, RandomPurpose::parameters), of_inputs(1, 1, 0, RandomPurpose::inputs);
  const Vector teacher = draw_parameters(network, scale, stream);
  Dataset like{.X = Matrix(n, layers.n_inputs), .Y = {}};
  for (double& x : like.X.reshaped()) x = 1 + 2 * of_inputs.normal();
  like.Y = evaluate(network, teacher, like.X);
  return {network, teacher, like, {.n_starts = 0, .relative_offset = asked_offset}};
}

std::vector<LaneStudy> studies() {
  std::vector<LaneStudy> all{study({1, {1}, 1, Activation::tanh}), study({1, {2}, 1, Activation::tanh}),
                             study({2, {2}, 1, Activation::logistic, Activation::identity, Bias::none}),
                             study({3, {2}, 1, Activation::gaussian}, 2, 90)};
  LaneStudy decayed = all[1];
  decayed.options.decay = equal_decay(decayed.network, 1e-3, DecayOf::weights_and_biases);
  LaneStudy weighted = all[0];
  weighted.like.weights = Vector::LinSpaced(weighted.like.n_observations(), 0.5, 4);
  weighted.like.output_scales = Vector::Constant(1, 0.3);
  LaneStudy mixed = all[0];
  mixed.is_mixed = true;
  all.push_back(mixed);
  all.push_back(decayed);
  all.push_back(weighted);
  return all;
}

// How an approach by itself ends, in one lane.
ApproachInLanes::State end_in_lane(const LaneStudy& of, const Dataset& data, const Vector& start) {
  const Residuals residuals(of.network, data, of.options.decay, {}, Residuals::Units::standardised);
  const PolishOptions options{.max_iterations = 20, .relative_offset = of.options.relative_offset};
  ApproachInLanes approach(of.network, data.n_observations(), kernel::kernels().one_fit);
  approach.begin(0, residuals, residuals.scaling().to_scaled(start), options);
  while (approach.state(0) == ApproachInLanes::State::under_way) approach.step();
  return approach.state(0);
}

// Those of fits that are alone.
std::vector<FitNumbers> one_by_one(const LaneStudy& of, const std::vector<Dataset>& data) {
  Fitter fitter(of.network, of.like, of.options);
  std::vector<FitNumbers> all;
  all.reserve(data.size());
  for (const Dataset& each : data) all.push_back(numbers_of(fitter.fit(each, of.teacher)));
  return all;
}

// Second derivatives are there with every point: near the minimum they take the place of Gauss-Newton's step, and all
// steps are bent: to the same minimum in 0.57 of the steps, by straight ones 0.76.
TEST(ApproachInLanes, TakesBentStepsAndNewtonStepsNearTheMinimum) {
  LaneStudy of = study({1, {2}, 1, Activation::tanh});
  of.options.relative_offset = 1e-7;
  const std::vector<Dataset> data = of.replicates(21);
  FitsOfAll block(data, of.teacher);
  Fitter(of.network, of.like, of.options).fit_all(block);
  const std::size_t place_of_steps = testing::place_of_iterations(of.network.n_params());
  double by_newton = 0, by_gauss_newton = 0;
  for (std::size_t r = 0; r < data.size(); ++r) {
    Residuals residuals(of.network, data[r], {}, {}, Residuals::Units::standardised);
    Vector tau = residuals.scaling().to_scaled(of.teacher);
    const Approach::Result result = Approach(residuals).approach(
        tau, {.max_iterations = 20, .relative_offset = of.options.relative_offset});
    const FitNumbers& in_lane = block.results[r];
    if (!result.has_arrived || end_in_lane(of, data[r], of.teacher) != ApproachInLanes::State::arrived)
      continue;
    EXPECT_LE(in_lane[place_of_steps], static_cast<double>(result.n_iterations));
    by_newton += in_lane[place_of_steps];
    by_gauss_newton += static_cast<double>(result.n_iterations);
    residuals.scaling().make_user(tau);
    for (Index p = 0; p < tau.size(); ++p)
      EXPECT_NEAR(in_lane[static_cast<std::size_t>(p)], tau[p], 1e-5 * std::abs(tau[p]));
  }
  EXPECT_LE(by_newton, 0.6 * by_gauss_newton);
}

// Four steep units that the data determine: straight Newton steps take three or more, bent ones mostly two. By r_dd alone
// one in six takes two.
TEST(ApproachInLanes, BendsNewtonStepsByAllThatTheGradientHasOfSecondOrder) {
  LaneStudy of{.network = make_perceptron({1, {4}, 1, Activation::tanh}),
               .teacher = Vector{{6, 6, 6, 6, 4.5, 1.5, -1.5, -4.5, 1, -1, 1, -1, 0}},
               .like = {.X = Vector::LinSpaced(100, -1, 1), .Y = {}},
               .options = {.n_starts = 0, .relative_offset = asked_offset},
               .sd = 0.02};
  of.like.Y = evaluate(of.network, of.teacher, of.like.X);
  FitsOfAll block(of.replicates(60), of.teacher);
  Fitter(of.network, of.like, of.options).fit_all(block);
  const std::size_t place_of_steps = testing::place_of_iterations(of.network.n_params());
  const auto n_of_two = std::count_if(block.results.begin(), block.results.end(),
                                      [&](const FitNumbers& fit) { return fit[place_of_steps] <= 2; });
  EXPECT_GT(2 * n_of_two, std::ssize(block.results));
}

// On any path, by itself and in blocks of any size, in whatever lane; also where a lane does not lead to a minimum.
TEST(ApproachInLanes, HasTheSameBitsInAnyCompany) {
  for (const LaneStudy& of : studies()) {
    const std::vector<Dataset> data = of.replicates(21);
    std::vector<FitNumbers> first;
    for (const VectorPath path : testing::runnable_vector_paths()) {
      const testing::OnVectorPath on(path);
      const std::vector<FitNumbers> alone = one_by_one(of, data);
      if (first.empty()) first = alone;
      EXPECT_EQ(alone, first) << info(path).name;
      Fitter fitter(of.network, of.like, of.options);
      FitsOfAll whole(data, of.teacher);
      fitter.fit_all(whole);
      EXPECT_EQ(whole.n_taken, data.size());
      EXPECT_EQ(whole.results, alone) << info(path).name;
      const auto n_in_lanes = std::count_if(data.begin(), data.end(), [&](const Dataset& each) {
        return end_in_lane(of, each, of.teacher) == ApproachInLanes::State::arrived;
      });
      EXPECT_GT(2 * n_in_lanes, std::ssize(data)) << to_string(of.network);
      for (const std::size_t size : {1, 3, 8})
        for (std::size_t begin = 0; begin + size <= data.size(); begin += size) {
          const auto from = static_cast<std::ptrdiff_t>(begin),
                     to = static_cast<std::ptrdiff_t>(begin + size);
          FitsOfAll block({data.begin() + from, data.begin() + to}, of.teacher);
          fitter.fit_all(block);
          EXPECT_EQ(block.results, std::vector<FitNumbers>(alone.begin() + from, alone.begin() + to));
        }
    }
  }
}

// Both are as far from the minimum as their offset says, |J d| = s sqrt(P) offset of the step d that is left, but for
// terms of the next order; so they are at most twice that from each other, and S differs by the square of it and its
// own rounding.
TEST(ApproachInLanes, ArrivesWhereOrthogonalFactorisationDoes) {
  for (const LaneStudy& of : studies()) {
    Fitter in_lanes(of.network, of.like, of.options);
    FitOptions whole_options = of.options;
    whole_options.relative_offset = 0;
    Fitter whole(of.network, of.like, whole_options);
    for (std::uint32_t r = 0; r < 5; ++r) {
      const Dataset data = of.data(r);
      const Fit fit = in_lanes.fit(data, of.teacher), to_the_end = whole.fit(data, of.teacher);
      if (to_the_end.end->stop != Stop::orthogonal) continue;
      EXPECT_EQ(fit.end->stop, Stop::converged);
      const Vector rows = data.row_factors().col(0);
      const double distance =
          (evaluate(of.network, fit.theta, data.X) - evaluate(of.network, to_the_end.theta, data.X))
              .cwiseProduct(rows)
              .norm();
      const auto P = static_cast<double>(of.network.n_params());
      const double between = 2 * std::sqrt(P) * asked_offset * *to_the_end.sigma();
      EXPECT_LE(distance, between) << to_string(of.network);
      EXPECT_NEAR(fit.objective(), to_the_end.objective(), between * between + 1e-13 * fit.objective());
      EXPECT_NEAR(fit.end->rss, fit.rss(), 1e-12 * fit.rss());
      EXPECT_NEAR(fit.end->penalty, fit.objective() - fit.rss(), 1e-12 * fit.objective());
    }
  }
}

// What is said of the end, by the ordinary way at the same point.
TEST(ApproachInLanes, SaysOfItsEndWhatOrthogonalFactorisationSays) {
  for (const LaneStudy& of : studies()) {
    FitOptions loose = of.options;
    loose.relative_offset = 1e-2;  // so that a step is left
    Fitter in_lanes(of.network, of.like, loose);
    for (std::uint32_t r = 0; r < 5; ++r) {
      const Dataset data = of.data(r);
      const Fit fit = in_lanes.fit(data, of.teacher);
      Residuals residuals(of.network, data, of.options.decay, {}, Residuals::Units::standardised);
      Vector tau = residuals.scaling().to_scaled(fit.theta);
      Polisher polisher(residuals);
      const Polished there = polisher.polish(tau, {.max_iterations = 0});
      if (there.rank < of.network.n_params() || fit.end->stop != Stop::converged) continue;
      // Normal equations of columns with pivots from 1e-3 up lose 1e-10 of r, and theta is rounded on its way.
      EXPECT_NEAR(*fit.end->relative_offset, *there.relative_offset, 1e-8) << to_string(of.network);
      const Remaining remaining = polisher.remaining(tau).value();
      EXPECT_NEAR(fit.end->remaining->move, remaining.move, 1e-4 * remaining.move + 1e-8);
      EXPECT_NEAR(fit.end->remaining->fall, remaining.fall, 1e-4 * remaining.fall + 1e-10);
      Vector gradient(of.network.n_params());
      polisher.get_gradient(gradient);
      residuals.scaling().make_user_gradient(gradient);
      const double unit_squared = residuals.unit() * residuals.unit();
      EXPECT_NEAR(fit.end->gradient_norm, unit_squared * gradient.norm(), 1e-10 * fit.end->rss);
    }
  }
}

// Data on the network, and such that overflow: each goes on by itself, with the bits of polishing where that is all,
// and the others are as if it had not been there.
TEST(ApproachInLanes, LeavesWhatItCannotDoAndItsNeighboursInPeace) {
  const LaneStudy of = studies()[0];
  std::vector<Dataset> data = of.replicates(9);
  Fitter fitter(of.network, of.like, of.options);
  FitsOfAll before(data, of.teacher);
  fitter.fit_all(before);
  for (const Dataset& each : data)
    ASSERT_EQ(end_in_lane(of, each, of.teacher), ApproachInLanes::State::arrived);
  data[4] = of.like;
  data[6].Y *= 1e160;
  for (const std::size_t r : {4, 6})
    ASSERT_EQ(end_in_lane(of, data[r], of.teacher), ApproachInLanes::State::left);
  FitsOfAll block(data, of.teacher);
  fitter.fit_all(block);
  EXPECT_EQ(block.n_taken, data.size());
  for (const std::size_t r : {0, 1, 2, 3, 5, 7, 8}) EXPECT_EQ(block.results[r], before.results[r]) << r;
  EXPECT_EQ(block.results, one_by_one(of, data));

  Residuals residuals(of.network, of.like, {}, {}, Residuals::Units::standardised);
  Vector tau = residuals.scaling().to_scaled(of.teacher);
  const Polished polished = Polisher(residuals).polish(tau, {.relative_offset = asked_offset});
  const Fit& fit = fitter.fit(of.like, of.teacher);
  EXPECT_EQ(fit.end->stop, polished.stop);
  EXPECT_EQ(fit.theta, residuals.scaling().to_user(tau));
}

// Where any point would do, if normal equations were safe there.
TEST(ApproachInLanes, LeavesUnitsThatAreNearlyTheSame) {
  LaneStudy of = studies()[1];
  of.options.relative_offset = 100;
  for (const double difference : {0.0, 1e-4}) {
    Vector start = of.teacher;
    for (const Index first : {0, 2, 4}) start[first + 1] = start[first] + difference;
    for (const Dataset& data : of.replicates(5)) {
      EXPECT_EQ(end_in_lane(of, data, start), ApproachInLanes::State::left);
      EXPECT_EQ(end_in_lane(of, data, of.teacher), ApproachInLanes::State::arrived);
    }
  }
}

// From the second time on; weights that come and go take their place anew.
TEST(ApproachInLanes, AllocatesNothing) {
  for (const LaneStudy& of : studies()) {
    if (of.is_mixed) continue;
    Fitter fitter(of.network, of.like, of.options);
    FitsOfAll block(of.replicates(20), of.teacher);
    block.keeps = false;
    fitter.fit_all(block);
    block.again();
    EXPECT_EQ(allocations_of([&] { fitter.fit_all(block); }), 0u);
  }
}

}  // namespace
}  // namespace jacobench
