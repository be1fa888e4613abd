// jacobench fit and jacobench interval, from the data file to the bands.
#include <cmath>
#include <csignal>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "jacobench/base/joined.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/fit_file.hpp"
#include "jacobench/inference/interval_method.hpp"

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "run/progress.hpp"
#include "support/csv_column.hpp"
#include "support/entrywise.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::cli {
namespace {

using jacobench::testing::all_above;
using jacobench::testing::all_within;
using jacobench::testing::all_within_relative;
using jacobench::testing::csv_column;

const std::filesystem::path rat42 = std::filesystem::path(JACOBENCH_SOURCE) / "configs/rat42";

class FitCommands : public ::testing::Test {
 protected:
  int call(const std::vector<std::string>& arguments) {
    const jacobench::testing::Printed printed = jacobench::testing::run_program(arguments);
    out_ = printed.out;
    err_ = printed.err;
    return printed.code;
  }

  std::string path(const std::string& name) { return (folder_.path() / name).string(); }

  // NIST's Rat42 from NIST's first start, as the README has it.
  int fit_rat42(const std::string& out) {
    return call({"fit", rat42 / "rat42.csv", "--outputs", "yield", "--from", rat42 / "start.json", "--starts",
                 "0", "--out", path(out)});
  }

  // 30 observations of a sine with a small regular disturbance.
  std::string sine_data() {
    std::string text = "x,w,y\n";
    for (int i = 0; i < 30; ++i)
      text +=
          fmt::format("{},{},{}\n", i / 10.0, 1 + i % 3, std::sin(i / 10.0) + 0.05 * std::cos(7.0 * i * i));
    return folder_.file("sine.csv", text);
  }

  // A jump between the eighth observation and the ninth, which no network without a penalty fits best.
  std::string jump_data() {
    std::string text = "dose,y\n";
    for (int i = 0; i < 20; ++i)
      text += fmt::format("{},{}\n", i, (i < 8 ? 0 : 1) + 0.05 * std::cos(7.0 * i * i));
    return folder_.file("jump.csv", text);
  }

