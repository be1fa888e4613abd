#include "jacobench/fit/approach_in_lanes.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/approach.hpp"
#include "jacobench/fit/fitter.hpp"

#include "support/fitted.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::step_data;

constexpr double asked_offset = 1e-5;

// A teacher, what is fitted to its noisy values from there, and how.
struct Study {
  Perceptron network;
  Vector teacher;
  Dataset like;
  FitOptions options;
  bool is_mixed = false;  // some data have other inputs, or weights

  Dataset data(std::uint32_t replicate) const {
    Dataset drawn = like;
    if (is_mixed && replicate % 3 == 1) drawn.X(replicate % 5, 0) += 0.25;
    if (is_mixed && replicate % 4 == 1)
      drawn.weights = Vector::LinSpaced(drawn.n_observations(), 0.5, 2 + replicate);
    RandomStream stream(3, 5, replicate, RandomPurpose::noise);
    const double sd = 0.01;
    for (Index n = 0; n < drawn.n_observations(); ++n) {
      const double root_w = drawn.weights.size() > 0 ? std::sqrt(drawn.weights[n]) : 1;
      drawn.Y(n, 0) += sd * stream.normal() / root_w;
    }
    return drawn;
  }
};

Study study(const UniformLayers& layers, double scale = 2, Index n = 37) {
  const Perceptron network = make_perceptron(layers);
  RandomStream stream(1, 1, 0, RandomPurpose::parameters), of_inputs(1, 1, 0, RandomPurpose::inputs);
  const Vector teacher = draw_parameters(network, scale, stream);
  Dataset like{.X = Matrix(n, layers.n_inputs), .Y = {}};
  for (double& x : like.X.reshaped()) x = 1 + 2 * of_inputs.normal();
  like.Y = evaluate(network, teacher, like.X);
  return {network, teacher, like, {.n_starts = 0, .relative_offset = asked_offset}};
}

std::vector<Study> studies() {
  std::vector<Study> all{study({1, {1}, 1, Activation::tanh}), study({1, {2}, 1, Activation::tanh}),
                         study({2, {2}, 1, Activation::logistic, Activation::identity, Bias::none}),
                         study({3, {2}, 1, Activation::gaussian}, 2, 90)};
  Study decayed = all[1];
  decayed.options.decay = equal_decay(decayed.network, 1e-3, DecayOf::weights_and_biases);
  Study weighted = all[0];
  weighted.like.weights = Vector::LinSpaced(weighted.like.n_observations(), 0.5, 4);
  weighted.like.output_scales = Vector::Constant(1, 0.3);
  Study mixed = all[0];
  mixed.is_mixed = true;
  all.push_back(mixed);
  all.push_back(decayed);
  all.push_back(weighted);
  return all;
}

using Numbers = std::vector<double>;

Numbers numbers_of(const Fit& fit) {
  const FitEnd& end = *fit.end;
  Numbers all(fit.theta.begin(), fit.theta.end());
  for (const double number :
       {end.rss, end.penalty, end.gradient_norm, end.relative_offset.value(), end.remaining.value().move,
        end.remaining->fall, static_cast<double>(end.n_iterations), static_cast<double>(end.stop),
        end.starts.lowest, end.starts.highest, static_cast<double>(end.starts.n_at_best)})
    all.push_back(number);
  return all;
}

// Fits so many, and keeps what came of each.
class Block final : public ManyFits {
 public:
  Block(std::vector<Dataset> data, Vector start)
      : data_(std::move(data)),
        start_(std::move(start)),
        results(data_.size()),
        places_(2 * kernel::most_lanes) {}

  bool put_next(Index slot) override {
    if (next_ == data_.size()) return false;
    place(slot) = next_++;
    return true;
  }
  const Dataset& data(Index slot) const override { return data_[places_[static_cast<std::size_t>(slot)]]; }
  const Vector& start(Index) const override { return start_; }
  void take(std::span<const Fitted> fitted) override {
    for (const auto& [slot, fit] : fitted) {
      ++n_taken;
      if (!fit) {
        ++n_left;
        continue;
      }
      theta = fit->theta;
      if (keeps) results[place(slot)] = numbers_of(*fit);
    }
  }

