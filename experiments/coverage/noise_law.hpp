// Laws of the noise e on the observations y = f(x) + sd(x) e, each of mean 0 and variance 1.
//
// Model:  normal          N(0, 1)
//         student5        t_5 sqrt(3 / 5): heavy tails
//         skewed          Exp(1) - 1: no errors below -1, a long tail above
//         heteroscedastic N(0, 1) as well, but sd(x) = sd exp(x_1 / scale), the other laws having sd(x) = sd
// Source: the kernels' normal distribution, Boost.Math for Student's, Boost.Random for draws
#pragma once

#include <span>
#include <string_view>

#include "jacobench/base/matrix.hpp"
#include "jacobench/base/random.hpp"

namespace jacobench::coverage {

// F(z) = P(e <= z) and H(z) = E max(z - e, 0) = int_{-inf}^z F: what an interval score needs, since E max(e - z, 0) =
// H(z) - z. Infinite z give the limits, NaN is NaN.
// Accuracy: some units of roundoff of max(1, |z|), absolute
struct NoiseLawInfo {
  std::string_view name;
  std::string_view summary;
  void (*draw)(RandomStream& stream, std::span<double> e);  // one after the other; allocates nothing
  void (*integrals)(std::span<const double> z, double* F, double* H);  // of each z
  bool is_heteroscedastic;
};

std::span<const NoiseLawInfo> noise_law_table();

// A row of a matrix of inputs, without a copy.
using RowView = Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>;

// sd(x).  Shape: x [D]; scale > 0 is that of the design
double sd_at(const NoiseLawInfo& law, double sd, const RowView& x, double scale);

}  // namespace jacobench::coverage