  jacobench::testing::TemporaryFolder folder_;
  std::string out_, err_;
};

// NIST StRD, Rat42: b1, b2, b3 and their standard deviations, as printed there; the network has b3, -b2, b1.
TEST_F(FitCommands, ReportShowsTheCertifiedValues) {
  ASSERT_EQ(fit_rat42("fit.json"), all_well) << err_;
  for (const char* certified : {"0.06735920007", "0.0034465663", "-2.61807684", "0.088295218", "72.46223758",
                                "1.7340283", "8.0565229338", "1.1587725499", "6 degrees of freedom"})
    EXPECT_NE(out_.find(certified), std::string::npos) << certified << "\n" << out_;
}

TEST_F(FitCommands, FitFileCarriesTheDataAndReadsBackToTheSameBits) {
  ASSERT_EQ(fit_rat42("fit.json"), all_well) << err_;
  const StoredFit fitted = read_fit(path("fit.json"));
  EXPECT_EQ(fitted.fit.data.X.rows(), 9);
  EXPECT_EQ(fitted.fit.data.Y(0, 0), 8.93);
  EXPECT_EQ(fitted.outputs, std::vector<std::string>{"yield"});
  write_fit(path("again.json"), fitted);
  EXPECT_EQ(testing::contents_of(path("again.json")), testing::contents_of(path("fit.json")));
}

// A fit file whose data or model were changed is not silently used.
TEST_F(FitCommands, AChangedFitFileIsRefused) {
  ASSERT_EQ(fit_rat42("fit.json"), all_well) << err_;
  const auto original = nlohmann::ordered_json::parse(testing::contents_of(path("fit.json")));
  auto other_data = original, no_x = original, other_version = original;
  other_data["Y"][0][0] = 9.5;
  no_x.erase("X");
  other_version["version"] = 4;
  for (const auto& [json, what] : {std::pair{other_data, "rss"}, {no_x, "X"}, {other_version, "version"}}) {
    folder_.file("changed.json", json.dump());
    EXPECT_EQ(call({"interval", path("changed.json")}), wrong_input) << what;
    EXPECT_NE(err_.find(what), std::string::npos) << err_;
    EXPECT_EQ(out_, "");
  }
  EXPECT_EQ(call({"interval", rat42 / "start.json"}), wrong_input);
  EXPECT_NE(err_.find("is not a fit file"), std::string::npos) << err_;
}

// t(0.975; 6) = 2.44691 and t(0.95; 6) = 1.94318: half-widths over standard errors.
TEST_F(FitCommands, IntervalsAreFitPlusMinusTTimesStandardError) {
  ASSERT_EQ(fit_rat42("fit.json"), all_well);
  for (const auto& [level, t] : {std::pair{"0.95", 2.446911851}, {"0.9", 1.943180281}}) {
    ASSERT_EQ(
        call({"interval", path("fit.json"), "--at", "data", "--level", level, "--out", path("bands.csv")}),
        all_well);
    const Vector fit = csv_column(path("bands.csv"), "fit");
    ASSERT_EQ(fit.size(), 9);
    for (const std::string kind : {"mean", "prediction"}) {
      const Vector se = csv_column(path("bands.csv"), "se_" + kind);
      const Vector upper = csv_column(path("bands.csv"), kind + "_upper"),
                   lower = csv_column(path("bands.csv"), kind + "_lower");
      EXPECT_TRUE(all_within((upper - fit).cwiseQuotient(se), Vector::Constant(se.size(), t), 1e-8)) << kind;
      EXPECT_TRUE(all_within((fit - lower).cwiseQuotient(se), Vector::Constant(se.size(), t), 1e-8)) << kind;
    }
    // s^2 = se_prediction^2 - se_mean^2, s as certified
    const Vector difference = csv_column(path("bands.csv"), "se_prediction").array().square() -
                              csv_column(path("bands.csv"), "se_mean").array().square();
    EXPECT_TRUE(all_within_relative(difference,
                                    Vector::Constant(difference.size(), 1.1587725499 * 1.1587725499), 1e-9));
  }
}

// A fit that ended early is gone on with, by its own file.
TEST_F(FitCommands, GoOnFromAFitFile) {
  ASSERT_EQ(fit_rat42("whole.json"), all_well);
  ASSERT_EQ(call({"fit", rat42 / "rat42.csv", "--outputs", "yield", "--from", rat42 / "start.json",
                  "--starts", "0", "--decay", "0", "--max_iterations", "2", "--out", path("part.json")}),
            not_all_well);
  ASSERT_EQ(call({"fit", rat42 / "rat42.csv", "--outputs", "yield", "--from", path("part.json"), "--starts",
                  "0", "--decay", "0", "--out", path("rest.json")}),
            all_well);
  const Vector whole = read_fit(path("whole.json")).fit.theta, rest = read_fit(path("rest.json")).fit.theta;
  EXPECT_TRUE(all_within_relative(rest, whole, 1e-8));
}

// Leverages sum to the number of parameters, and a residual over 1 - h is the leave-one-out residual.
TEST_F(FitCommands, DiagnosticsAreThoseOfEveryObservation) {
  ASSERT_EQ(call({"fit", rat42 / "rat42.csv", "--outputs", "yield", "--from", rat42 / "start.json",
                  "--starts", "0", "--diagnostics", path("d.csv")}),
            all_well);
  const Vector h = csv_column(path("d.csv"), "leverage"), r = csv_column(path("d.csv"), "residual");
  EXPECT_NEAR(h.sum(), 3, 1e-12);
  EXPECT_NEAR(r.squaredNorm(), 8.0565229338, 1e-9);
  const Vector left_out = csv_column(path("d.csv"), "leave_one_out");
  EXPECT_TRUE(all_within((left_out.array() * (1 - h.array())).matrix(), r, 1e-12));
}

// se^2 grows by (dy/dx)^2 s_x^2, so with the square of the noise.
TEST_F(FitCommands, InputNoiseAddsItsPropagatedVariance) {
  ASSERT_EQ(fit_rat42("fit.json"), all_well);
  const auto se = [&](const std::string& noise) {
    EXPECT_EQ(
        call({"interval", path("fit.json"), "--at", "data", "--input_noise", noise, "--out", path("b.csv")}),
        all_well)
        << err_;
    return Vector(csv_column(path("b.csv"), "se_mean").array().square());
  };
  const Vector none = se("none"), one = se("1"), two = se("2");
  EXPECT_TRUE(all_within(two - none, 4 * (one - none), 1e-12));
  EXPECT_TRUE(all_above(one - none, 0));
  EXPECT_EQ(call({"interval", path("fit.json"), "--input_noise", "1,1"}), wrong_input);
  EXPECT_NE(err_.find("has 2 entries, the fit 1 inputs"), std::string::npos) << err_;
}

// With a known sigma of 2 the multiplier is the normal one, and a prediction's variance is 4 more than the mean's.
TEST_F(FitCommands, IntervalsAreMadeAsTheFitWasTold) {
  ASSERT_EQ(call({"fit", rat42 / "rat42.csv", "--outputs", "yield", "--from", rat42 / "start.json",
                  "--starts", "0", "--sigma", "2", "--out", path("fit.json")}),
            all_well);
  ASSERT_EQ(call({"interval", path("fit.json"), "--at", "data", "--out", path("b.csv")}), all_well);
  const Vector se = csv_column(path("b.csv"), "se_mean"), of_new = csv_column(path("b.csv"), "se_prediction");
  EXPECT_TRUE(all_within((of_new.array().square() - se.array().square()).matrix(),
                         Vector::Constant(se.size(), 4), 1e-12));
  const Vector half = csv_column(path("b.csv"), "mean_upper") - csv_column(path("b.csv"), "fit");
  EXPECT_TRUE(all_within(half.cwiseQuotient(se), Vector::Constant(se.size(), 1.959963985), 1e-8));
  ASSERT_EQ(
      call({"interval", path("fit.json"), "--at", "data", "--dof", "n_minus_rank", "--out", path("b.csv")}),
      all_well);
  EXPECT_TRUE(all_within_relative(Vector(csv_column(path("b.csv"), "se_mean") / se[0]),
                                  Vector(1.1587725499 / 2 * se / se[0]), 1e-9));
}

TEST_F(FitCommands, EveryMethodGivesBandsOrSaysWhyNot) {
  ASSERT_EQ(call({"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--weights", "w", "--hidden", "1",
                  "--activation", "gaussian", "--out", path("fit.json")}),
            all_well)
      << out_ << err_;
  std::vector<std::string> methods;
  for (const IntervalMethod& method : interval_method_table())
    if (!method.covariance || info(*method.covariance).decay != Decay::needed) methods.push_back(method.name);
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "3", "--replicates", "50", "--level", "0.9",
                  "--new_weight", "2", "--method", joined(methods, ", ")}),
            all_well)
      << err_;
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "3", "--method", "ridge"}), not_all_well);
  EXPECT_NE(err_.find("ridge: no intervals"), std::string::npos) << err_;
  EXPECT_EQ(out_.find("nan"), std::string::npos) << out_;
}

