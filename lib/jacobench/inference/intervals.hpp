// Confidence and prediction intervals for the fitted function at new points, and for the parameters.
//
// Model:  f(x0) +- q se,   mean: se^2 = g0' V g0 (+ dy/dx Sx dy/dx'),   prediction: s^2 d_k^2 / w0 more,
//         g0 = d f(x0) / d theta, V the covariance, Sx the covariance of the noise on the inputs x0.
//         q for one interval: the t quantile with the covariance's dof (normal for a known sigma).
//         q over the M K intervals of a call (the mean and the prediction each a set of their own):
//           bonferroni  t at level 1 - alpha / (M K)
//           scheffe     sqrt(r F_{r, dof}), r the number of directions of the estimate: for the mean, over all points there
//                       are; for the prediction r = M K
//           sup_t       the quantile of max |T_i| over a multivariate t with the intervals' own correlations, simulated;
//                       q's own Monte Carlo standard error is stated
//         One-sided intervals put all of alpha on one side; scheffe is made for two.
// Shapes: X0 [M x D]; fit, se_*, *_lower, *_upper [M x K]; row k M + m of G is output k at point m
// Cost:   layerwise gradients in batches, 2 M K P m flops; sup_t: n_simulations times M K m, m the columns of V's factor
// Errors: InputError for options that make no sense. A covariance that is not ok gives no bands, with its reason; a point
//         that the data do not determine has its own.
// Source: Seber and Wild (2003), sec. 5.1 and 5.2; Miller (1981), Simultaneous Statistical Inference, ch. 2;
//         Montiel Olea and Plagborg-Moller (2019), J. Appl. Econometrics 34(1) (sup-t)
#pragma once

#include "jacobench/inference/covariance.hpp"

namespace jacobench {

enum class Sides { both, lower, upper };  // lower: a lower bound only
enum class Simultaneous { none, bonferroni, scheffe, sup_t };

struct SimultaneousInfo {
  Simultaneous method;
  std::string_view name;
  std::string_view summary;
};
std::span<const SimultaneousInfo> simultaneous_table();

// Throws InputError, listing the known names, for an unknown one.
Simultaneous simultaneous_from_name(std::string_view name);

struct IntervalOptions {
  double level = 0.95;
  Sides sides = Sides::both;
  Simultaneous simultaneous = Simultaneous::none;
  double new_weight = 1;    // w0 of an observation to come
  Matrix input_noise = {};  // Sx [D x D], or empty
  std::uint64_t seed = 1;   // sup_t
  Index n_simulations = 20000;
  JacobianChoice jacobian = {};
};

// A multiplier of standard errors, and the Monte Carlo standard error of a simulated one (0 otherwise).
struct Multiplier {
  double value;
  double simulation_error;
};

// Bounds that are not asked for are infinite.
struct Bands {
  CovarianceStatus status;
  std::string reason;
  Matrix fit;
  Matrix se_mean, se_prediction;
  Matrix mean_lower, mean_upper, prediction_lower, prediction_upper;
  Multiplier mean, prediction;
  std::vector<std::string> undetermined;  // M, empty for a point that is determined

  bool ok() const { return status == CovarianceStatus::ok; }
};

Bands bands_at(const Linearisation& at, const Covariance& cov, const MatrixView& X0,
               const IntervalOptions& options = {});

// The covariance of the K fitted outputs at one point; that of an observation there has residual_covariance() added.
// Shapes: x0 [D], result [K x K]
Matrix joint_covariance(const Linearisation& at, const Covariance& cov, const VectorView& x0);

// R'R / (n - r), n observations, r = tr H / K taken up by each output: the covariance of the outputs' noise, in the
// units of the outputs, for weight 1.  Shape: [K x K]
Matrix residual_covariance(const Linearisation& at, const Covariance& cov);

struct ParameterInterval {
  std::string name;
  double estimate;
  std::optional<double> se, lower, upper;  // none where the data do not determine the parameter
};

std::vector<ParameterInterval> parameter_intervals(const Linearisation& at, const Covariance& cov,
                                                   double level = 0.95);

}  // namespace jacobench
