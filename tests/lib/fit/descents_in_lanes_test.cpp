#include "jacobench/fit/descents_in_lanes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/normal_equations.hpp"

#include "support/lane_studies.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::DrawnTeacher;
using testing::OnVectorPath;
using State = DescentsInLanes::State;

// A descent that is to be made, and how it ended.
struct Descending {
  std::unique_ptr<Residuals> residuals;
  Vector start;  // in the units of the residuals
  DescentOptions options = {};
  Vector tau = start;
  Descent end = {};

  Descending(const Perceptron& network, const Dataset& data, const Vector& from, const Vector& decay = {})
      : residuals(std::make_unique<Residuals>(network, data, decay, JacobianChoice{},
                                              Residuals::Units::standardised)),
        start(residuals->scaling().to_scaled(from)) {}
  explicit Descending(const DrawnTeacher& teacher, const Vector& decay = {})
      : Descending(teacher.network, teacher.data, teacher.theta, decay) {}

  std::vector<double> numbers() const {
    std::vector<double> all(tau.begin(), tau.end());
    all.push_back(end.objective);
    all.push_back(static_cast<double>(end.n_iterations));
    all.push_back(static_cast<double>(end.end));
    return all;
  }
};

using Many = std::vector<Descending>;
using AllNumbers = std::vector<std::vector<double>>;

AllNumbers numbers_of_all(const Many& many) {
  AllNumbers all;
  all.reserve(many.size());
  for (const Descending& each : many) all.push_back(each.numbers());
  return all;
}

// By the solver of one fit.
Descent by_descender(const Descending& its) {
  NormalEquations equations(*its.residuals);
  Vector tau = its.start;
  return Descender(*its.residuals, equations).descend(tau, its.options);
}

// All in this order, each in the first lane that is free, from `first_lane` on.
void descend(DescentsInLanes& lanes, Many& many, const std::vector<std::size_t>& order,
             Index first_lane = 0) {
  std::vector<Descending*> in_lane(static_cast<std::size_t>(lanes.n_lanes()), nullptr);
  auto next = order.begin();
  std::size_t n_ended = 0;
  while (n_ended < order.size()) {
    for (Index l = first_lane; l < lanes.n_lanes() && next != order.end(); ++l) {
      if (lanes.state(l) != State::idle) continue;
      Descending& its = many[*next++];
      in_lane[static_cast<std::size_t>(l)] = &its;
      lanes.begin(l, *its.residuals, its.start, its.options);
    }
    lanes.step();
    for (Index l = 0; l < lanes.n_lanes(); ++l) {
      if (lanes.state(l) != State::ended) continue;
      Descending& its = *in_lane[static_cast<std::size_t>(l)];
      its.end = lanes.end(l);
      lanes.get_tau(l, its.tau);
      lanes.clear(l);
      ++n_ended;
    }
  }
}

std::vector<std::size_t> in_order(std::size_t n) {
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  return order;
}

DescentsInLanes lanes_for(const Many& many, const kernel::LaneKernels& kernels) {
  const Residuals& first = *many.front().residuals;
  return {first.network(), first.X().rows(), kernels};
}

void descend_side_by_side(Many& many) {
  DescentsInLanes lanes = lanes_for(many, kernel::kernels().fits_side_by_side);
  descend(lanes, many, in_order(many.size()));
}

// Of drawn teachers, some with weights.
Many drawn_descents(std::uint32_t n, double decay = 0, Activation activation = Activation::tanh) {
  Many many;
  many.reserve(n);
  for (std::uint32_t number = 0; number < n; ++number) {
    DrawnTeacher teacher(number, activation);
    if (number % 3 == 1) teacher.data.weights = Vector::LinSpaced(teacher.data.n_observations(), 0.5, 4);
    const Vector its_decay = decay > 0 ? equal_decay(teacher.network, decay, DecayOf::weights) : Vector();
    many.emplace_back(teacher, its_decay);
  }
  return many;
}

constexpr StepDamping far_by_columns{.mu = 1e-2, .by = DampingBy::columns};

// Short and long ones, damped in either way, with a start that is nowhere among them.
Many mixed_descents() {
  Many many = drawn_descents(21);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i].options = {.max_iterations = 20 + 10 * static_cast<Index>(i % 7),
                       .damping = i % 2 == 1 ? far_by_columns : usual_damping};
  many[3].start[0] = std::numeric_limits<double>::quiet_NaN();
  return many;
}

