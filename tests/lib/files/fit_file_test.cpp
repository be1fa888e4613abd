// A fit file gives back what was written, and refuses what does not belong together.
#include "jacobench/files/fit_file.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fit.hpp"

#include "support/fitted.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench {
namespace {

using ::testing::HasSubstr;

class FitFile : public ::testing::Test {
 protected:
  void write_text(const std::string& text) const { std::ofstream(file_) << text; }

  StoredFit there_and_back(const StoredFit& stored) const {
    write_fit(file_, stored);
    return read_fit(file_);
  }

  void expect_refused(const std::string& words) const {
    try {
      read_fit(file_);
      ADD_FAILURE() << "not refused: " << words;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(file_.string()));
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  }

  void expect_refused(const StoredFit& stored, const std::string& words) const {
    write_fit(file_, stored);
    expect_refused(words);
  }

  const testing::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "fit.json";
};

StoredFit weighted_fit(const FitOptions& options = {.decay = Vector{{0.0, 5.0, 0.1}}}) {
  const Perceptron& network = testing::fitted_linear().network;
  Dataset data = testing::fitted_linear().data;
  data.weights = Vector::LinSpaced(25, 0.5, 3);
  data.output_scales = Vector{{1.7}};
  data.output_noise = OutputNoise::own;
  return {fit(network, data, options), {"a", "b"}, {"y"}, "some.csv"};
}

void expect_same(const StartSummary& a, const StartSummary& b) {
  EXPECT_EQ(a.n_starts, b.n_starts);
  EXPECT_EQ(a.has_reached_work_limit, b.has_reached_work_limit);
  EXPECT_EQ(a.n_failed, b.n_failed);
  EXPECT_EQ(a.n_at_best, b.n_at_best);
  EXPECT_EQ(a.lowest, b.lowest);
  EXPECT_EQ(a.median, b.median);
  EXPECT_EQ(a.highest, b.highest);
  EXPECT_EQ(a.n_drawn, b.n_drawn);
  EXPECT_EQ(a.n_optima, b.n_optima);
  EXPECT_EQ(a.n_seen_once, b.n_seen_once);
  EXPECT_EQ(a.n_redraws, b.n_redraws);
  EXPECT_EQ(a.n_lowered, b.n_lowered);
  EXPECT_EQ(a.n_wanted, b.n_wanted);
  ASSERT_EQ(a.outcomes.size(), b.outcomes.size());
  for (std::size_t s = 0; s < a.outcomes.size(); ++s) {
    EXPECT_EQ(a.outcomes[s].objective, b.outcomes[s].objective);
    EXPECT_EQ(a.outcomes[s].is_drawn, b.outcomes[s].is_drawn);
    EXPECT_EQ(a.outcomes[s].has_arrived, b.outcomes[s].has_arrived);
  }
}

// To the bit.
void expect_same(const StoredFit& a, const StoredFit& b) {
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.fit.network.n_inputs(), b.fit.network.n_inputs());
  EXPECT_EQ(a.fit.network.n_layers(), b.fit.network.n_layers());
  EXPECT_EQ(a.fit.theta, b.fit.theta);
  EXPECT_EQ(a.fit.data.X, b.fit.data.X);
  EXPECT_EQ(a.fit.data.Y, b.fit.data.Y);
  EXPECT_EQ(a.fit.data.weights, b.fit.data.weights);
  EXPECT_EQ(a.fit.data.output_scales, b.fit.data.output_scales);
  EXPECT_EQ(a.fit.data.output_noise, b.fit.data.output_noise);
  EXPECT_EQ(a.fit.data.output_correlation, b.fit.data.output_correlation);
  EXPECT_EQ(a.fit.decay, b.fit.decay);
  EXPECT_EQ(a.fit.form, b.fit.form);
  EXPECT_EQ(a.fit.jacobian.strategy, b.fit.jacobian.strategy);
  EXPECT_EQ(a.fit.jacobian.options.relative_step, b.fit.jacobian.options.relative_step);
  ASSERT_EQ(a.fit.end.has_value(), b.fit.end.has_value());
  if (!a.fit.end) return;
  EXPECT_EQ(a.fit.end->stop, b.fit.end->stop);
  EXPECT_EQ(a.fit.end->n_iterations, b.fit.end->n_iterations);
  EXPECT_EQ(a.fit.end->rss, b.fit.end->rss);
  EXPECT_EQ(a.fit.end->penalty, b.fit.end->penalty);
  EXPECT_EQ(a.fit.end->gradient_norm, b.fit.end->gradient_norm);
  EXPECT_EQ(a.fit.end->relative_offset, b.fit.end->relative_offset);
  ASSERT_EQ(a.fit.end->remaining.has_value(), b.fit.end->remaining.has_value());
  if (a.fit.end->remaining) {
    EXPECT_EQ(a.fit.end->remaining->fall, b.fit.end->remaining->fall);
    EXPECT_EQ(a.fit.end->remaining->move, b.fit.end->remaining->move);
  }
  expect_same(a.fit.end->starts, b.fit.end->starts);
}

