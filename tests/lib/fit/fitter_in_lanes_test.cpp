// Fits that need more than an approach in a lane: by themselves and beside others.
#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/fit/descents_in_lanes.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/fit/solvers.hpp"

#include "support/lane_studies.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::DrawnTeacher;
using testing::FitNumbers;
using testing::FitsOfAll;
using testing::numbers_of;

// From the truth.
class FitsFromDrawnTeachers : public ::testing::Test {
 protected:
  static constexpr std::uint32_t n_teachers = 16;

  FitsFromDrawnTeachers() : teachers_(testing::drawn_teachers(n_teachers)) {
    data_.reserve(n_teachers);
    starts_.reserve(n_teachers);
    for (const DrawnTeacher& teacher : teachers_) {
      data_.push_back(teacher.data);
      starts_.push_back(teacher.theta);
    }
  }

  Fitter fitter() const { return {teachers_.front().network, data_.front(), options_}; }

  // Each in a fitter of its own.
  std::vector<FitNumbers> one_by_one() const {
    std::vector<FitNumbers> all;
    all.reserve(data_.size());
    for (std::size_t i = 0; i < data_.size(); ++i) {
      Fitter its = fitter();
      all.push_back(numbers_of(its.fit(data_[i], starts_[i])));
    }
    return all;
  }

  FitsOfAll block(std::size_t begin, std::size_t size) const {
    const auto from = static_cast<std::ptrdiff_t>(begin), to = static_cast<std::ptrdiff_t>(begin + size);
    return {{data_.begin() + from, data_.begin() + to},
            std::vector<Vector>(starts_.begin() + from, starts_.begin() + to)};
  }

  FitOptions options_{.n_starts = 0, .max_iterations = 200, .relative_offset = 1e-5};
  const std::vector<DrawnTeacher> teachers_;
  std::vector<Dataset> data_;
  std::vector<Vector> starts_;
};

// In blocks of any size, on any path, and whatever comes of their neighbours.
TEST_F(FitsFromDrawnTeachers, HaveSideBySideTheBitsOfThemAlone) {
  data_[5] = {.X = data_[5].X, .Y = evaluate(teachers_[5].network, starts_[5], data_[5].X)};
  starts_[10][0] = std::numeric_limits<double>::quiet_NaN();
  starts_[15].setZero();  // where all units are equal
  for (const std::size_t i : {1, 8, 12}) data_[i].X(7, 0) += 0.1 * static_cast<double>(i);
  data_[13].weights = Vector::LinSpaced(100, 0.5, 3);
  for (const VectorPath path : testing::runnable_vector_paths()) {
    const testing::OnVectorPath on(path);
    const std::vector<FitNumbers> alone = one_by_one();
    Fitter all = fitter();
    for (const std::size_t size : {1, 3, 8, 16})
      for (std::size_t begin = 0; begin + size <= data_.size(); begin += std::max<std::size_t>(size, 5)) {
        FitsOfAll its = block(begin, size);
        all.fit_all(its);
        EXPECT_EQ(its.n_taken, size);
        for (std::size_t i = 0; i < size; ++i)
          EXPECT_EQ(its.results[i], alone[begin + i]) << info(path).name << ", " << size << ": " << begin + i;
      }
  }
}

// Whether all directions are determined, as polishing tells.
bool has_full_rank(const Fit& fit) {
  Residuals residuals(fit.network, fit.data, fit.decay, {}, Residuals::Units::standardised);
  Vector tau = residuals.scaling().to_scaled(fit.theta);
  return Polisher(residuals).polish(tau, {.max_iterations = 0}).rank == fit.n_params();
}

// In lanes, and where another strategy keeps a fit out of them.
TEST_F(FitsFromDrawnTeachers, AreTriedAgainOnlyWhereTheFirstTryEndsAtNoBottom) {
  for (const char* strategy : {"", "per_parameter"}) {
    if (*strategy) options_.jacobian.strategy = strategy;
    options_.n_tries_from_start = 1;
    Fitter of_one_try = fitter();
    options_.n_tries_from_start = 2;
    Fitter of_two = fitter();
    Index n_at_bottom = 0;
    for (std::size_t i = 0; i < data_.size(); ++i) {
      const Fit& first = of_one_try.fit(data_[i], starts_[i]);
      EXPECT_EQ(first.end->starts.n_starts, 1);
      const bool is_at_bottom =
          first.has_converged() && first.end->starts.outcomes.front().has_arrived && has_full_rank(first);
      n_at_bottom += is_at_bottom ? 1 : 0;
      const Fit& second = of_two.fit(data_[i], starts_[i]);
      EXPECT_EQ(second.end->starts.n_starts, is_at_bottom ? 1 : 2) << i;
      // But for where descents end that polishing goes on from.
      EXPECT_LE(second.objective(), (1 + 1e-6) * first.objective()) << i;
      if (is_at_bottom) {
        EXPECT_EQ(second.theta, first.theta) << i;
        EXPECT_EQ(second.end->n_iterations, first.end->n_iterations) << i;
      }
    }
    EXPECT_GT(n_at_bottom, n_teachers / 10);
    EXPECT_LT(n_at_bottom, 9 * n_teachers / 10);
  }
}

