// Refits one at a time and side by side: the same bits.
#include "jacobench/inference/refit.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/conformal.hpp"

#include "support/fitted.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::fitted_step;

constexpr Index most_iterations = 50;

const std::function<void(Index, Index)> nobody_watches;

// Noisy, but for every third, which is on the network to the bit: where fits go side by side, it is left to
// be fitted alone.
void draw_about(const Fit& fit, Index number, Dataset& data) {
  RandomStream stream(8, 8, static_cast<std::uint32_t>(number), RandomPurpose::noise);
  data.Y = evaluate(fit.network, fit.theta, data.X);
  if (number % 3 < 2)
    for (double& y : data.Y.reshaped()) y += 0.1 * stream.normal();
}

using Thetas = std::vector<std::vector<double>>;

std::vector<double> theta_of(const Fit& fit) { return {fit.theta.begin(), fit.theta.end()}; }

Thetas refitted(Refitting& refitting, const Fit& fit, Index n) {
  Thetas thetas(static_cast<std::size_t>(n));
  RefitCount count(nobody_watches, n);
  refitting.run({.n_refits = n,
                 .data = fit.data,
                 .start = fit.theta,
                 .draw = [&](Index number, Dataset& data) { draw_about(fit, number, data); },
                 .use = [&](Index number, const Fit& again,
                            Index) { thetas[static_cast<std::size_t>(number)] = theta_of(again); }},
                count);
  return thetas;
}

// As it is said in words: from this start alone, once, with the fit's own decay.
FitOptions options_alone(const Fit& fit, Index max_iterations) {
  return {.n_starts = 0,
          .n_tries_from_start = 1,
          .decay = fit.decay,
          .max_iterations = max_iterations,
          .relative_offset = 1e-7};
}

Thetas fitted_one_by_one(const Fit& fit, Index n) {
  Thetas thetas;
  thetas.reserve(static_cast<std::size_t>(n));
  Dataset data = fit.data;
  for (Index number = 0; number < n; ++number) {
    draw_about(fit, number, data);
    thetas.push_back(
        theta_of(Fitter(fit.network, data, options_alone(fit, most_iterations)).fit(data, fit.theta)));
  }
  return thetas;
}

// Fewer than there are lanes too, and of another fit than the one before.
TEST(Refit, HasTheBitsThatItHasAloneWhateverIsBesideIt) {
  const Fit& fit = fitted_step().at.fit();
  Fit other = fit;
  other.data.X *= 0.7;
  other.theta *= 1.1;
  for (const VectorPath path : testing::runnable_vector_paths()) {
    const testing::OnVectorPath on(path);
    Refitting refitting(fit, most_iterations, 1);
    for (const Index n : {21, 1, 5, 0}) EXPECT_EQ(refitted(refitting, fit, n), fitted_one_by_one(fit, n));
    EXPECT_EQ(refitted(refitting, other, 21), fitted_one_by_one(other, 21));
  }
}

TEST(Refit, OfANetworkThatDoesNotGoSideBySideGoesAlone) {
  const Fit& fit = testing::fitted_linear().at.fit();
  ASSERT_EQ(Fitter(fit.network, fit.data, options_alone(fit, most_iterations)).n_side_by_side(), 1);
  Refitting refitting(fit, most_iterations, 1);
  EXPECT_EQ(refitted(refitting, fit, 7), fitted_one_by_one(fit, 7));
}