TEST_F(FitFile, GivesBackTheSameBits) {
  const StoredFit stored = weighted_fit();
  EXPECT_EQ(stored.fit.end->starts.n_starts, 10);
  EXPECT_EQ(stored.fit.end->starts.outcomes.size(), 10u);
  EXPECT_GT(stored.fit.end->penalty, 0);
  expect_same(there_and_back(stored), stored);
  const StoredFit again = read_fit(file_);
  EXPECT_EQ(to_fit_text(again), to_fit_text(stored));
  EXPECT_EQ(again.fit.rss(), stored.fit.rss());
  EXPECT_TRUE(again.fit.has_converged());
}

TEST_F(FitFile, GivesBackWhichStrategyGaveTheJacobian) {
  expect_same(there_and_back(weighted_fit({.jacobian = {.strategy = "per_parameter"}})),
              weighted_fit({.jacobian = {.strategy = "per_parameter"}}));
  const JacobianChoice differences{.strategy = "ceres_central", .options = {.relative_step = 1e-6}};
  const StoredFit stored = weighted_fit({.jacobian = differences});
  expect_same(there_and_back(stored), stored);
  EXPECT_EQ(read_fit(file_).fit.jacobian.options.relative_step, 1e-6);
}

// A file of an older program has neither.
TEST_F(FitFile, GivesBackHowTheDecayWasChosenAndWhatIsLeftToDo) {
  StoredFit stored = weighted_fit();
  stored.fit.end->remaining = {.fall = 0.04, .move = 0.2};
  stored.decay_origin = {.rule = "evidence", .k = 0.1, .effective_parameters = 2.5};
  expect_same(there_and_back(stored), stored);
  EXPECT_FALSE(read_fit(file_).fit.has_settled());
  const DecayOrigin origin = read_fit(file_).decay_origin.value();
  EXPECT_EQ(origin.rule, "evidence");
  EXPECT_EQ(origin.k, 0.1);
  EXPECT_EQ(origin.effective_parameters, 2.5);
  auto json = nlohmann::ordered_json::parse(to_fit_text(stored));
  json["decay_choice"].erase("k");
  write_text(json.dump());
  expect_refused("decay_choice: does not say how the decay was chosen");
  json.erase("decay_choice");
  json["end"].erase("remaining");
  for (const char* key : {"drawn", "optima", "seen_once", "redraws", "lowered", "wanted", "each"})
    json["end"]["starts"].erase(key);
  write_text(json.dump());
  EXPECT_EQ(read_fit(file_).fit.end->starts.n_drawn, 0);
  EXPECT_EQ(read_fit(file_).fit.end->starts.n_wanted, std::nullopt);
  EXPECT_TRUE(read_fit(file_).fit.end->starts.outcomes.empty());
  EXPECT_FALSE(read_fit(file_).decay_origin.has_value());
  EXPECT_FALSE(read_fit(file_).fit.end->remaining.has_value());
}

// Every stop, and what an end may lack: an offset, and starts that are finite.
TEST_F(FitFile, GivesBackHowTheFitEnded) {
  StoredFit stored = weighted_fit();
  for (const StopInfo& stop : stop_table()) {
    stored.fit.end->stop = stop.stop;
    expect_same(there_and_back(stored), stored);
  }
  stored.fit.end->relative_offset = {};
  stored.fit.end->gradient_norm = std::numeric_limits<double>::infinity();
  stored.fit.end->starts.highest = std::numeric_limits<double>::infinity();
  stored.fit.end->starts.n_drawn = 9;
  stored.fit.end->starts.n_optima = 5;
  stored.fit.end->starts.n_seen_once = 3;
  stored.fit.end->starts.n_redraws = 7;
  stored.fit.end->starts.n_lowered = 2;
  stored.fit.end->starts.n_wanted = 4;
  stored.fit.end->starts.outcomes = {
      {.objective = 2.5, .is_drawn = true, .has_arrived = false},
      {.objective = std::numeric_limits<double>::infinity(), .is_drawn = false, .has_arrived = true}};
  expect_same(there_and_back(stored), stored);
  stored.fit.end = {};
  expect_same(there_and_back(stored), stored);
}