// The second from the start itself, near it. Steps are the same but for rounding, as in
// DescentsInLanes.TakeTheStepsOfADescender.
TEST_F(FitsFromDrawnTeachers, AreTriedAgainInLanesAsInTheOrdinaryWay) {
  options_.max_iterations = 25;
  Fitter in_lanes = fitter();
  options_.jacobian.strategy = "per_parameter";
  Fitter ordinary = fitter();
  Index n_tried = 0;
  for (std::size_t i = 0; i < data_.size(); ++i) {
    const std::vector<StartOutcome> one = in_lanes.fit(data_[i], starts_[i]).end->starts.outcomes,
                                    other = ordinary.fit(data_[i], starts_[i]).end->starts.outcomes;
    if (one.size() < 2 || other.size() < 2) continue;
    ++n_tried;
    EXPECT_NEAR(one[1].objective, other[1].objective, 1e-7 * other[1].objective) << i;
    EXPECT_EQ(one[1].has_arrived, other[1].has_arrived);
  }
  EXPECT_GT(n_tried, n_teachers / 2);
}

// Each is asked after, but for the one after which a descent rests, and the one after which polishing ends.
TEST_F(FitsFromDrawnTeachers, CountTheirSteps) {
  options_.n_tries_from_start = 1;
  Index n_calls = 0;
  options_.go_on = [&](const FitProgress&) { return ++n_calls, true; };
  Fitter its = fitter();
  Index n_at_limit = 0;
  for (std::size_t i = 0; i < data_.size(); ++i) {
    n_calls = 0;
    const FitEnd& end = *its.fit(data_[i], starts_[i]).end;
    EXPECT_GE(end.n_iterations, n_calls) << i;
    EXPECT_LE(end.n_iterations, n_calls + 2) << i;
    EXPECT_LE(end.n_iterations, options_.max_iterations) << i;
    n_at_limit += end.n_iterations == options_.max_iterations ? 1 : 0;
  }
  EXPECT_GT(n_at_limit, 2);

  // Of an approach that leaves its lane on the way.
  options_.max_iterations = 2;
  Dataset data{.X = Vector::LinSpaced(30, -2, 2), .Y = {}};
  data.Y = (1.5 * data.X.array() - 0.4).tanh() + 0.1 * (9 * data.X.array()).sin();
  Vector start(4);
  start << 1, 0, 1, 0.2;
  n_calls = 0;
  const Fit fit = Fitter(make_perceptron({1, {1}, 1, Activation::tanh}), data, options_).fit(data, start);
  EXPECT_EQ(fit.end->stop, Stop::iteration_limit);
  EXPECT_EQ(fit.end->n_iterations, 2);
  EXPECT_EQ(n_calls, 2);
}

// A fit that ended by an exception, of whoever was asked or gave the data, is forgotten.
TEST_F(FitsFromDrawnTeachers, AreNotDisturbedByOneThatWasBrokenOff) {
  struct BrokenOff {};
  const std::vector<FitNumbers> alone = one_by_one();
  Index n_calls = 0, most_calls = 0;
  options_.go_on = [&](const FitProgress&) { return ++n_calls == most_calls ? throw BrokenOff() : true; };
  Fitter one = fitter();
  for (const Index n : {3, 40, 300}) {
    n_calls = 0;
    most_calls = n;
    EXPECT_THROW(one.fit(data_[1], starts_[1]), BrokenOff);
    most_calls = 0;
    EXPECT_EQ(numbers_of(one.fit(data_[2], starts_[2])), alone[2]);
  }

  class EndsEarly final : public ManyFits {
   public:
    explicit EndsEarly(FitsOfAll& fits) : fits_(fits) {}
    bool put_next(Index slot) override { return n_put_++ == 14 ? throw BrokenOff() : fits_.put_next(slot); }
    const Dataset& data(Index slot) const override { return fits_.data(slot); }
    const Vector& start(Index slot) const override { return fits_.start(slot); }
    void take(std::span<const Fitted> fitted) override { fits_.take(fitted); }

   private:
    FitsOfAll& fits_;
    Index n_put_ = 0;
  };
  options_.go_on = {};
  Fitter all = fitter();
  FitsOfAll whole = block(0, data_.size());
  EndsEarly broken_off(whole);
  EXPECT_THROW(all.fit_all(broken_off), BrokenOff);
  whole.again();
  whole.n_taken = 0;
  all.fit_all(whole);
  EXPECT_EQ(whole.n_taken, data_.size());
  EXPECT_EQ(whole.results, alone);
}

