#include "coverage/noise_law.hpp"

#include <cmath>
#include <limits>

#include <boost/random/exponential_distribution.hpp>
#include <boost/random/student_t_distribution.hpp>

#include "jacobench/base/distributions.hpp"
#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench::coverage {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Integrals {
  double F, H;
};

template <Integrals (*at)(double z)>
void of_each(std::span<const double> z, double* F, double* H) {
  for (std::size_t i = 0; i < z.size(); ++i) {
    const Integrals its = std::isnan(z[i]) ? Integrals{z[i], z[i]} : at(z[i]);
    F[i] = its.F;
    H[i] = its.H;
  }
}

template <double (*draw)(RandomStream& stream)>
void draw_each(RandomStream& stream, std::span<double> e) {
  for (double& its : e) its = draw(stream);
}

void draw_normal(RandomStream& stream, std::span<double> e) { stream.fill_normal(e); }

// z Phi(z) + phi(z)
void normal_integrals(std::span<const double> z, double* F, double* H) {
  kernel::kernels().normal(z.data(), F, H, std::ssize(z));
  for (std::size_t i = 0; i < z.size(); ++i)
    if (z[i] != -infinity) H[i] += z[i] * F[i];
}

constexpr double student_scale = 0.77459666924148337704;  // sqrt(3 / 5)

double draw_student(RandomStream& stream) {
  return student_scale * boost::random::student_t_distribution<double>(5)(stream);
}

// With t = z / scale: z F(t) + scale (5 + t^2) / 4 f(t), since t f(t) is the slope of -(5 + t^2) / 4 f(t).
Integrals student_integrals(double z) {
  if (std::isinf(z)) return z < 0 ? Integrals{0, 0} : Integrals{1, z};
  const StudentDistribution student(5);
  const double t = z / student_scale, F = cdf(student, t);
  return {F, z * F + student_scale * (5 + t * t) / 4 * pdf(student, t)};
}

double draw_skewed(RandomStream& stream) {
  return boost::random::exponential_distribution<double>(1)(stream) - 1;
}

// F = 1 - exp(-a), H = a - F, a = z + 1
Integrals skewed_integrals(double z) {
  if (!(z > -1)) return {0, 0};
  const double F = -std::expm1(-(z + 1));
  return {F, z + 1 - F};
}

constexpr NoiseLawInfo noise_laws[] = {
    {"normal", "normal", draw_normal, normal_integrals, false},
    {"student5", "Student's t with 5 degrees of freedom: heavy tails", draw_each<draw_student>,
     of_each<student_integrals>, false},
    {"skewed", "exponential less its mean: a long upper tail", draw_each<draw_skewed>,
     of_each<skewed_integrals>, false},
    {"heteroscedastic", "normal, with a standard deviation of sd exp(x_1 / scale)", draw_normal,
     normal_integrals, true},
};

}  // namespace

std::span<const NoiseLawInfo> noise_law_table() { return noise_laws; }

double sd_at(const NoiseLawInfo& law, double sd, const RowView& x, double scale) {
  JB_EXPECT(x.size() > 0 && scale > 0, "a point of {} inputs, a scale of {}", x.size(), scale);
  return law.is_heteroscedastic ? sd * std::exp(x[0] / scale) : sd;
}

}  // namespace jacobench::coverage
