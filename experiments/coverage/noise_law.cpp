#include "coverage/noise_law.hpp"

#include <cmath>

#include <boost/random/exponential_distribution.hpp>
#include <boost/random/student_t_distribution.hpp>

#include "jacobench/base/distributions.hpp"
#include "jacobench/base/errors.hpp"

namespace jacobench::coverage {
namespace {

// E max(z - e, 0) tends to 0 and to z.
double limit_of_mean_below(double z) { return z < 0 ? 0 : z; }

double draw_normal(RandomStream& stream) { return stream.normal(); }

double normal_cdf(double z) { return cdf(NormalDistribution(), z); }

// z Phi(z) + phi(z)
double normal_mean_below(double z) {
  if (std::isinf(z)) return limit_of_mean_below(z);
  return z * normal_cdf(z) + pdf(NormalDistribution(), z);
}

constexpr double student_scale = 0.77459666924148337704;  // sqrt(3 / 5)

StudentDistribution student() { return StudentDistribution(5); }

double draw_student(RandomStream& stream) {
  return student_scale * boost::random::student_t_distribution<double>(5)(stream);
}

double student_cdf(double z) { return cdf(student(), z / student_scale); }

// With t = z / scale: z F(t) + scale (5 + t^2) / 4 f(t), since t f(t) is the slope of -(5 + t^2) / 4 f(t).
double student_mean_below(double z) {
  if (std::isinf(z)) return limit_of_mean_below(z);
  const double t = z / student_scale;
  return z * cdf(student(), t) + student_scale * (5 + t * t) / 4 * pdf(student(), t);
}

double draw_skewed(RandomStream& stream) {
  return boost::random::exponential_distribution<double>(1)(stream) - 1;
}

double skewed_cdf(double z) { return z > -1 ? -std::expm1(-(z + 1)) : 0; }

// a - 1 + exp(-a), a = z + 1
double skewed_mean_below(double z) { return z > -1 ? z + 1 + std::expm1(-(z + 1)) : 0; }

constexpr NoiseLawInfo noise_laws[] = {
    {"normal", "normal", draw_normal, normal_cdf, normal_mean_below, false},
    {"student5", "Student's t with 5 degrees of freedom: heavy tails", draw_student, student_cdf,
     student_mean_below, false},
    {"skewed", "exponential less its mean: a long upper tail", draw_skewed, skewed_cdf, skewed_mean_below,
     false},
    {"heteroscedastic", "normal, with a standard deviation of sd exp(x_1 / scale)", draw_normal, normal_cdf,
     normal_mean_below, true},
};

}  // namespace

std::span<const NoiseLawInfo> noise_law_table() { return noise_laws; }

double sd_at(const NoiseLawInfo& law, double sd, const RowView& x, double scale) {
  JB_EXPECT(x.size() > 0 && scale > 0, "a point of {} inputs, a scale of {}", x.size(), scale);
  return law.is_heteroscedastic ? sd * std::exp(x[0] / scale) : sd;
}

}  // namespace jacobench::coverage