// Of so many rows that what lanes keep of the units would be too much, fits go on without them: with the bits of one by
// itself, and where one is interrupted that is the end of it.
TEST(FitsOfManyRows, GoOnWithoutLanes) {
  const Index n = (1 << 14) + 1;
  const FitOptions options{.n_starts = 0, .max_iterations = 30, .relative_offset = 1e-5};
  std::vector<Dataset> data;
  std::vector<Vector> starts;
  std::vector<FitNumbers> alone;
  data.reserve(3);
  starts.reserve(3);
  alone.reserve(3);
  for (std::uint32_t number = 0; number < 3; ++number) {
    DrawnTeacher teacher(number, Activation::tanh, n);
    ASSERT_TRUE(DescentsInLanes::suits(teacher.network, n - 1));
    ASSERT_FALSE(DescentsInLanes::suits(teacher.network, n));
    alone.push_back(
        numbers_of(Fitter(teacher.network, teacher.data, options).fit(teacher.data, teacher.theta)));
    data.push_back(std::move(teacher.data));
    starts.push_back(std::move(teacher.theta));
  }
  FitsOfAll whole(data, starts);
  Fitter(DrawnTeacher(0).network, data.front(), options).fit_all(whole);
  EXPECT_EQ(whole.results, alone);
}

TEST(FitsOfManyRows, EndWhereTheyAreInterruptedInALane) {
  Dataset data{.X = Vector::LinSpaced((1 << 16) + 1, 8, 12), .Y = {}};
  data.Y = (1.5 * data.X.array() - 15.4).tanh() + 0.1 * (9 * data.X.array()).sin();
  Vector start(4);
  start << 1, -10, 1, 0.2;
  int n_calls = 0;
  double lowest = 0;
  FitOptions options{.n_starts = 0, .relative_offset = 1e-5};
  options.go_on = [&](const FitProgress& progress) {
    lowest = progress.objective;
    return ++n_calls != 2;  // and yes to whoever asks again
  };
  const Fit fit = Fitter(make_perceptron({1, {1}, 1, Activation::tanh}), data, options).fit(data, start);
  EXPECT_EQ(fit.end->stop, Stop::interrupted);
  EXPECT_EQ(n_calls, 2);
  EXPECT_LE(fit.objective(), (1 + 1e-12) * lowest);
}

// Wherever that is asked: in the approach, in each of the tries.
TEST_F(FitsFromDrawnTeachers, EndWithTheBestSoFarWhereTheyAreInterrupted) {
  Index n_calls = 0, most_calls = 0;
  double lowest = 0;
  options_.go_on = [&](const FitProgress& progress) {
    lowest = progress.objective;
    return ++n_calls < most_calls;
  };
  Fitter its = fitter();
  Index n_in_tries = 0;
  for (const std::size_t i : {0, 1, 2, 3}) {
    n_calls = 0;
    most_calls = 1 << 20;
    const Fit whole = its.fit(data_[i], starts_[i]);
    EXPECT_NE(whole.end->stop, Stop::interrupted);
    const Index n_in_all = n_calls;
    for (const Index n : {1, 2, 5, 15, 30, 150, 230, 400}) {
      if (n >= n_in_all) break;
      n_in_tries += n > options_.max_iterations ? 1 : 0;
      n_calls = 0;
      most_calls = n;
      const Fit& fit = its.fit(data_[i], starts_[i]);
      EXPECT_EQ(n_calls, n) << i;
      EXPECT_EQ(fit.end->stop, Stop::interrupted) << i << " after " << n;
      EXPECT_LE(fit.objective(), (1 + 1e-6) * lowest) << i << " after " << n;
      EXPECT_NEAR(fit.end->rss, fit.rss(), 1e-9 * fit.rss());
    }
  }
  EXPECT_GT(n_in_tries, 2) << "after the first";
}

// From the second time on, also of searches.
TEST_F(FitsFromDrawnTeachers, AllocateNothing) {
  Fitter all = fitter();
  FitsOfAll its = block(0, data_.size());
  its.keeps = false;
  all.fit_all(its);
  its.again();
  EXPECT_EQ(allocations_of([&] { all.fit_all(its); }), 0u);
  all.fit(data_[1], starts_[1]);
  EXPECT_EQ(allocations_of([&] {
              for (std::size_t i = 0; i < data_.size(); ++i) all.fit(data_[i], starts_[i]);
            }),
            0u);
}

}  // namespace
}  // namespace jacobench