  void again() { next_ = 0; }

 private:
  std::size_t& place(Index slot) { return places_[static_cast<std::size_t>(slot)]; }

  std::vector<Dataset> data_;
  Vector start_;
  std::size_t next_ = 0;

 public:
  std::vector<Numbers> results;  // empty of those that lanes could not do
  std::size_t n_taken = 0, n_left = 0;
  bool keeps = true;
  Vector theta;

 private:
  std::vector<std::size_t> places_;
};

std::vector<Dataset> replicates_of(const Study& study, std::uint32_t n) {
  std::vector<Dataset> data;
  data.reserve(n);
  for (std::uint32_t r = 0; r < n; ++r) data.push_back(study.data(r));
  return data;
}

// Second derivatives are there with every point, and near the minimum they take the place of Gauss-Newton's step: to
// the same minimum in fewer steps.
TEST(ApproachInLanes, TakesNewtonStepsNearTheMinimum) {
  Study of = study({1, {2}, 1, Activation::tanh});
  of.options.relative_offset = 1e-7;
  const std::vector<Dataset> data = replicates_of(of, 21);
  Block block(data, of.teacher);
  Fitter(of.network, of.like, of.options).fit_all(block);
  const auto place_of_steps = static_cast<std::size_t>(of.teacher.size()) + 6;
  double by_newton = 0, by_gauss_newton = 0;
  for (std::size_t r = 0; r < data.size(); ++r) {
    Residuals residuals(of.network, data[r], {}, {}, Residuals::Units::standardised);
    Vector tau = residuals.scaling().to_scaled(of.teacher);
    const Approach::Result result = Approach(residuals).approach(
        tau, {.max_iterations = 20, .relative_offset = of.options.relative_offset});
    const Numbers& in_lane = block.results[r];
    if (!result.has_arrived || in_lane.empty()) continue;
    EXPECT_LE(in_lane[place_of_steps], static_cast<double>(result.n_iterations));
    by_newton += in_lane[place_of_steps];
    by_gauss_newton += static_cast<double>(result.n_iterations);
    residuals.scaling().make_user(tau);
    for (Index p = 0; p < tau.size(); ++p)
      EXPECT_NEAR(in_lane[static_cast<std::size_t>(p)], tau[p], 1e-5 * std::abs(tau[p]));
  }
  EXPECT_LE(by_newton, 0.8 * by_gauss_newton);
}

// On any path, by itself and in blocks of any size, in whatever lane.
TEST(ApproachInLanes, HasTheSameBitsInAnyCompany) {
  for (const Study& of : studies()) {
    const std::vector<Dataset> data = replicates_of(of, 21);
    std::vector<Numbers> first;
    for (const VectorPath path : testing::runnable_vector_paths()) {
      const testing::OnVectorPath on(path);
      Fitter fitter(of.network, of.like, of.options);
      Block whole(data, of.teacher);
      fitter.fit_all(whole);
      EXPECT_EQ(whole.n_taken, data.size());
      EXPECT_LT(whole.n_left, data.size() / 2) << to_string(of.network);
      if (first.empty()) first = whole.results;
      EXPECT_EQ(whole.results, first) << info(path).name;
      for (std::size_t r = 0; r < data.size(); ++r) {
        const Numbers alone = numbers_of(fitter.fit(data[r], of.teacher));
        if (!first[r].empty()) {
          EXPECT_EQ(alone, first[r]) << info(path).name << " " << r;
        }
      }
      for (const std::size_t size : {1, 3, 8})
        for (std::size_t begin = 0; begin + size <= data.size(); begin += size) {
          const auto from = static_cast<std::ptrdiff_t>(begin),
                     to = static_cast<std::ptrdiff_t>(begin + size);
          Block block({data.begin() + from, data.begin() + to}, of.teacher);
          fitter.fit_all(block);
          EXPECT_EQ(block.results, std::vector<Numbers>(first.begin() + from, first.begin() + to));
        }
    }
  }
}

