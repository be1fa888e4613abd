#include "study/power_law.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/statistics/linear_regression.hpp>
#include <fmt/format.h>

#include "jacobench/base/distributions.hpp"

#include "options/value_text.hpp"

namespace jacobench::harness {

std::optional<PowerLaw> fit_power_law(const std::vector<Point>& points) {
  std::vector<double> x, y;
  for (const Point& point : points)
    if (point.x > 0 && point.y > 0) {
      x.push_back(std::log(point.x));
      y.push_back(std::log(point.y));
    }
  if (x.size() < 3) return std::nullopt;
  const auto [smallest, largest] = std::minmax_element(x.begin(), x.end());
  if (*smallest == *largest) return std::nullopt;
  const auto [intercept, slope] = boost::math::statistics::simple_ordinary_least_squares(x, y);
  const double n = static_cast<double>(x.size());
  double mean = 0, squares = 0, rss = 0;
  for (const double xi : x) mean += xi / n;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares += (x[i] - mean) * (x[i] - mean);
    rss += std::pow(y[i] - intercept - slope * x[i], 2);
  }
  const double t = quantile(StudentDistribution(n - 2), 0.975);
  return PowerLaw{.exponent = slope,
                  .half_width = t * std::sqrt(rss / (n - 2) / squares),
                  .factor = std::exp(intercept),
                  .n_points = x.size(),
                  .from = std::exp(*smallest),
                  .to = std::exp(*largest),
                  .centre = std::exp(mean),
                  .half_width_at_centre = t * std::sqrt(rss / (n - 2) / n)};
}

double PowerLaw::at(double x) const { return factor * std::pow(x, exponent); }

double PowerLaw::band_at(double x) const {
  return std::exp(std::hypot(half_width_at_centre, half_width * std::log(x / centre)));
}

std::string to_text(const PowerLaw& law, std::string_view variable) {
  const std::string what =
      law.is_determined() ? fmt::format("{} {}^{:.2f}", rounded_text(law.factor, 2), variable, law.exponent)
                          : fmt::format("not determined as a power of {}", variable);
  return fmt::format("{} (95%: {:.2f} to {:.2f}{}; {} points, {} from {} to {})", what,
                     law.exponent - law.half_width, law.exponent + law.half_width,
                     law.is_determined() ? "" : ", which is wider than 1", law.n_points, variable,
                     rounded_text(law.from, 3), rounded_text(law.to, 3));
}

}  // namespace jacobench::harness