TEST_F(FitFile, GivesBackTheCorrelationOfTheNoise) {
  const Matrix X = Matrix::Random(12, 1);
  Matrix Y(12, 2);
  Y << X + 0.1 * Matrix::Random(12, 1), Matrix::Random(12, 1);
  Y.col(1) += 3 * Y.col(0);
  const Perceptron network(1, {{1, Activation::tanh}, {2, Activation::identity}});
  const StoredFit stored{fit(network, {X, Y}, {.n_starts = 2, .output_noise = OutputNoise::joint}),
                         {"a"},
                         {"y", "z"},
                         "some.csv"};
  EXPECT_NE(stored.fit.data.output_correlation(0, 1), 0);
  expect_same(there_and_back(stored), stored);
  auto json = nlohmann::ordered_json::parse(to_fit_text(stored));
  json["output_correlation"][0][1] = 1.5;
  write_text(json.dump());
  expect_refused("not a correlation matrix");
  json.erase("output_correlation");
  write_text(json.dump());
  expect_refused("output_noise: is joint, and there is no output_correlation");
}

// y = 2 x + 1 at three points, as version 1 was written.
TEST_F(FitFile, GivesBackHowIntervalsWereChosen) {
  StoredFit stored = weighted_fit();
  stored.how = {.dof_rule = DofRule::known_sigma,
                .known_sigma = 0.1 + 0.2,
                .rank_policy = RankPolicy::pseudo_inverse,
                .ridge = 1e-5 / 3};
  const IntervalOptions how = there_and_back(stored).how;
  EXPECT_EQ(how.dof_rule, DofRule::known_sigma);
  EXPECT_EQ(how.known_sigma, 0.1 + 0.2);
  EXPECT_EQ(how.rank_policy, RankPolicy::pseudo_inverse);
  EXPECT_EQ(how.ridge, 1e-5 / 3);
  EXPECT_EQ(there_and_back(weighted_fit()).how.dof_rule, DofRule::n_minus_trace);
}

TEST_F(FitFile, OfVersionOneIsReadWithoutAnEnd) {
  write_text(R"({"format": "jacobench-fit", "version": 1,
    "model": {"format": "jacobench-mlp", "version": 1,
              "layers": [{"activation": "identity", "weights": [[2]], "bias": [1]}]},
    "inputs": ["x"], "outputs": ["y"], "X": [[0], [1], [2]], "Y": [[1.5], [3], [4.5]],
    "weights": [1, 2, 4], "decay": [0.5, 0], "rss": 1.25, "source": "old.csv"})");
  const StoredFit stored = read_fit(file_);
  EXPECT_FALSE(stored.fit.end);
  EXPECT_FALSE(stored.fit.has_converged());
  EXPECT_EQ(stored.fit.theta, (Vector{{2, 1}}));
  EXPECT_EQ(stored.fit.decay, (Vector{{0.5, 0}}));
  EXPECT_EQ(stored.fit.data.weights, (Vector{{1, 2, 4}}));
  EXPECT_EQ(stored.fit.data.output_scales.size(), 0);
  EXPECT_EQ(stored.fit.jacobian.strategy, "layerwise");
  EXPECT_EQ(stored.source, "old.csv");
  EXPECT_EQ(stored.fit.rss(), 1.25);
  // written anew it is of this version, still without an end
  expect_same(there_and_back(stored), stored);
}

// Columns as they were given, and those of the network behind its fixed layers.
TEST_F(FitFile, GivesBackTheColumnsOfTheUser) {
  StoredFit stored = weighted_fit({});
  const Matrix X = stored.X(), Y = stored.Y();
  Fit fitted = stored.fit;
  fitted.end.reset();
  stored.take(fitted, {Vector::Ones(2), Vector{{-0.1, -77.7}}}, {Vector::Ones(1), Vector{{1e3}}});
  const StoredFit back = there_and_back(stored);
  expect_same(back, stored);
  EXPECT_EQ(back.X(), X);
  EXPECT_EQ(back.Y(), Y);
  EXPECT_EQ(back.fit.data.X.col(1), (X.col(1).array() - 77.7).matrix());
  EXPECT_EQ(back.fit.data.Y, (Y.array() - 1e3).matrix());
}

// Of version 2 these were the columns of the network.
TEST_F(FitFile, OfVersionTwoHasTheColumnsOfTheNetwork) {
  write_text(R"({"format": "jacobench-fit", "version": 2,
    "model": {"format": "jacobench-mlp", "version": 1, "layers": [
      {"activation": "identity", "fixed": true, "weights": [[2]], "bias": [1]},
      {"activation": "identity", "weights": [[2]], "bias": [1]},
      {"activation": "identity", "fixed": true, "weights": [[4]], "bias": [8]}]},
    "inputs": ["x"], "outputs": ["y"], "X": [[0], [1], [2]], "Y": [[1.5], [3], [4.5]],
    "rss": 0.5, "source": "old.csv"})");
  const StoredFit stored = read_fit(file_);
  EXPECT_EQ(stored.fit.data.X, (Matrix{{0}, {1}, {2}}));
  EXPECT_EQ(stored.X(), (Matrix{{-0.5}, {0}, {0.5}}));
  EXPECT_EQ(stored.fit.data.Y, (Matrix{{1.5}, {3}, {4.5}}));
  EXPECT_EQ(stored.Y(), (Matrix{{14}, {20}, {26}}));
  expect_same(there_and_back(stored), stored);
}

