// Fits of small networks to noisy values of a teacher, from there, and all that is kept of each: what tests of fits in
// lanes share.
#pragma once

#include <cmath>
#include <vector>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fitter.hpp"

namespace jacobench::testing {

// A teacher, what is fitted to its noisy values from there, and how.
struct LaneStudy {
  Perceptron network;
  Vector teacher;
  Dataset like;  // without noise
  FitOptions options;
  double sd = 0.01;
  bool is_mixed = false;  // some data have other inputs, or weights

  Dataset data(std::uint32_t replicate) const {
    Dataset drawn = like;
    if (is_mixed && replicate % 3 == 1) drawn.X(replicate % 5, 0) += 0.25;
    if (is_mixed && replicate % 4 == 1)
      drawn.weights = Vector::LinSpaced(drawn.n_observations(), 0.5, 2 + replicate);
    RandomStream stream(3, 5, replicate, RandomPurpose::noise);
    for (Index n = 0; n < drawn.n_observations(); ++n) {
      const double root_w = drawn.weights.size() > 0 ? std::sqrt(drawn.weights[n]) : 1;
      drawn.Y(n, 0) += sd * stream.normal() / root_w;
    }
    return drawn;
  }

  std::vector<Dataset> replicates(std::uint32_t n) const {
    std::vector<Dataset> all;
    all.reserve(n);
    for (std::uint32_t r = 0; r < n; ++r) all.push_back(data(r));
    return all;
  }
};

// Each with a teacher of its own, whose parameters are N(0, 2^2): fits are often hardly determined, and descents long,
// bent and slow.
struct DrawnTeacher {
  Perceptron network;
  Vector theta;
  Dataset data;

  explicit DrawnTeacher(std::uint32_t number, Activation activation = Activation::tanh, Index n = 100)
      : network(make_perceptron({1, {4}, 1, activation})),
        theta(network.n_params()),
        data{.X = Vector::LinSpaced(n, -2, 2), .Y = {}} {
    RandomStream of_parameters(7, 1, number, RandomPurpose::parameters),
        of_noise(7, 1, number, RandomPurpose::noise);
    for (double& p : theta) p = 2 * of_parameters.normal();
    data.Y = evaluate(network, theta, data.X);
    for (double& y : data.Y.reshaped()) y += 0.02 * of_noise.normal();
  }
};

inline std::vector<DrawnTeacher> drawn_teachers(std::uint32_t n) {
  std::vector<DrawnTeacher> all;
  all.reserve(n);
  for (std::uint32_t number = 0; number < n; ++number) all.emplace_back(number);
  return all;
}

// All that is known of a fit; -1 of what is not known, -2 of what is not a number, which would not equal itself.
using FitNumbers = std::vector<double>;
inline FitNumbers numbers_of(const Fit& fit) {
  const FitEnd& end = *fit.end;
  const Remaining remaining = end.remaining.value_or(Remaining{.fall = -1, .move = -1});
  FitNumbers all(fit.theta.begin(), fit.theta.end());
  for (const double number :
       {end.rss, end.penalty, end.gradient_norm, end.relative_offset.value_or(-1), remaining.move,
        remaining.fall, static_cast<double>(end.n_iterations), static_cast<double>(end.stop),
        end.starts.lowest, end.starts.highest, static_cast<double>(end.starts.n_starts),
        static_cast<double>(end.starts.n_at_best), static_cast<double>(end.starts.n_failed)})
    all.push_back(number);
  for (double& number : all)
    if (std::isnan(number)) number = -2;
  return all;
}
// Of a fit with P parameters, where its number of iterations stands.
constexpr std::size_t place_of_iterations(Index P) { return static_cast<std::size_t>(P) + 6; }

// Fits so many, and keeps what came of each.
class FitsOfAll final : public ManyFits {
 public:
  FitsOfAll(std::vector<Dataset> data, std::vector<Vector> starts)
      : results(data.size()), data_(std::move(data)), starts_(std::move(starts)) {}
  FitsOfAll(std::vector<Dataset> data, const Vector& start)
      : FitsOfAll(data, std::vector<Vector>(data.size(), start)) {}

  bool put_next(Index slot) override {
    if (next_ == data_.size()) return false;
    const auto place = static_cast<std::size_t>(slot);
    if (place >= places_.size()) places_.resize(place + 1);
    places_[place] = next_++;
    return true;
  }
  const Dataset& data(Index slot) const override { return data_[place(slot)]; }
  const Vector& start(Index slot) const override { return starts_[place(slot)]; }
  void take(std::span<const Fitted> fitted) override {
    for (const auto& [slot, fit] : fitted) {
      ++n_taken;
      if (keeps) results[place(slot)] = numbers_of(*fit);
    }
  }

  void again() { next_ = 0; }

  std::vector<FitNumbers> results;
  std::size_t n_taken = 0;
  bool keeps = true;

 private:
  std::size_t place(Index slot) const { return places_[static_cast<std::size_t>(slot)]; }

  std::vector<Dataset> data_;
  std::vector<Vector> starts_;
  std::vector<std::size_t> places_;
  std::size_t next_ = 0;
};

}  // namespace jacobench::testing