// The rows weigh 1, 2, 3, 1, ...: what their own weights give stands between what 1 and 3 give, and is these at their
// rows.
TEST_F(FitCommands, APredictionOfAWeightedFitIsForTheWeightThatIsSaid) {
  ASSERT_EQ(call({"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--weights", "w", "--hidden", "1",
                  "--activation", "gaussian", "--out", path("fit.json")}),
            all_well);
  const auto predictions = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"interval",   path("fit.json"), "--kind",
                                       "prediction", "--out",          path("b.csv")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(call(arguments), all_well) << err_;
    return csv_column(path("b.csv"), "se_prediction");
  };
  const Vector own = predictions({"--at", "data"});
  const Vector of_file = predictions({"--at", sine_data(), "--weights", "w"});
  const Vector of_one = predictions({"--at", "data", "--new_weight", "1"});
  const Vector of_three = predictions({"--at", "data", "--new_weight", "3"});
  EXPECT_EQ(own, of_file);
  for (Index n = 0; n < 30; ++n) {
    if (n % 3 != 1) {
      EXPECT_EQ(own[n], n % 3 == 0 ? of_one[n] : of_three[n]);
    }
    EXPECT_LE(own[n], of_one[n]);
    EXPECT_GE(own[n], of_three[n]);
  }
  EXPECT_LT(of_three[0], 0.8 * of_one[0]);
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "3"}), all_well);
  EXPECT_NE(out_.find("the weight of a new observation is not known"), std::string::npos) << out_;
  EXPECT_NE(err_.find("no prediction: the data are weighted"), std::string::npos) << err_;
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "3", "--kind", "prediction"}), not_all_well);
  EXPECT_EQ(call({"interval", path("fit.json"), "--weights", "w"}), wrong_input);
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", sine_data(), "--weights", "w", "--new_weight", "1"}),
            wrong_input);
  const std::string bad = folder_.file("bad.csv", "x,w\n1,1\n2,0\n");
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", bad, "--weights", "w"}), wrong_input);
  EXPECT_NE(err_.find("row 2, w: 0 is not a positive finite weight"), std::string::npos) << err_;
}

