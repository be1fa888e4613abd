// What the replicates of an experiment say of one kind of interval: does it hold, how wide, why does it fail.
//
// Model:  f_m the truth at point m = 1..M; f^_mr, se_mr, [l_mr, u_mr] fit, standard error and interval of
//         replicate r = 1..R; c_mr = 1 where l_mr <= f_m <= u_mr, else 0. A prediction interval is held to a
//         new observation y = f_m + sd_m e, in expectation over e ~ F (Rao-Blackwell), so that no y is drawn:
//         c_mr = F((u_mr - f_m) / sd_m) - F((l_mr - f_m) / sd_m).
//           coverage         mean over r of c_r, the mean over m of c_mr; standard error sd(c_r) / sqrt R, as
//                            points of a replicate are correlated. Wilson interval of p (1 - p) / se^2 trials
//           bias-eliminated  the same, with the mean of f^_mr over r for f_m: leaves the intervals' own fault
//           score            u - l + 2 / (1 - level) (max(l - y, 0) + max(y - u, 0)), with y = f for a mean
//           empirical SE     sqrt of the mean over m of the variance over r of f^_mr
//           model SE         sqrt of the mean over m and r of se_mr^2
//           SE ratio         model / empirical; with a_r and b_r the means over m of se_mr^2 and
//                            (f^_mr - mean)^2 R / (R - 1), A and B their means, the standard error of its
//                            logarithm is sd(a_r / A - b_r / B) / (2 sqrt R)
//           median SE ratio  the same of what one wild replicate does not move: sqrt of the median over r of a_r,
//                            over the root of the mean over m of (MAD over r of f^_mr / 0.6745)^2, MAD being the
//                            median distance from the median
//           bias / SE        rms over m of bias_m / empirical SE_m; without a bias still some 1 / sqrt R
// Failed: a replicate with a bound that is NaN at any point has no interval, one whose fit (se) is not finite
//         at any point has none. A failed interval covers nothing and counts; other measures leave it out.
//         Infinite bounds are intervals, but leave no mean width and no score.
// Absent: what needs two replicates and has fewer, or is not finite; an SE ratio with a standard error of 0.4 of
//         itself or more, which a few replicates make (one that outweighs all others gives 1/2).
// Source: Morris, White and Crowther (2019), Statistics in Medicine 38(11), table 6; Gneiting and Raftery
//         (2007), JASA 102(477), eq. 43; Wilson (1927), JASA 22(158)
#pragma once

#include <optional>
#include <vector>

#include "jacobench/base/matrix.hpp"
#include "jacobench/base/statistics.hpp"

#include "coverage/noise_law.hpp"

namespace jacobench::coverage {

struct Estimate {
  double value;
  double standard_error;
};

// With its Wilson interval at 95 %.
struct Proportion {
  double value;
  double standard_error;
  double lower, upper;
};

enum class Verdict { nominal, under, over };
std::string_view name_of(Verdict verdict);

// What a prediction interval is for.  Shape: sd [M]
struct NewObservation {
  const NoiseLawInfo& law;
  VectorView sd;
};

// Shapes: matrices [M x R], R >= 2; truth [M]. se is that of the fit, for a prediction interval too, and NaN
// for a method that has none.
struct Samples {
  MatrixView fit, se, lower, upper;
  VectorView truth;
  double level;
  std::optional<NewObservation> new_observation = {};  // of a prediction interval
};

struct CoverageAt {
  Index point;
  Proportion coverage;
};

// What fits alone say, whatever the interval.
struct FitMeasures {
  Vector centre;  // [M], the mean fit; empty where there are fewer than two
  std::optional<double> rms_bias;
  std::optional<double> rms_bias_over_se;
  std::optional<Estimate> empirical_se;
};

// What fits and their standard errors say.
struct ErrorMeasures {
  std::optional<Estimate> model_se;
  std::optional<Estimate> se_ratio;  // over the replicates that have both a fit and a se
  std::optional<double> median_se_ratio;
};

struct Measures : FitMeasures, ErrorMeasures {
  Index n_replicates;
  Index n_failed;  // without an interval
  Proportion coverage;
  Verdict verdict;
  Vector coverage_by_point;  // [M]
  CoverageAt lowest, highest;
  std::optional<Proportion> simultaneous;  // all points at once; not for predictions
  Estimate below, above;                   // the truth below the lower bound, above the upper bound
  std::optional<Proportion> bias_eliminated;
  std::optional<Estimate> mean_width;
  std::optional<double> median_width;  // over r, of the mean over m; may be infinite
  std::optional<Estimate> score;
  Vector coverage_by_replicate;  // [R], 0 where failed
  Vector width_by_replicate;     // [R], NaN where failed
};

// Errors: logic_error for shapes, truth not finite, a level outside (0, 1), an sd that is not positive
Measures measure(const Samples& samples);

// The same, of intervals about fits that have been measured.
Measures measure(const Samples& samples, const FitMeasures& of_fits, const ErrorMeasures& of_errors);

FitMeasures measure_fits(const MatrixView& fit, const VectorView& truth);
ErrorMeasures measure_errors(const MatrixView& fit, const MatrixView& se);

// p observed in n trials and its interval at z normal standard deviations; n need not be an integer.
// Model:  (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
// Source: Wilson (1927)
Proportion wilson(double p, double n_effective, double z);

// How many normal standard errors a coverage lies from a level: the Wilson interval at z normal standard deviations
// holds the level where this is at most z.
double distance_in_errors(double coverage, double standard_error, Index n_replicates, double level);

// How far from its level a coverage lies at a distance of z_999 errors.
double nominal_half_width(double coverage, double standard_error, Index n_replicates, double level);

// Which of these deviations, in normal standard errors, are none of chance where the probability that chance makes
// any is to be at most alpha.
// Source: Holm (1979), Scandinavian Journal of Statistics 6(2)
std::vector<bool> beyond_chance(const std::vector<double>& distances, double alpha);

// Where the 99.9 % Wilson interval of a coverage over n_replicates lies: `under` if wholly below the level.
Verdict verdict_of(const Proportion& coverage, Index n_replicates, double level);

// The mean of a - b over the replicates where it is finite.
struct PairedDifference {
  std::optional<Estimate> mean;  // absent for fewer than two pairs
  Index n_left_out;
};

PairedDifference paired_difference(const VectorView& a, const VectorView& b);

}  // namespace jacobench::coverage