// In any lane and company, after whatever was in it before, in one lane and in many, on any path.
TEST(DescentsInLanes, HaveTheSameBitsInAnyLaneAndCompany) {
  Many many = mixed_descents();
  for (Descending& each : many) {
    DescentsInLanes own = lanes_for(many, kernel::kernels().one_fit);
    own.begin(0, *each.residuals, each.start, each.options);
    while (own.state(0) != State::ended) own.step();
    each.end = own.end(0);
    own.get_tau(0, each.tau);
  }
  // What is not a number is not equal to itself.
  many[3].tau = many[3].start =
      Vector::Constant(many[3].start.size(), std::numeric_limits<double>::infinity());
  const AllNumbers alone = numbers_of_all(many);
  EXPECT_EQ(many[3].end.end, Descent::End::not_finite);

  const std::vector<std::size_t> forwards = in_order(many.size()),
                                 backwards(forwards.rbegin(), forwards.rend());
  for (const VectorPath path : testing::runnable_vector_paths()) {
    const OnVectorPath on(path);
    for (const kernel::LaneKernels& kernels :
         {kernel::kernels().one_fit, kernel::kernels().fits_side_by_side}) {
      DescentsInLanes lanes = lanes_for(many, kernels);
      for (const std::vector<std::size_t>& order : {forwards, backwards})
        for (Index first_lane = 0; first_lane < lanes.n_lanes(); first_lane += 3) {
          for (Descending& each : many) each.end = {}, each.tau.setZero();
          descend(lanes, many, order, first_lane);
          EXPECT_EQ(numbers_of_all(many), alone)
              << info(path).name << ", " << kernels.n_lanes << " lanes from " << first_lane;
        }
    }
  }
}

// The sums go in another order, and each step may multiply what that does to its point: forty, of which the last bend,
// leave half of the digits, and so do few of those that go far.
TEST(DescentsInLanes, TakeTheStepsOfADescender) {
  for (const Activation activation :
       {Activation::tanh, Activation::logistic, Activation::gaussian, Activation::softplus})
    for (const double decay : {0.0, 1e-3}) {
      Many many = drawn_descents(30, decay, activation);
      for (std::size_t i = 0; i < many.size(); ++i) {
        const bool goes_far = i % 3 == 0;
        many[i].options.max_iterations = goes_far ? 6 : 40;
        if (goes_far) many[i].options.damping = far_by_columns;
      }
      descend_side_by_side(many);
      Index n_under_way = 0;
      for (const Descending& each : many) {
        if (each.end.end == Descent::End::left) continue;
        const Descent one = by_descender(each);
        EXPECT_EQ(each.end.end, one.end);
        EXPECT_EQ(each.end.n_iterations, one.n_iterations);
        EXPECT_NEAR(each.end.objective, one.objective, 1e-7 * one.objective);
        n_under_way += each.end.end == Descent::End::iteration_limit ? 1 : 0;
      }
      EXPECT_GT(n_under_way, std::ssize(many) / 4);
    }
}

// Both end where a step that is hardly damped promises no more than least_fall of S; with a penalty that determines the
// minimum, it is the same one, and as many steps away, but for one that promises just so much.
TEST(DescentsInLanes, EndWhereADescenderEnds) {
  for (const Activation activation : {Activation::tanh, Activation::logistic, Activation::gaussian}) {
    Many many = drawn_descents(30, 1e-3, activation);
    descend_side_by_side(many);
    Index n_long = 0;
    for (const Descending& each : many) {
      const Descent one = by_descender(each);
      EXPECT_EQ(each.end.end, Descent::End::arrived);
      EXPECT_EQ(one.end, Descent::End::arrived);
      EXPECT_LE(std::abs(each.end.n_iterations - one.n_iterations), 1);
      EXPECT_NEAR(each.end.objective, one.objective, least_fall * one.objective);
      Vector r(each.residuals->n_rows());
      ASSERT_TRUE(each.residuals->evaluate(each.tau, r.data(), nullptr));
      EXPECT_NEAR(each.end.objective, r.squaredNorm(), 1e-12 * r.squaredNorm());
      n_long += each.end.n_iterations > 40 ? 1 : 0;
    }
    EXPECT_GT(n_long, std::ssize(many) / 4);
  }
}