// Where the network overflows every refit does, and there is nothing to take quantiles of.
TEST_F(FitCommands, ABootstrapOfRefitsThatAllFailSaysSo) {
  ASSERT_EQ(call({"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--hidden", "1", "--activation",
                  "exp", "--bias", "no", "--out", path("fit.json")}),
            all_well)
      << out_;
  const std::string points = folder_.file("far.csv", "x\n-1e9\n1e9\n");
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", points, "--method", "bootstrap_pairs_percentile",
                  "--replicates", "50"}),
            not_all_well);
  EXPECT_NE(err_.find("bootstrap_pairs_percentile: no intervals: 50 of 50 refits failed"), std::string::npos)
      << err_;
  EXPECT_EQ(out_.find("nan"), std::string::npos) << out_;
}

// One iteration is too few for a refit of a network; bounds that would tell where it stopped are not given.
TEST_F(FitCommands, RefitsThatHaveNotSettledAreSaidAndGiveNoBounds) {
  ASSERT_EQ(call({"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--hidden", "2", "--out",
                  path("fit.json")}),
            all_well)
      << out_;
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "2", "--method",
                  "profile, bootstrap_pairs_percentile", "--replicates", "50", "--refit_iterations", "1"}),
            not_all_well);
  EXPECT_THAT(err_, ::testing::ContainsRegex("profile: s = .* of .* refits have not settled"));
  EXPECT_THAT(err_,
              ::testing::ContainsRegex(
                  "bootstrap_pairs_percentile: no intervals: .* of 50 refits have not settled within 1 "));
  EXPECT_NE(out_.find("refits that the bound is from have not settled within 1 iterations"),
            std::string::npos)
      << out_;
  EXPECT_EQ(out_.find("nan"), std::string::npos) << out_;
}

// The parameters' part says what is open, and the band is there where it is determined.
TEST_F(FitCommands, WhatTheDataLeaveOpenIsSaidAndTheRestIsGiven) {
  std::string text = "x,same,y\n", points = "x,same\n1,7\n1,8\n";
  for (int i = 0; i < 20; ++i)
    text += fmt::format("{},7,{}\n", i / 5.0, std::sin(i / 5.0) + 0.05 * std::cos(7.0 * i * i));
  const std::string data = folder_.file("constant.csv", text), at = folder_.file("points.csv", points);
  EXPECT_EQ(call({"fit", data, "--outputs", "y", "--hidden", "1", "--decay", "0", "--out", path("fit.json")}),
            all_well)
      << err_;
  EXPECT_NE(out_.find("input 1 is constant over the data"), std::string::npos) << out_;
  EXPECT_THAT(out_, ::testing::ContainsRegex("w1.0,1. +[-0-9.e]+ +none"));
  EXPECT_EQ(out_.find("nan"), std::string::npos) << out_;
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", "data"}), all_well) << err_;
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", at}), not_all_well);
  EXPECT_NE(out_.find("the data do not determine f here"), std::string::npos) << out_;
  EXPECT_EQ(call({"fit", data, "--outputs", "y", "--hidden", "1", "--decay", "0", "--rank_policy", "refuse",
                  "--diagnostics", path("d.csv")}),
            not_all_well);
  EXPECT_NE(err_.find("d.csv is not written"), std::string::npos) << err_;
  EXPECT_NE(out_.find("no standard errors"), std::string::npos) << out_;
}

