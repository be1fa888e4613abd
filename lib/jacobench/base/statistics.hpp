// Figures of a sample, and quantiles of the normal distribution: the one home of what median, quantile and standard
// deviation mean here.
//
// Model:  x_(1) <= ... <= x_(n) the sample in order
//           median    x_((n + 1) / 2), for even n the mean of the two in the middle
//           quantile  at probability p: x_(h) between its neighbours, linearly, h = (n + 1) p within [1, n];
//                     plotting positions i / (n + 1), which is type 6 of Hyndman and Fan. Its half is the median
//           ranked    x_(k), k the least whole number with k / n >= p: type 1, an observation itself
//           variance  with n - 1; the standard deviation is its root
// NaN:    a sample with a NaN has NaN for every figure. Infinite values are values.
// Cost:   the median and a ranked observation O(n), a quantile a sort unless the sample comes sorted
// Errors: logic_error for an empty sample, fewer than two values for a variance, p outside [0, 1]
// Source: Hyndman and Fan (1996), Sample Quantiles in Statistical Packages, Am. Statistician 50(4); Boost.Math (normal)
#pragma once

#include <span>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

double median(std::vector<double> sample);

double quantile(std::vector<double> sample, double p);

// The same of a sample that is in ascending order already.
double quantile_of_sorted(std::span<const double> ascending, double p);

// The distance of the quantiles at 1/4 and 3/4.
double quartile_distance(std::vector<double> sample);

double ranked(std::vector<double> sample, double p);

double mean(const VectorView& sample);
double variance(const VectorView& sample);
double standard_deviation(const VectorView& sample);

// The z with P(Z <= z) = p, Z standard normal; infinite at 0 and 1. Far up, take -normal_quantile(1 - p) with 1 - p
// written out: the double nearest to 0.9995 is not 0.9995, and z tells.
double normal_quantile(double p);

// The z of two-sided intervals at 95 and 99.9 %.
inline constexpr double z_95 = 1.959963984540054;
inline constexpr double z_999 = 3.290526731491896;

}  // namespace jacobench