// Where lanes bend their steps beside a start that is nowhere, what they make of it is gone with it.
TEST(DescentsInLanes, LeaveNothingBehindInALane) {
  Many many = drawn_descents(2);
  many[0].options.max_iterations = 45;
  Many alone = drawn_descents(2);
  descend_side_by_side(alone);
  DescentsInLanes lanes = lanes_for(many, kernel::kernels().fits_side_by_side);
  if (lanes.n_lanes() == 1) GTEST_SKIP() << "one lane";
  const Vector nowhere = Vector::Constant(many[1].start.size(), std::numeric_limits<double>::quiet_NaN());
  lanes.begin(0, *many[0].residuals, many[0].start, many[0].options);
  while (lanes.state(0) != State::ended) {
    if (lanes.state(1) != State::idle) lanes.clear(1);
    lanes.begin(1, *many[1].residuals, nowhere, many[1].options);
    lanes.step();
    ASSERT_EQ(lanes.state(1), State::ended);
    EXPECT_EQ(lanes.end(1).end, Descent::End::not_finite);
    EXPECT_EQ(lanes.end(1).objective, std::numeric_limits<double>::infinity());
  }
  lanes.clear(0);
  lanes.clear(1);
  lanes.begin(1, *many[1].residuals, many[1].start, many[1].options);
  while (lanes.state(1) != State::ended) lanes.step();
  many[1].end = lanes.end(1);
  lanes.get_tau(1, many[1].tau);
  EXPECT_EQ(many[1].numbers(), alone[1].numbers());
}

// One unit at its minimum, made two equal ones that feed half of it each: Fukumizu and Amari (2000), Neural Networks
// 13. Without the second unit, as the descents beside it.
TEST(DescentsInLanes, LeaveTheirLaneAtASaddlePoint) {
  Dataset data{.X = Matrix(40, 2), .Y = {}};
  RandomStream stream(12, 0, 0, RandomPurpose::noise);
  for (double& x : data.X.reshaped()) x = stream.normal();
  data.Y = (3 * data.X.col(0)).array().sin() + data.X.col(1).array();
  const Perceptron one = make_perceptron({2, {1}, 1, Activation::tanh}),
                   two = make_perceptron({2, {2}, 1, Activation::tanh});
  const Vector minimum = fit(one, data, {.n_starts = 10}).theta;
  Vector saddle(two.n_params());
  for (Index i = 0; i < 2; ++i) {
    two.weights(saddle, 0).row(i) = one.weights(minimum, 0).row(0);
    two.bias(saddle, 0)[i] = one.bias(minimum, 0)[0];
    two.weights(saddle, 1)(0, i) = one.weights(minimum, 1)(0, 0) / 2;
  }
  two.bias(saddle, 1) = one.bias(minimum, 1);

  const auto all = [&](bool has_saddle) {
    Many many;
    RandomStream of_starts(12, 0, 0, RandomPurpose::starts);
    for (int i = 0; i < 7; ++i) many.emplace_back(two, data, draw_parameters(two, 1, of_starts));
    if (has_saddle) many.emplace(many.begin() + 3, two, data, saddle);
    return many;
  };
  Many without = all(false), with = all(true);
  descend_side_by_side(without);
  descend_side_by_side(with);
  EXPECT_EQ(with[3].end.end, Descent::End::left);
  EXPECT_LT((with[3].tau - with[3].start).norm(), 1e-5 * with[3].start.norm());
  EXPECT_LT(by_descender(with[3]).objective, 0.99 * with[3].end.objective);
  with.erase(with.begin() + 3);
  EXPECT_EQ(numbers_of_all(with), numbers_of_all(without));
}

// Each at its own end, and those beside it are as if it had not been there.
TEST(DescentsInLanes, EndWhereTheyAreTold) {
  Many many = drawn_descents(9), before = drawn_descents(9);
  for (Many* all : {&many, &before})
    for (Descending& each : *all) each.options.max_iterations = 50;
  descend_side_by_side(before);
  double last = 0;
  int n_calls = 0;
  many[2].options.go_on = [&](double objective) {
    last = objective;
    return ++n_calls < 7;
  };
  many[4].options.max_iterations = 0;
  many[5].options.max_iterations = 13;
  descend_side_by_side(many);
  EXPECT_EQ(many[2].end.end, Descent::End::interrupted);
  EXPECT_EQ(many[2].end.n_iterations, 7);
  EXPECT_EQ(n_calls, 7);
  EXPECT_EQ(many[2].end.objective, last);
  EXPECT_EQ(many[4].end.end, Descent::End::iteration_limit);
  EXPECT_EQ(many[4].end.n_iterations, 0);
  EXPECT_EQ(many[4].tau, many[4].start);
  EXPECT_EQ(many[5].end.end, Descent::End::iteration_limit);
  EXPECT_EQ(many[5].end.n_iterations, 13);
  for (const std::size_t i : {0, 1, 3, 6, 7, 8}) EXPECT_EQ(many[i].numbers(), before[i].numbers()) << i;
}