TEST_F(FitCommands, TheFitFileSaysHowItWasReported) {
  ASSERT_EQ(fit_rat42("fit.json"), all_well);
  const StoredFit stored = read_fit(path("fit.json"));
  EXPECT_EQ(stored.covariance, CovarianceKind::delta);
  ASSERT_TRUE(stored.curvature.has_value());
  EXPECT_NE(
      out_.find(fmt::format("intrinsic {:.2g}", stored.curvature->intrinsic * stored.curvature->root_f)),
      std::string::npos)
      << out_;
  // and intervals are made so, whatever the default has become
  auto json = nlohmann::ordered_json::parse(testing::contents_of(path("fit.json")));
  json["intervals"]["covariance"] = "hc0";
  const std::string other = folder_.file("hc0.json", json.dump());
  ASSERT_EQ(call({"interval", other, "--grid_points", "2"}), all_well) << err_;
  EXPECT_NE(out_.find("hc0,9,"), std::string::npos) << out_;
  json["intervals"]["covariance"] = "best";
  EXPECT_EQ(call({"interval", folder_.file("best.json", json.dump())}), wrong_input);
}

TEST_F(FitCommands, IntervalsOfAFitThatHasNotSettledAreNotMadeUnlessTold) {
  EXPECT_EQ(call({"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--hidden", "2", "--decay", "0",
                  "--starts", "1", "--max_iterations", "2", "--out", path("fit.json")}),
            not_all_well);
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "2"}), not_all_well);
  EXPECT_EQ(err_.find(path("fit.json") + ": the fit has not settled"), 0U) << err_;
  EXPECT_NE(out_.find("the fit has not settled"), std::string::npos) << out_;
  EXPECT_THAT(out_, ::testing::ContainsRegex("delta,0,y,[-0-9.e]+,,,,,,,,\"the fit"));
  EXPECT_EQ(call({"interval", path("fit.json"), "--grid_points", "2", "--unsettled", "yes"}), all_well)
      << err_;
  EXPECT_EQ(err_.find(path("fit.json") + ": the fit has not settled"), 0U) << err_;
  EXPECT_EQ(out_.find("the fit has not settled"), std::string::npos) << out_;
}

TEST_F(FitCommands, TargetsThatTheOutputNeverReachesAreSaidBeforeFitting) {
  call({"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--hidden", "1", "--output_activation",
        "logistic", "--starts", "1", "--max_iterations", "3"});
  EXPECT_EQ(err_.find("y: runs from "), 0U) << err_;
  EXPECT_NE(err_.find("a logistic output from 0 to 1"), std::string::npos) << err_;
}

TEST_F(FitCommands, ADecayIsChosenWhereAUnitRunsToInfinityAndTheBandIsThere) {
  ASSERT_EQ(call({"fit", jump_data(), "--hidden", "2", "--starts", "6", "--out", path("fit.json")}), all_well)
      << out_ << err_;
  EXPECT_NE(out_.find("chosen by auto"), std::string::npos) << out_;
  EXPECT_NE(out_.find("at dose between 7 and 8"), std::string::npos) << out_;
  EXPECT_NE(out_.find("effective parameters of 7"), std::string::npos) << out_;
  EXPECT_NE(out_.find("\nsettled     no estimate would move"), std::string::npos) << out_;
  EXPECT_EQ(out_.find("nan"), std::string::npos) << out_;
  const StoredFit stored = read_fit(path("fit.json"));
  EXPECT_EQ(stored.decay_origin.value().rule, "auto");
  EXPECT_GT(stored.decay_origin.value().k, 0);
  EXPECT_TRUE(stored.fit.has_decay());
  EXPECT_TRUE(stored.fit.end->remaining.has_value());
  EXPECT_EQ(stored.how.dof_rule, DofRule::n_minus_trace);
  EXPECT_EQ(call({"interval", path("fit.json"), "--at", "data", "--out", path("bands.csv")}), all_well)
      << err_;
  EXPECT_TRUE(all_above(csv_column(path("bands.csv"), "se_mean"), 0));
}