TEST(Refit, IsCounted) {
  std::vector<Index> told;
  const std::function<void(Index, Index)> watch = [&](Index n_done, Index n_all) {
    EXPECT_EQ(n_all, 12);
    told.push_back(n_done);
  };
  RefitCount count(watch, 12);
  const Fit& fit = fitted_step().at.fit();
  Refitting refitting(fit, most_iterations, 1);
  refitting.run({.n_refits = 12,
                 .data = fit.data,
                 .start = fit.theta,
                 .draw = [&](Index number, Dataset& data) { draw_about(fit, number, data); },
                 .use = [](Index, const Fit&, Index) {}},
                count);
  EXPECT_EQ(told, (std::vector<Index>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

// Whoever threw, in the midst of others, and the next time all is as if it had not been.
TEST(Refit, ThatThrowsEndsTheOthers) {
  const Fit& fit = fitted_step().at.fit();
  const Thetas expected = fitted_one_by_one(fit, 21);
  Refitting refitting(fit, most_iterations, 1);
  for (const int who : {0, 1, 2}) {
    Index n_drawn = 0;
    const std::function<void(Index, Index)> watch = [&](Index n_done, Index) {
      if (who == 2 && n_done == 4) throw std::runtime_error("an interrupt");
    };
    RefitCount count(watch, 100);
    const auto run = [&] {
      refitting.run({.n_refits = 100,
                     .data = fit.data,
                     .start = fit.theta,
                     .draw =
                         [&](Index number, Dataset& data) {
                           ++n_drawn;
                           if (who == 0 && number == 10) throw std::runtime_error("no data");
                           draw_about(fit, number, data);
                         },
                     .use =
                         [&](Index number, const Fit&, Index) {
                           if (who == 1 && number == 2) throw std::runtime_error("no use");
                         }},
                    count);
    };
    EXPECT_THROW(run(), std::runtime_error) << who;
    EXPECT_LT(n_drawn, 50) << who;
    EXPECT_EQ(refitted(refitting, fit, 21), expected) << who;
  }
}

// f* and t* of each refit as a fitter and a tangent of its own have them.
TEST(Refit, OfABootstrapHasTheBitsThatItHasAlone) {
  Fit fit = fitted_step().at.fit();
  fit.data.weights = Vector::LinSpaced(fit.data.n_observations(), 0.5, 4);
  fit = jacobench::fit(fit.network, fit.data, {.start = fit.theta, .n_starts = 0});
  const Matrix X0 = Vector::LinSpaced(5, -2, 2);
  constexpr Index n_refits = 39;
  for (const VectorPath path : testing::runnable_vector_paths()) {
    const testing::OnVectorPath on(path);
    const testing::Linearised at(fit);
    const Covariance cov = covariance(at);
    for (const auto& [kind, name, summary] : bootstrap_table()) {
      NewPoints points(fit, X0);
      points.move_to(at);
      const auto engine = find_interval_method("bootstrap_" + std::string(name) + "_percentile")
                              .prepare(fit, points, {.n_refits = n_refits}, {{.level = 0.9}});
      ASSERT_TRUE(engine->compute(at, points, 1)) << engine->reason();
      const BootstrapDraws draws = *points.bootstrap_draws();
      ASSERT_EQ(draws.f.cols(), n_refits);
      for (Index b = 0; b < n_refits; ++b) {
        RandomStream stream(1, 0, static_cast<std::uint32_t>(b), RandomPurpose::resampling);
        const Dataset data = testing::resample(at, cov, kind, stream);
        Fitter fitter(fit.network, data, options_alone(fit, IntervalOptions{}.max_refit_iterations));
        const Fit& again = fitter.fit(data, fit.theta);
        Tangent there(again);
        NewPoints its_points(again, X0);
        ASSERT_TRUE(there.move_to(again) && its_points.move_to(there));
        EXPECT_EQ(draws.f.col(b), its_points.values().col(0)) << name << ' ' << b;
        const Covariance its_cov = covariance(there);
        Matrix variances;
        its_points.get_variances(there, its_cov, variances);
        const Vector t =
            (its_points.values() - points.values()).cwiseQuotient(variances.cwiseSqrt()).reshaped();
        EXPECT_EQ(draws.t.col(b), t) << name << ' ' << b;
      }
    }
  }
}

// Of jackknife_plus, and of cv_plus where folds differ in size: 30 observations in 7.
TEST(Refit, WithoutSomeObservationsHasTheBitsThatItHasAlone) {
  const testing::Fitted plain = fitted_step(), penalised = fitted_step(Vector::Constant(4, 0.01));
  for (const testing::Fitted* of : {&plain, &penalised}) {
    const Fit& fit = of->at.fit();
    const Index N = fit.data.n_observations();
    for (const Index n_groups : {N, Index{7}}) {
      std::vector<std::vector<Index>> groups(static_cast<std::size_t>(n_groups));
      for (Index n = 0; n < N; ++n) groups[static_cast<std::size_t>(n * 5 % n_groups)].push_back(n);
      const LeftOut left_out = leave_out(of->at, groups, {});
      ASSERT_EQ(left_out.refits.number, n_groups);
      for (Index g = 0; g < n_groups; ++g) {
        std::vector<Index> rest;
        for (Index n = 0; n < N; ++n)
          if (n * 5 % n_groups != g) rest.push_back(n);
        const Dataset data = fit.data.rows(rest);
        Fitter alone(fit.network, data, options_alone(fit, IntervalOptions{}.max_refit_iterations));
        EXPECT_EQ(left_out.theta.col(g), alone.fit(data, fit.theta).theta) << n_groups << ' ' << g;
      }
    }
  }
}

}  // namespace
}  // namespace jacobench