// Both are as far from the minimum as their offset says, |J d| = s sqrt(P) offset of the step d that is left, but for
// terms of the next order; so they are at most twice that from each other, and S differs by the square of it and its
// own rounding.
TEST(ApproachInLanes, ArrivesWhereOrthogonalFactorisationDoes) {
  for (const Study& of : studies()) {
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
  for (const Study& of : studies()) {
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

// Data on the network, a start that overflows, two units that are the same: each goes on alone, with the bits of
// polishing where that is all, and the others are as if it had not been there.
TEST(ApproachInLanes, LeavesToOthersWhatItCannotDoAndItsNeighboursInPeace) {
  const Study of = studies()[0];
  std::vector<Dataset> data = replicates_of(of, 9);
  Fitter fitter(of.network, of.like, of.options);
  Block before(data, of.teacher);
  fitter.fit_all(before);
  ASSERT_EQ(before.n_left, 0u);
  data[4] = of.like;
  data[6].Y *= 1e160;
  Block block(data, of.teacher);
  fitter.fit_all(block);
  EXPECT_EQ(block.n_left, 2u);
  for (const std::size_t r : {0, 1, 2, 3, 5, 7, 8}) EXPECT_EQ(block.results[r], before.results[r]) << r;
  EXPECT_TRUE(block.results[4].empty() && block.results[6].empty());

  Residuals residuals(of.network, of.like, {}, {}, Residuals::Units::standardised);
  Vector tau = residuals.scaling().to_scaled(of.teacher);
  const Polished polished = Polisher(residuals).polish(tau, {.relative_offset = asked_offset});
  const Fit& fit = fitter.fit(of.like, of.teacher);
  EXPECT_EQ(fit.end->stop, polished.stop);
  EXPECT_EQ(fit.theta, residuals.scaling().to_user(tau));
}

// Where any point would do, if normal equations were safe there.
TEST(ApproachInLanes, LeavesUnitsThatAreNearlyTheSame) {
  Study of = studies()[1];
  of.options.relative_offset = 100;
  for (const double difference : {0.0, 1e-4}) {
    Vector start = of.teacher;
    for (const Index first : {0, 2, 4}) start[first + 1] = start[first] + difference;
    Fitter fitter(of.network, of.like, of.options);
    Block block(replicates_of(of, 5), start);
    fitter.fit_all(block);
    EXPECT_EQ(block.n_left, 5u);
    Block of_teacher(replicates_of(of, 5), of.teacher);
    fitter.fit_all(of_teacher);
    EXPECT_EQ(of_teacher.n_left, 0u);
  }
}

// From the second time on; weights that come and go take their place anew.
TEST(ApproachInLanes, AllocatesNothing) {
  for (const Study& of : studies()) {
    if (of.is_mixed) continue;
    Fitter fitter(of.network, of.like, of.options);
    Block block(replicates_of(of, 20), of.teacher);
    block.keeps = false;
    fitter.fit_all(block);
    block.again();
    EXPECT_EQ(allocations_of([&] { fitter.fit_all(block); }), 0u);
  }
}

TEST(ApproachInLanes, SuitsOneHiddenLayerBelowOneOutput) {
  EXPECT_TRUE(ApproachInLanes::suits(make_perceptron({1, {4}, 1, Activation::tanh})));
  EXPECT_FALSE(ApproachInLanes::suits(make_perceptron({1, {4}, 2, Activation::tanh})));
  EXPECT_FALSE(ApproachInLanes::suits(make_perceptron({1, {2, 2}, 1, Activation::tanh})));
  EXPECT_FALSE(ApproachInLanes::suits(make_perceptron({1, {4}, 1, Activation::tanh, Activation::logistic})));
  EXPECT_FALSE(ApproachInLanes::suits(make_perceptron({1, {}, 1, Activation::tanh})));
  EXPECT_FALSE(ApproachInLanes::suits(make_perceptron({1, {14}, 1, Activation::tanh})));
}

}  // namespace
}  // namespace jacobench