// What is said of the starts is said of one optimum, and agrees with itself.
TEST_F(FitCommands, StartsEndWhenTheBestWasReachedOftenEnoughAndSayHowSureThatIs) {
  const std::vector<std::string> fit{"fit", sine_data(), "--outputs", "y", "--inputs", "x", "--hidden", "2"};
  const auto with = [&fit](const std::vector<std::string>& more) {
    std::vector<std::string> all = fit;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  call(with({"--out", path("fit.json")}));
  EXPECT_NE(out_.find(" reached the best optimum, as often as was wanted; objective from "),
            std::string::npos)
      << out_;
  EXPECT_NE(out_.find("\nhow sure    different optima among "), std::string::npos) << out_;
  const StartSummary enough = read_fit(path("fit.json")).fit.end.value().starts;
  EXPECT_GE(enough.n_at_best, enough.n_wanted.value());
  EXPECT_GE(enough.n_redraws, 2 * enough.n_drawn);

  call(with({"--most_starts", "2"}));
  EXPECT_NE(out_.find(" of 2 reached the best optimum, 5 were wanted; "), std::string::npos) << out_;
  EXPECT_NE(out_.find("a lower optimum may be left"), std::string::npos) << out_;

  call(with({"--starts", "6", "--out", path("fit.json")}));
  EXPECT_EQ(out_.find("wanted"), std::string::npos) << out_;
  const StartSummary of_six = read_fit(path("fit.json")).fit.end.value().starts;
  EXPECT_EQ(of_six.n_wanted, std::nullopt);
  EXPECT_GE(of_six.n_redraws, 1);
  EXPECT_NE(out_.find(fmt::format("\nredraws     units were drawn anew {} times, which led further down ",
                                  of_six.n_redraws)),
            std::string::npos)
      << out_;
}

TEST_F(FitCommands, WithoutADecayAUnitThatRunsToInfinityIsSaid) {
  EXPECT_EQ(call({"fit", jump_data(), "--hidden", "1", "--starts", "4", "--decay", "0"}), not_all_well);
  EXPECT_NE(out_.find("runaway     unit 0 of layer 1 tends to a step at dose between 7 and 8"),
            std::string::npos)
      << out_;
  EXPECT_NE(out_.find("--decay auto"), std::string::npos) << out_;
}

// An interrupt at the third look at the clock.
TEST_F(FitCommands, AnInterruptLeavesTheBestFitSoFarInItsFile) {
  std::ostringstream out, err;
  int n_looks = 0;
  const harness::ProgressDisplay display{.out = err, .now = [&] {
                                           if (++n_looks == 3) std::raise(SIGINT);
                                           return std::chrono::steady_clock::now();
                                         }};
  const std::vector<std::string> arguments{"fit", jump_data(), "--starts", "4", "--out", path("fit.json")};
  EXPECT_EQ(run_command_line(arguments, out, display, {}), 128 + SIGINT);
  EXPECT_NE(err.str().find("interrupted"), std::string::npos) << err.str();
  const StoredFit stored = read_fit(path("fit.json"));
  EXPECT_EQ(stored.fit.end->stop, Stop::interrupted);
  EXPECT_FALSE(stored.fit.has_settled());
}

// Before the report, so that a report that fails or takes long loses nothing; here there is nowhere to print it.
TEST_F(FitCommands, TheFitIsWrittenBeforeItsReport) {
  class Full final : public std::streambuf {
    int overflow(int) override { throw std::runtime_error("nowhere to print"); }
    std::streamsize xsputn(const char*, std::streamsize) override {
      throw std::runtime_error("nowhere to print");
    }
  } full;
  std::ostream out(&full);
  out.exceptions(std::ios::badbit);
  std::ostringstream err;
  const harness::ProgressDisplay display{.out = err};
  const std::vector<std::string> arguments{"fit",    rat42 / "rat42.csv",  "--outputs",     "yield",
                                           "--from", rat42 / "start.json", "--starts",      "0",
                                           "--out",  path("fit.json"),     "--diagnostics", path("d.csv")};
  EXPECT_EQ(run_command_line(arguments, out, display, {}), bug);
  EXPECT_EQ(read_fit(path("fit.json")).fit.data.X.rows(), 9);
  EXPECT_EQ(csv_column(path("d.csv"), "leverage").size(), 9);
}

// One fit of 205 parameters, whose file says in which form it was asked for.
TEST_F(FitCommands, BandsOfEveryFormAreTheSame) {
  call({"fit", sine_data(), "--hidden", "12x12", "--decay", "0.1", "--decay_biases", "yes", "--starts", "1",
        "--form", "dual", "--out", path("fit.json")});
  EXPECT_NE(out_.find("data and decay determine all 205 directions"), std::string::npos) << out_;
  EXPECT_EQ(read_fit(path("fit.json")).fit.form, StepForm::dual);
  const auto se_by = [&](const std::string& form) {
    EXPECT_EQ(
        call({"interval", path("fit.json"), "--at", "data", "--form", form, "--out", path("bands.csv")}),
        all_well)
        << err_;
    return csv_column(path("bands.csv"), "se_mean");
  };
  const Vector want = se_by("normal");
  for (const std::string form : {"auto", "dual", "matrix_free"})
    EXPECT_LE((se_by(form) - want).norm(), 1e-7 * want.norm()) << form;
  call({"interval", path("fit.json"), "--at", "data", "--form", "matrix_free", "--method", "hc3"});
  EXPECT_NE(err_.find("leverages take n x n matrices"), std::string::npos) << err_;
  // One option for what each form needs.
  EXPECT_EQ(call({"fit", sine_data(), "--form", "matrix_free"}), wrong_input);
  EXPECT_NE(err_.find("give the decay as a number"), std::string::npos) << err_;
}

TEST_F(FitCommands, WhatNoMemoryHoldsIsRefusedBeforeItStarts) {
  EXPECT_EQ(call({"fit", sine_data(), "--hidden", "10000x10000x10000x10000x10000x10000x10000x10000x10000"}),
            wrong_input);
  EXPECT_NE(err_.find("GiB of memory (this machine has"), std::string::npos) << err_;
  EXPECT_NE(err_.find("--hidden"), std::string::npos) << err_;
}

TEST_F(FitCommands, BadInputIsOneLineAndExitCodeTwo) {
  const std::string good = sine_data();
  const std::string text = folder_.file("text.csv", "x,y\n1,2\n2,abc\n3,4\n");
  const std::string nan = folder_.file("nan.csv", "x,y\n1,2\n2,nan\n3,4\n");
  const std::string one = folder_.file("one.csv", "x,y\n1,2\n");
  const std::string huge = folder_.file("huge.csv", "x,y\n1,2\n2,1e200\n3,4\n");
  const std::string flat = folder_.file("flat.csv", "x,level\n1,5\n2,5\n3,5\n");
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Case> cases{
      {{"fit", text, "--outputs", "y"}, "text.csv:3: column y"},
      {{"fit", nan, "--outputs", "y"}, "nan.csv:3: column y"},
      {{"fit", one, "--outputs", "y"}, "one.csv: one observation"},
      {{"fit", huge, "--outputs", "y"}, "huge.csv row 2, y: 1e+200 is too large"},
      {{"fit", flat, "--outputs", "level"}, "flat.csv: output level is 5 in every row"},
      {{"fit", good, "--outputs", "z"}, "no column 'z'"},
      {{"fit", good, "--outputs", "y", "--inputs", "x,y"}, "y is an input as well"},
      {{"fit", good, "--outputs", "y", "--inputs", "x,w", "--weights", "w"},
       "w is an input or output as well"},
      {{"fit", good, "--outputs", "y", "--starts", "0"}, "nothing to start from"},
      {{"fit", good, "--outputs", "y", "--dof", "known_sigma"}, "needs --sigma"},
      {{"fit", good, "--outputs", "y", "--from", rat42 / "start.json"},
       "has 1 inputs and 1 outputs, the data 2 and 1"},
      {{"fit", good, "--outputs", "y", "--out", path("no/fit.json")}, "cannot be written"},
      {{"fit", good, "--outputs", "y", "--out", good}, "is what is being read"},
      {{"fit", good, "--outputs", "y", "--out", path("a"), "--diagnostics", path("./a")},
       "is what --out is to write"},
      {{"fit"}, "one data file is wanted"},
      {{"interval"}, "one fit file is wanted"},
      {{"interval", good}, "is not a fit file"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(call(c.arguments), wrong_input) << c.message;
    EXPECT_NE(err_.find(c.message), std::string::npos) << err_;
    EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1) << err_;
    EXPECT_EQ(out_, "");
  }
}

TEST_F(FitCommands, AFitFileWithANegativePenaltyIsRefused) {
  const std::string data = folder_.file("line.csv", "x,y\n1,2\n2,3\n3,5\n4,4\n");
  ASSERT_EQ(call({"fit", data, "--hidden", "none", "--decay", "0.5", "--out", path("fit.json")}), all_well);
  EXPECT_EQ(call({"interval", path("fit.json")}), all_well) << err_;
  std::ifstream in(path("fit.json"));
  auto json = nlohmann::json::parse(in);
  json["decay"][0] = -0.5;
  EXPECT_EQ(call({"interval", folder_.file("negative.json", json.dump())}), wrong_input);
  EXPECT_NE(err_.find("negative.json: decay: -0.5 is not a penalty"), std::string::npos) << err_;
}

// The pasture's curve with its columns scaled by fixed layers is the same curve: bounds in the units of the data, noise
// on the input and a known sigma in them too.
TEST_F(FitCommands, FixedLayersScaleTheColumnsAndChangeNoBound) {
  const std::string scaled =
      folder_.file("scaled.json", R"({"format": "jacobench-mlp", "version": 1, "layers": [
    {"activation": "identity", "fixed": true, "weights": [[0.0625]], "bias": [-1]},
    {"activation": "logistic", "weights": [[1.1]], "bias": [-1.5]},
    {"activation": "identity", "weights": [[2.2]]},
    {"activation": "identity", "fixed": true, "weights": [[32]], "bias": [0]}]})");
  ASSERT_EQ(call({"fit", rat42 / "rat42.csv", "--outputs", "yield", "--from", scaled, "--starts", "0",
                  "--decay", "0", "--out", path("scaled_fit.json")}),
            all_well)
      << err_;
  EXPECT_NE(out_.find("scaled      by fixed layers"), std::string::npos) << out_;
  ASSERT_EQ(fit_rat42("fit.json"), all_well) << err_;
  struct Case {
    std::vector<std::string> options, columns;
  };
  const Case cases[] = {
      {{"--at", "data"}, {"growing_time", "fit", "se_mean", "mean_lower", "mean_upper", "prediction_upper"}},
      {{"--grid_points", "5", "--sides", "upper"}, {"growing_time", "fit", "mean_upper", "prediction_upper"}},
      {{"--sigma", "1.25"}, {"fit", "se_mean", "prediction_lower"}},
      {{"--input_noise", "2"}, {"se_mean", "se_prediction"}},
      {{"--method", "profile"}, {"fit", "mean_lower", "mean_upper"}}};
  for (const auto& [options, columns] : cases) {
    const auto bands = [&](const std::string& fit) {
      std::vector<std::string> arguments{"interval", path(fit), "--quiet", "--out", path(fit + ".csv")};
      arguments.insert(arguments.end(), options.begin(), options.end());
      EXPECT_EQ(call(arguments), all_well) << err_;
      return path(fit + ".csv");
    };
    const std::string one = bands("fit.json"), said = err_, other = bands("scaled_fit.json");
    // Two fits that end where rounding stops them, and bounds of a profile that are searched to 1e-9.
    for (const std::string& column : columns)
      EXPECT_TRUE(all_within_relative(csv_column(other, column), csv_column(one, column), 1e-7))
          << column << options.front();
    EXPECT_EQ(err_.substr(0, err_.find(" degrees")), said.substr(0, said.find(" degrees")));
  }
}

