#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/refit.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::fitted_step;

// Each of these numbers is one that a thread may be at when there is nothing left for the others.
TEST(Refit, ThreadsChangeNoBit) {
  const Fit& fit = fitted_step().at.fit();
  const auto draws_on = [&](Index n_threads, Index n_refits) {
    NewPoints points(fit, Vector::LinSpaced(3, -1, 1));
    points.move_to(fitted_step().at);
    find_interval_method("bootstrap_pairs_percentile")
        .prepare(fit, points, {.n_refits = n_refits, .n_threads = n_threads}, {{.level = 0.5}})
        ->compute(fitted_step().at, points, 1);
    return *points.bootstrap_draws();
  };
  const BootstrapDraws one = draws_on(1, 45);
  for (const Index n_threads : {2, 3})
    for (const Index n_refits : {3, 9, 45}) {
      const BootstrapDraws draws = draws_on(n_threads, n_refits);
      EXPECT_EQ(draws.f, one.f.leftCols(n_refits)) << n_threads << ' ' << n_refits;
      EXPECT_EQ(draws.t, one.t.leftCols(n_refits)) << n_threads << ' ' << n_refits;
      EXPECT_EQ(draws.is_settled, one.is_settled.head(n_refits)) << n_threads << ' ' << n_refits;
    }
}

// Others wait for what is thrown, and draw no more then; who watches is told on the caller's thread alone.
TEST(Refit, ThatThrowsEndsThoseOfOtherThreads) {
  const Fit& fit = fitted_step().at.fit();
  constexpr Index n_refits = 100'000;
  const auto caller = std::this_thread::get_id();
  const std::function<void(Index, Index)> watch = [&](Index, Index) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
  };
  Refitting refitting(fit, 50, 3);
  for (const Index thrower : {0, 50}) {
    RefitCount count(watch, n_refits);
    std::atomic<Index> n_drawn = 0;
    std::atomic<bool> is_thrown = false;
    const auto run = [&] {
      refitting.run({.n_refits = n_refits,
                     .data = fit.data,
                     .start = fit.theta,
                     .draw =
                         [&](Index number, Dataset&) {
                           ++n_drawn;
                           if (number == thrower) {
                             is_thrown = true;
                             throw std::runtime_error("no data");
                           }
                           while (number > thrower && !is_thrown) std::this_thread::yield();
                         },
                     .use = [](Index, const Fit&, Index) {}},
                    count);
    };
    EXPECT_THROW(run(), std::runtime_error);
    EXPECT_LT(n_drawn.load(), n_refits / 2) << thrower;
  }
}

}  // namespace
}  // namespace jacobench
