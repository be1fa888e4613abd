// Bootstrap intervals for the fitted function: the fit repeated on data drawn from what was observed.
//
// Model:  residual     y* = f + e* / g, e* drawn from the residuals r / sqrt(1 - h), less their mean: leverage shrinks
//                      residuals, and without a bias they do not sum to zero. Errors of one variance
//         pairs        observations drawn as they are: nothing is assumed of the errors
//         parametric   y* = f + N(0, s^2) / g
//         Each refit starts from the estimate. Intervals at level 1 - alpha:
//           percentile    quantiles of f*(x0)
//           studentised   f - se t*_{1-alpha/2} to f - se t*_{alpha/2},  t* = (f*(x0) - f(x0)) / se*
//         Observations with several outputs are drawn whole, so that the outputs' correlation is kept.
// Shapes: X0 [M x D]; the bounds [M x K]
// Cost:   n_replicates refits, on n_threads threads, with the same bits whatever their number
// Errors: InputError for options that make no sense; logic_error unless the covariance is ok. Refits that fail are counted.
// Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, ch. 5 to 7; Efron and Tibshirani (1993), ch. 9
#pragma once

#include "jacobench/inference/covariance.hpp"

namespace jacobench {

enum class BootstrapKind { residual, pairs, parametric };

struct BootstrapInfo {
  BootstrapKind kind;
  std::string_view name;
  std::string_view summary;
};
std::span<const BootstrapInfo> bootstrap_table();

// Throws InputError, listing the known names, for an unknown one.
BootstrapKind bootstrap_kind_from_name(std::string_view name);

struct BootstrapOptions {
  BootstrapKind kind = BootstrapKind::residual;
  Index n_replicates = 999;
  double level = 0.95;
  std::uint64_t seed = 1;
  Index n_threads = 1;
  CovarianceOptions covariance = {};  // of se and se*
};

// Whether the quantiles at this level lie within so many draws.
bool are_enough_refits(Index n_replicates, double level);

struct BootstrapBands {
  Matrix fit;
  Matrix se;  // standard deviation of f*
  Matrix percentile_lower, percentile_upper;
  Matrix studentised_lower, studentised_upper;  // empty where fewer than half of the replicates have an se*
  Index n_failed;                               // refits that are not finite
  Index n_without_se;                           // refits without a covariance
  std::string reason;                           // why bounds are missing, where they are
};

// cov as covariance(at, options.covariance) gives it.
BootstrapBands bootstrap(const Linearisation& at, const Covariance& cov, const MatrixView& X0,
                         const BootstrapOptions& options = {});

// Draws the data of replicates.
class Resampler {
 public:
  // at is kept by reference.
  Resampler(const Linearisation& at, const Covariance& cov, BootstrapKind kind);

  // `data` has the shapes of at.data, and its output scales.  Cost: O(N K), no allocation
  void draw(RandomStream& stream, Dataset& data) const;

 private:
  const Linearisation& at_;
  const BootstrapKind kind_;
  const double sigma_;
  const Matrix factors_;
  Matrix fitted_, residuals_;  // [N x K]; the residuals corrected
};

}  // namespace jacobench
