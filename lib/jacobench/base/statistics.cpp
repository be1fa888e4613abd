#include "jacobench/base/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/distributions.hpp"
#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

bool has_nan(std::span<const double> sample) {
  return std::any_of(sample.begin(), sample.end(), [](double value) { return std::isnan(value); });
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

void expect_sample(std::span<const double> sample) { JB_EXPECT(!sample.empty(), "a figure of no sample"); }

void expect_probability(double p) { JB_EXPECT(p >= 0 && p <= 1, "a probability of {}", p); }

}  // namespace

double median(std::vector<double> sample) {
  expect_sample(sample);
  if (has_nan(sample)) return not_a_number;
  const auto upper = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), upper, sample.end());
  if (sample.size() % 2 == 1) return *upper;
  return (*std::max_element(sample.begin(), upper) + *upper) / 2;
}

double quantile(std::vector<double> sample, double p) {
  if (has_nan(sample)) return not_a_number;
  std::sort(sample.begin(), sample.end());
  return quantile_of_sorted(sample, p);
}

double quantile_of_sorted(std::span<const double> ascending, double p) {
  expect_sample(ascending);
  expect_probability(p);
  if (has_nan(ascending)) return not_a_number;
  const auto n = static_cast<double>(ascending.size());
  const double at = std::clamp(p * (n + 1) - 1, 0.0, n - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double part = at - std::floor(at);
  if (part == 0 || ascending[below] == ascending[above])
    return ascending[below];  // also where they are infinite
  return ascending[below] + part * (ascending[above] - ascending[below]);
}

double quartile_distance(std::vector<double> sample) {
  if (has_nan(sample)) return not_a_number;
  std::sort(sample.begin(), sample.end());
  return quantile_of_sorted(sample, 0.75) - quantile_of_sorted(sample, 0.25);
}

double ranked(std::vector<double> sample, double p) {
  expect_sample(sample);
  expect_probability(p);
  if (has_nan(sample)) return not_a_number;
  const double rank = std::max(1.0, std::ceil(p * static_cast<double>(sample.size())));
  const auto nth = sample.begin() + (static_cast<std::ptrdiff_t>(rank) - 1);
  std::nth_element(sample.begin(), nth, sample.end());
  return *nth;
}

double mean(const VectorView& sample) {
  JB_EXPECT(sample.size() > 0, "a mean of no sample");
  return sample.mean();
}

double variance(const VectorView& sample) {
  JB_EXPECT(sample.size() > 1, "a variance of {} values", sample.size());
  return (sample.array() - sample.mean()).square().sum() / static_cast<double>(sample.size() - 1);
}

double standard_deviation(const VectorView& sample) { return std::sqrt(variance(sample)); }

double normal_quantile(double p) {
  expect_probability(p);
  if (p == 0 || p == 1) return p == 0 ? -HUGE_VAL : HUGE_VAL;
  return quantile(NormalDistribution(), p);
}

}  // namespace jacobench