// A unit that is hardly there, with hardly any damping: both of its weights go up by the inverse of what it is, and their
// product beyond all numbers. Such a point is refused, and the damping grows until one is not.
TEST(DescentsInLanes, ComeBackFromBeyondAllNumbers) {
  const Perceptron network = make_perceptron({1, {2}, 1, Activation::softplus});
  Dataset data{.X = Vector::LinSpaced(40, -2, 2), .Y = {}};
  data.Y = (2 * data.X.array()).tanh();
  Vector start(network.n_params());
  start << 1, 1, 0.3, -200, 1, 1, 0.1;
  Many many;
  many.emplace_back(network, data, start);
  Descending& its = many.front();
  its.options.damping.mu = 1e-185;
  NormalEquations equations(*its.residuals);
  Vector step(start.size()), r(its.residuals->n_rows());
  ASSERT_TRUE(equations.move_to(its.start) && equations.solve(its.options.damping.mu, step));
  ASSERT_FALSE(its.residuals->evaluate(its.start + step, r.data(), nullptr) &&
               std::isfinite(r.squaredNorm()));
  const double at_start = equations.objective();
  descend_side_by_side(many);
  EXPECT_EQ(its.end.end, Descent::End::arrived);
  EXPECT_LT(its.end.objective, 0.5 * at_start);
  EXPECT_NEAR(its.end.objective, by_descender(its).objective, 1e-3 * its.end.objective) << "another optimum";

  // Beside others that bend their steps meanwhile.
  const std::vector<double> alone = its.numbers();
  DescentsInLanes lanes = lanes_for(many, kernel::kernels().fits_side_by_side);
  start << 1, -0.5, 0.3, 0.2, 1, 1, 0.1;
  const Descending beside(network, data, start);
  for (Index l = 1; l < lanes.n_lanes(); ++l) lanes.begin(l, *beside.residuals, beside.start, beside.options);
  for (int i = 0; i < 40; ++i) lanes.step();
  lanes.begin(0, *its.residuals, its.start, its.options);
  while (lanes.state(0) != State::ended) lanes.step();
  its.end = lanes.end(0);
  lanes.get_tau(0, its.tau);
  EXPECT_EQ(its.numbers(), alone);
  for (Index l = 1; l < lanes.n_lanes(); ++l) EXPECT_EQ(lanes.state(l), State::under_way);
}

TEST(DescentsInLanes, ArriveWhereResidualsAreRounding) {
  const Perceptron network = make_perceptron({1, {2}, 1, Activation::tanh});
  Vector theta(network.n_params());
  theta << 1.5, -0.7, 0.3, 0.9, 2, 1.1, 0.4;
  Dataset data{.X = Vector::LinSpaced(40, -2, 2), .Y = {}};
  data.Y = evaluate(network, theta, data.X);
  Many many;
  many.emplace_back(network, data, theta);
  many.emplace_back(network, data, 1.05 * theta);
  descend_side_by_side(many);
  for (const Descending& each : many) {
    EXPECT_EQ(each.end.end, Descent::End::arrived);
    EXPECT_TRUE(each.residuals->is_rounding(each.end.objective));
  }
  EXPECT_EQ(many[0].end.n_iterations, 0);
}

// From the second time on.
TEST(DescentsInLanes, AllocateNothing) {
  Many many = mixed_descents();
  DescentsInLanes lanes = lanes_for(many, kernel::kernels().fits_side_by_side);
  const auto all = [&] {
    for (std::size_t begin = 0; begin < many.size(); begin += static_cast<std::size_t>(lanes.n_lanes())) {
      const Index n = std::min(lanes.n_lanes(), std::ssize(many) - static_cast<Index>(begin));
      for (Index l = 0; l < n; ++l) {
        Descending& its = many[begin + static_cast<std::size_t>(l)];
        lanes.begin(l, *its.residuals, its.start, its.options);
      }
      for (Index l = 0; l < n; ++l) {
        Descending& its = many[begin + static_cast<std::size_t>(l)];
        while (lanes.state(l) != State::ended) lanes.step();
        its.end = lanes.end(l);
        lanes.get_tau(l, its.tau);
        lanes.clear(l);
      }
    }
  };
  all();
  EXPECT_EQ(allocations_of(all), 0u);
}

}  // namespace
}  // namespace jacobench