TEST_F(FitFile, RefusesWhatDoesNotBelongTogether) {
  const auto with = [](auto change) {
    StoredFit stored = weighted_fit();
    change(stored.fit);
    return stored;
  };
  expect_refused(with([](Fit& f) { f.end->rss *= 1.001; }), "rss: is ");
  expect_refused(with([](Fit& f) { f.data.weights[3] = 2.5; }), "rss: is ");
  expect_refused(with([](Fit& f) { f.data.output_scales[0] = 1.8; }), "rss: is ");
  expect_refused(with([](Fit& f) { f.data.output_scales.resize(0); }),
                 "output_noise: is own, and there are no output_scales");
  expect_refused(with([](Fit& f) { f.decay = Vector::Zero(2); }), "decay: has 2 numbers for 3");
  expect_refused(with([](Fit& f) { f.decay[1] = -5; }), "decay: -5 is not a penalty");
  expect_refused(with([](Fit& f) { f.data.X(4, 1) = 1e200; }), " row 5, b: 1e+200 is too large");
  expect_refused(with([](Fit& f) { f.data.Y.setConstant(2); }), "output y is 2 in every row");
}

// Every value of a file by null, a number, a list, an object or a text, and every key left out.
TEST_F(FitFile, IsReadOrRefusedWhateverItsValuesAre) {
  StoredFit stored = weighted_fit();
  stored.words = {{"a", {"F", "M"}}};
  stored.covariance = CovarianceKind::ridge;
  stored.decay_origin = DecayOrigin{.rule = "loo", .k = 0.1, .effective_parameters = 2};
  stored.curvature = Curvature{};
  const auto json = nlohmann::json::parse(to_fit_text(stored));
  const nlohmann::json others[] = {nullptr, 5, nlohmann::json::array({1, "x"}), {{"x", 1}}, "text"};
  int n_refused = 0;
  const auto read = [&](const nlohmann::json& changed, const std::string& where) {
    write_text(changed.dump());
    try {
      read_fit(file_);
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(file_.string())) << where;
      ++n_refused;
    }
  };
  const std::function<void(const nlohmann::json::json_pointer&)> spoil = [&](const auto& at) {
    for (const auto& other : others) {
      nlohmann::json changed = json;
      changed.at(at) = other;
      read(changed, at.to_string());
    }
    if (!json.at(at).is_object()) return;
    for (const auto& [key, value] : json.at(at).items()) {
      nlohmann::json changed = json;
      changed.at(at).erase(key);
      read(changed, at.to_string() + " without " + key);
      spoil(at / key);
    }
  };
  spoil(nlohmann::json::json_pointer());
  EXPECT_GT(n_refused, 100);
}

TEST_F(FitFile, RefusesWhatIsNotOne) {
  const auto changed = [](auto change) {
    auto json = nlohmann::ordered_json::parse(to_fit_text(weighted_fit()));
    change(json);
    return json.dump();
  };
  const auto expect_text_refused = [&](const std::string& text, const std::string& words) {
    write_text(text);
    expect_refused(words);
  };
  expect_text_refused("[1, 2", "is not a fit file");
  expect_text_refused(changed([](auto& json) { json["version"] = 4; }), "it reads 1 to 3");
  expect_text_refused(changed([](auto& json) { json["end"]["stop"] = "tired"; }),
                      "end: unknown stop 'tired'");
  expect_text_refused(changed([](auto& json) { json["end"].erase("starts"); }), "end: does not say");
  expect_text_refused(changed([](auto& json) { json["end"]["iterations"] = "many"; }), "end: does not say");
  expect_text_refused(changed([](auto& json) { json["strategy"] = "guesses"; }), "guesses");
  expect_text_refused(changed([](auto& json) { json["strategy"] = 3; }),
                      "strategy: is missing or not of its kind");
  expect_text_refused(changed([](auto& json) { json["X"][2] = {1}; }), "X: row 3 has 1 numbers, want 2");
  expect_text_refused(changed([](auto& json) { json.erase("rss"); }), "rss: is missing");
}

}  // namespace
}  // namespace jacobench