TEST_F(FitCommands, IntervalsRefuseWhatAMethodDoesNotHave) {
  ASSERT_EQ(call({"fit", sine_data(), "--outputs", "y", "--hidden", "2", "--out", path("fit.json")}),
            all_well)
      << out_;
  EXPECT_EQ(call({"interval", path("fit.json")}), wrong_input);
  EXPECT_NE(err_.find("--at grid: takes one input"), std::string::npos) << err_;
  ASSERT_EQ(fit_rat42("rat.json"), all_well);
  EXPECT_EQ(call({"interval", path("rat.json"), "--method", "profile", "--simultaneous", "scheffe"}),
            not_all_well);
  EXPECT_NE(err_.find("point by point"), std::string::npos) << err_;
  EXPECT_EQ(
      call({"interval", path("rat.json"), "--method", "bootstrap_pairs_percentile", "--input_noise", "1"}),
      not_all_well);
  EXPECT_NE(err_.find("without noise on the inputs"), std::string::npos) << err_;
  EXPECT_EQ(call({"interval", path("rat.json"), "--out", path("no/bands.csv")}), wrong_input);
  EXPECT_NE(err_.find("--out: "), std::string::npos) << err_;
  EXPECT_EQ(call({"interval", path("rat.json"), "--at", path("none.csv")}), wrong_input);
  const std::string points = folder_.file("points.csv", "time\n1\n");
  EXPECT_EQ(call({"interval", path("rat.json"), "--at", points}), wrong_input);
  EXPECT_NE(err_.find("growing_time"), std::string::npos) << err_;
}

}  // namespace
}  // namespace jacobench::cli
