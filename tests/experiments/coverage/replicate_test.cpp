#include "coverage/replicate.hpp"

#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/inference/multipliers.hpp"

#include "coverage/simulation.hpp"
#include "support/entrywise.hpp"
#include "support/vector_paths.hpp"

namespace jacobench::coverage {
namespace {

using namespace jacobench::testing;

// Steep enough to be well determined.
Scenario small(Index n_points = 6) { return linear_step({1, {1}, 1, Activation::tanh}, 20, n_points, 3); }

Intervals of_delta() {
  return {.methods = {find_interval_method("delta")},
          .kinds = {IntervalKind::mean, IntervalKind::prediction}};
}

bool is_finite(const Simulation& simulation, Index replicate) {
  return simulation.records().col(replicate).allFinite();
}

TEST(ReplicateRunner, GivesTheSameRecordInAnyOrder) {
  Scenario scenario = small();
  scenario.solver = Solver::least_squares;
  scenario.noise_sd = 0.05;
  scenario.start = Start::random;
  scenario.n_starts = 3;
  const Simulation simulation(scenario, of_delta(), 5);
  ReplicateRunner runner(simulation.context());
  Vector record(simulation.records().rows());
  for (const Index r : {4, 1, 3, 1}) {
    runner.run(r, {record.data(), simulation.context().layout.size()});
    EXPECT_TRUE(record.allFinite());
    EXPECT_EQ(record, simulation.records().col(r)) << r;
  }
  EXPECT_NE(simulation.records().col(0), simulation.records().col(1));
}

// Fits go side by side in blocks, or one by one, where the design and the teacher are those of a replicate alone as
// well, and where some of them fail; what stood in a record before is forgotten.
TEST(ReplicateRunner, GivesTheSameRecordInAnyBlock) {
  Scenario plain = small();
  plain.solver = Solver::least_squares;
  plain.noise_sd = 0.05;
  Scenario own_design = plain;
  own_design.design_is_redrawn = true;
  own_design.design = Design::normal;
  Scenario own_teacher = plain;
  own_teacher.truth_is_redrawn = true;
  own_teacher.decay = equal_decay(plain.network, 1e-3, DecayOf::weights_and_biases);
  Scenario drawn_starts = plain;
  drawn_starts.start = Start::random;
  drawn_starts.n_starts = 2;
  Scenario overflowing = linear_step({1, {1}, 1, Activation::exp, Activation::identity, Bias::none}, 10, 3);
  std::get<Model>(overflowing.truth).theta = Eigen::Vector2d(400, 1);
  overflowing.solver = Solver::least_squares;
  overflowing.design = Design::normal;
  overflowing.design_is_redrawn = true;
  constexpr Index R = 19;
  for (const Scenario& scenario : {plain, own_design, own_teacher, drawn_starts, overflowing}) {
    const Simulation simulation(scenario, of_delta(), R);
    const Matrix& records = simulation.records();
    EXPECT_EQ(records.hasNaN(), scenario.network.layer(0).activation == Activation::exp);
    ReplicateRunner runner(simulation.context());
    for (const Index block : {1, 5, 19})
      for (Index first = 0; first + block <= R; first += block) {
        Matrix again = Matrix::Constant(records.rows(), block, 7);
        runner.run_all(first, {again.data(), static_cast<std::size_t>(again.size())});
        for (Index r = 0; r < block; ++r)
          for (Index i = 0; i < again.rows(); ++i)
            ASSERT_TRUE(testing::same_bits(again(i, r), records(i, first + r)))
                << first + r << " entry " << i;
      }
  }
}

TEST(ReplicateRunner, AllocatesNothingAfterItsFirstBlock) {
  Scenario scenario = small(10);
  scenario.solver = Solver::least_squares;
  scenario.noise_sd = 0.05;
  const Simulation simulation(scenario, of_delta(), 1);
  ReplicateRunner runner(simulation.context());
  Matrix records(simulation.records().rows(), 20);
  const std::span<double> numbers(records.data(), static_cast<std::size_t>(records.size()));
  runner.run_all(0, numbers);
  EXPECT_EQ(allocations_of([&] { runner.run_all(0, numbers); }), 0u);
  EXPECT_TRUE(records.allFinite());
}

// Of one step at the teacher, by hand: J, fit, s^2, t.
TEST(ReplicateRunner, RecordsTheStepAndItsIntervals) {
  const Scenario scenario = small();
  const Simulation simulation(scenario, of_delta(), 1);
  const RecordLayout& layout = simulation.context().layout;
  const auto at = [&](std::size_t place) { return simulation.records()(static_cast<Index>(place), 0); };
  const LinearModel model(simulation.context());
  DataSource source(scenario);
  source.draw(0);
  const Vector e = source.data().Y.col(0) - source.truth_at_rows();
  const Vector fit = model.fit_weights() * e;
  const double s2 = (e - model.hat() * e).squaredNorm() / (20 - 4);
  const double t = t_quantile(0.975, 16);
  const Vector se = std::sqrt(s2) * model.unit_se();
  const Vector se_new = (se.array().square() + s2).sqrt();
  const double tolerance =
      1e-12 * se.maxCoeff<Eigen::PropagateNaN>() * at(layout.figure(0, RecordLayout::condition));
  EXPECT_LE((simulation.fits() - fit).norm(), tolerance);
  EXPECT_LE((simulation.standard_errors(0) - se).norm(), tolerance);
  EXPECT_LE((simulation.upper(0) - (fit + t * se)).norm(), t * tolerance);
  EXPECT_LE((simulation.upper(1) - (fit + t * se_new)).norm(), t * tolerance);
  EXPECT_NEAR(at(layout.variance_ratio(0, 0)), s2 / 0.09, 1e-10);
  EXPECT_EQ(at(layout.figure(0, RecordLayout::rank)), 4);
  EXPECT_LE(std::abs(at(layout.lower(0, 0)) + at(layout.upper(0, 0)) - 2 * at(layout.fit(0))), tolerance);
}

// Inside and beyond, each with a multiplier for its own number of points.
TEST(ReplicateRunner, BonferroniIsOverTheRegion) {
  Scenario scenario = small(4);
  scenario.n_beyond = 1;
  const Simulation simulation(
      scenario, {.methods = {find_interval_method("delta")}, .simultaneous = Simultaneous::bonferroni}, 1);
  const Vector q =
      (simulation.upper(0) - simulation.fits()).cwiseQuotient(simulation.standard_errors(0)).col(0);
  for (Index m = 0; m < 4; ++m) EXPECT_NEAR(probability_within(q[m], 16), 1 - 0.05 / 4, 1e-12);
  EXPECT_NEAR(probability_within(q[4], 16), 0.95, 1e-12);
}

TEST(ReplicateRunner, AllocatesNothingAfterItsFirstReplicates) {
  for (const Solver solver : {Solver::least_squares, Solver::linear_step})
    for (const Simultaneous simultaneous :
         {Simultaneous::none, Simultaneous::bonferroni, Simultaneous::scheffe}) {
      Scenario scenario = small(10);
      scenario.solver = solver;
      scenario.noise_sd = 0.05;
      Intervals intervals = of_delta();
      intervals.simultaneous = simultaneous;
      const Simulation simulation(scenario, intervals, 1);
      ReplicateRunner runner(simulation.context());
      Vector record(simulation.records().rows());
      const std::span<double> numbers(record.data(), simulation.context().layout.size());
      const auto run_all = [&] {
        for (Index r = 0; r < 20; ++r) runner.run(r, numbers);
      };
      run_all();  // among them some that do not go in lanes
      EXPECT_EQ(allocations_of(run_all), 0u)
          << static_cast<int>(solver) << " " << static_cast<int>(simultaneous);
      EXPECT_TRUE(record.allFinite());
    }
}

// exp(w x) overflows where x is above 709 / w: in some replicates' designs, not in others'.
TEST(ReplicateRunner, AnOverflowFailsItsOwnReplicateAlone) {
  Scenario scenario = linear_step({1, {1}, 1, Activation::exp, Activation::identity, Bias::none}, 10, 3);
  Model& teacher = std::get<Model>(scenario.truth);
  teacher.theta = Eigen::Vector2d(400, 1);
  scenario.design = Design::normal;
  scenario.scale = 0.7;
  scenario.design_is_redrawn = true;
  const Index R = 60;
  const Simulation simulation(scenario, of_delta(), R);
  ReplicateRunner runner(simulation.context());
  Vector record(simulation.records().rows());
  Index n_failed = 0, n_overflows = 0;
  for (Index r = 0; r < R; ++r) {
    std::vector<std::string> failures;
    runner.run(r, {record.data(), simulation.context().layout.size()}, &failures);
    EXPECT_EQ(failures.empty(), is_finite(simulation, r)) << r;
    n_failed += !failures.empty();
    const bool overflows = !runner.source().truth_at_rows().allFinite();
    n_overflows += overflows;
    EXPECT_EQ(failures == std::vector<std::string>{"layerwise: the network is not finite at the fit"},
              overflows)
        << r;
  }
  EXPECT_GT(n_overflows, 0);
  EXPECT_LT(n_overflows, R);
  EXPECT_EQ(simulation.row(0).n_failed, n_failed);
}

IntervalMethod thrower(const Scenario& scenario) {
  const std::uint64_t third = interval_seed(scenario, 3);
  return method_from("thrower", [third](Tangent&, NewPoints& points, std::uint64_t seed, Errors& errors) {
    if (seed == third) throw std::runtime_error("the method fell over");
    errors = {Vector::Ones(points.n_points()), 1, 5};
    return static_cast<const char*>(nullptr);
  });
}

IntervalMethod refuser(const Scenario& scenario) {
  return method_from("refuser", [scenario](Tangent&, NewPoints& points, std::uint64_t seed, Errors& errors) {
    errors = {Vector::Constant(points.n_points(), 1e6), 1, 5};
    if (seed == interval_seed(scenario, 3)) errors.se[1] = NAN;
    for (const Index r : {0, 1, 2})
      if (seed == interval_seed(scenario, r)) return "not today";
    return static_cast<const char*>(nullptr);
  });
}

TEST(ReplicateRunner, WhatThrowsLeavesTheOtherReplicates) {
  const Scenario scenario = small();
  const Simulation simulation(scenario, {.methods = {thrower(scenario)}}, 10);
  EXPECT_EQ(simulation.failures(), std::vector<std::string>{"layerwise: thrower: the method fell over"});
  for (Index r = 0; r < 10; ++r) EXPECT_EQ(is_finite(simulation, r), r != 3) << r;
  EXPECT_EQ(simulation.row(0).n_failed, 1);
}

// Its intervals hold whatever comes, so that only failures are not covered.
TEST(ReplicateRunner, FailuresAreInTheDenominator) {
  const Scenario scenario = small();
  const Simulation simulation(scenario, {.methods = {find_interval_method("delta"), refuser(scenario)}}, 10);
  EXPECT_EQ(simulation.failures(),
            (std::vector<std::string>{"layerwise: refuser: not today", "layerwise: refuser: not today",
                                      "layerwise: refuser: not today"}));
  const CoverageRow row = simulation.row(1);
  EXPECT_EQ(row.n_failed, 4);
  EXPECT_EQ(row.n_replicates, 10);
  EXPECT_NEAR(row.coverage, 0.6, 1e-15);
  EXPECT_EQ(row.verdict, "no claim");
  EXPECT_EQ(simulation.row(0).n_failed, 0) << "of the other method";
}

// What rows have in common is that of their own strategy, method and region.
TEST(Summary, SaysOfARowWhatItSaysOfItAlone) {
  Scenario scenario = linear_step({1, {2}, 1, Activation::tanh}, 12);
  scenario.n_beyond = 2;
  const Simulation simulation(scenario,
                              {.methods = {find_interval_method("delta"), find_interval_method("hc3")},
                               .kinds = {IntervalKind::mean, IntervalKind::prediction}},
                              20);
  Summary shared(simulation.context(), simulation.records());
  for (std::size_t interval = 0; interval < 4; ++interval)
    for (const std::size_t region : {0u, 1u}) {
      const Measures its = shared.measures_at({0, interval, region});
      const Measures alone =
          Summary(simulation.context(), simulation.records()).measures_at({0, interval, region});
      EXPECT_EQ(its.coverage.value, alone.coverage.value);
      EXPECT_EQ(its.bias_eliminated->value, alone.bias_eliminated->value);
      EXPECT_EQ(its.empirical_se->value, alone.empirical_se->value);
      EXPECT_EQ(its.model_se->value, alone.model_se->value);
    }
}

// The records of a simulation with these in the place of whether its fits have settled.
CoverageRow row_with_settled(const Simulation& simulation, const Vector& is_settled) {
  Matrix records = simulation.records();
  records.row(static_cast<Index>(simulation.context().layout.figure(0, RecordLayout::is_settled))) =
      is_settled.transpose();
  CoverageRow row;
  Summary(simulation.context(), records).fill_in({0, 0, 0}, row);
  return row;
}

// Five of a hundred fits may be unsettled, or have no answer to that, and six may not: the coverage stays what it is,
// and is no claim.
TEST(ReplicateRunner, MoreThanFivePercentOfUnsettledFitsMakeNoClaim) {
  const Simulation simulation(small(), of_delta(), 100);
  const CoverageRow all = simulation.row(0);
  EXPECT_EQ(all.settled, 1);
  EXPECT_EQ(all.why_no_claim, std::nullopt);
  Vector is_settled = Vector::Ones(100);
  is_settled.head(2).setZero();
  is_settled.tail(3).setConstant(NAN);
  const CoverageRow five = row_with_settled(simulation, is_settled);
  EXPECT_EQ(five.settled, 0.95);
  EXPECT_EQ(five.verdict, all.verdict);
  EXPECT_EQ(five.why_no_claim, std::nullopt);
  is_settled[50] = 0;
  const CoverageRow six = row_with_settled(simulation, is_settled);
  EXPECT_EQ(six.settled, 0.94);
  EXPECT_EQ(six.verdict, "no claim");
  EXPECT_EQ(six.why_no_claim, "6.00% of the fits have not settled");
  EXPECT_EQ(six.coverage, all.coverage);
  EXPECT_EQ(six.se_ratio, all.se_ratio);
}

// One step leads to the minimum of a linear network, and nothing is left to move. From a drawn start one step is not
// enough for another network.
TEST(ReplicateRunner, SaysHowManyStepsFitsTookAndWhatTheyLeft) {
  Scenario scenario = linear_step({2, {}, 1, Activation::tanh}, 9);
  scenario.solver = Solver::least_squares;
  const CoverageRow linear = Simulation(scenario, of_delta(), 20).row(0);
  EXPECT_EQ(linear.settled, 1);
  EXPECT_EQ(linear.mean_steps, 1);
  EXPECT_EQ(linear.most_steps, 1);
  EXPECT_LE(linear.move_95.value_or(NAN), scenario.tolerance * std::sqrt(3));
  EXPECT_EQ(linear.unsettled_refits, std::nullopt) << "delta refits nothing";

  Scenario drawn = small();
  drawn.solver = Solver::least_squares;
  drawn.start = Start::random;
  drawn.max_iterations = 1;
  const CoverageRow cut_short = Simulation(drawn, of_delta(), 20).row(0);
  EXPECT_LE(cut_short.settled, 0.5);
  EXPECT_GT(cut_short.move_95.value_or(NAN), Remaining::settled_move);
  EXPECT_EQ(cut_short.verdict, "no claim");
  EXPECT_THAT(cut_short.why_no_claim.value_or(""), ::testing::HasSubstr("% of the fits have not settled"));
  EXPECT_TRUE(std::isfinite(cut_short.coverage) && cut_short.coverage > 0);
}

TEST(ReplicateRunner, KeepsTheShareOfUnsettledRefitsOfTheMethodsThatRefit) {
  Scenario scenario = linear_step({2, {}, 1, Activation::tanh}, 9, 2);
  scenario.solver = Solver::least_squares;
  scenario.n_beyond = 1;
  const Simulation simulation(
      scenario, {.methods = {find_interval_method("delta"), find_interval_method("profile")}}, 3);
  const RecordLayout& layout = simulation.context().layout;
  EXPECT_EQ(simulation.row(0).unsettled_refits, std::nullopt);
  EXPECT_EQ(simulation.row(1).unsettled_refits, 0);
  Matrix records = simulation.records();
  records.row(static_cast<Index>(layout.unsettled_refits(0, 1, 0))) << 0.25, NAN, 0.75;
  records.row(static_cast<Index>(layout.unsettled_refits(0, 1, 1))).setConstant(0.125);
  for (const std::size_t region : {0u, 1u}) {
    CoverageRow row;
    Summary(simulation.context(), records).fill_in({0, 1, region}, row);
    EXPECT_EQ(row.unsettled_refits, region == 0 ? 0.5 : 0.125);
    EXPECT_EQ(row.n_failed, 0) << "nothing else stands there";
  }
}

// Central differences have relative errors of some 1e-10 here, and a fit stops at sqrt(P) 1e-7 se from its minimum,
// whatever the steps that led there.
TEST(ReplicateRunner, StrategiesFitTheSameData) {
  Scenario scenario = small(5);
  scenario.solver = Solver::least_squares;
  scenario.noise_sd = 0.05;
  scenario.tolerance = 1e-7;
  const IntervalMethod& delta = find_interval_method("delta");
  const ReplicateContext context({.scenario = scenario,
                                  .strategies = {{"layerwise", {}}, {"ceres_central", {}}},
                                  .methods = {{&delta, {}}},
                                  .intervals = {{0, Simultaneous::none, IntervalKind::mean, 0.95}}});
  ReplicateRunner runner(context);
  Vector record(static_cast<Index>(context.layout.size()));
  for (Index r = 0; r < 50; ++r) {
    runner.run(r, {record.data(), context.layout.size()});
    const auto part = [&](std::size_t at) { return record.segment(static_cast<Index>(at), 5); };
    const Vector se = part(context.layout.se(0, 0));
    ASSERT_TRUE(all_within(part(context.layout.fit(0)), part(context.layout.fit(1)), 1e-6 * se)) << r;
  }
}

// Scenarios that differ in noise level, decay or start have the same noise.
TEST(DataSource, DrawsTheSameNoiseForScenariosThatAreCompared) {
  const auto noise_of = [](const Scenario& scenario) {
    DataSource source(scenario);
    source.draw(7);
    return Vector((source.data().Y.col(0) - source.truth_at_rows()) / scenario.noise_sd);
  };
  const Scenario base = small();
  Scenario louder = base, decayed = base, other_network = linear_step({1, {3}, 1, Activation::logistic}, 20);
  louder.noise_sd = 3;
  decayed.decay = equal_decay(base.network, 1, DecayOf::weights);
  decayed.start = Start::random;
  for (const Scenario& scenario : {louder, decayed, other_network})
    EXPECT_TRUE(all_within(noise_of(scenario), noise_of(base), 1e-14));
}

TEST(DataSource, RedrawsTheTeacherFromItsPrior) {
  Scenario scenario = linear_step({2, {}, 1, Activation::identity}, 5);
  scenario.truth_is_redrawn = true;
  scenario.decay = Eigen::Vector3d(1, 4, 16);
  DataSource source(scenario);
  const Index R = 4000;
  Vector squares = Vector::Zero(3);
  for (Index r = 0; r < R; ++r) {
    source.draw(r);
    squares += source.teacher_parameters().cwiseAbs2() / R;
  }
  const Vector variance = 0.09 * scenario.decay.cwiseInverse();
  EXPECT_TRUE(agree(squares, variance, variance * std::sqrt(2.0 / R), z_for(3)));
}

// From the first teacher the step would be off by as much as teachers differ, a thousand times the noise.
TEST(ReplicateRunner, StepsFromItsOwnTeacher) {
  Scenario scenario = small();
  scenario.noise_sd = 1e-3;
  scenario.truth_is_redrawn = true;
  scenario.decay = equal_decay(scenario.network, 1e-6, DecayOf::weights_and_biases);
  const Simulation simulation(
      scenario, {.methods = {find_interval_method("ridge")}, .dof_rule = DofRule::known_sigma}, 20);
  EXPECT_TRUE(all_at_most(simulation.fits().cwiseAbs(), 20 * scenario.noise_sd));
}

}  // namespace
}  // namespace jacobench::coverage
