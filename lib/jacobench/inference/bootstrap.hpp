// Bootstrap intervals for the fitted function: the fit repeated on data drawn from what was observed.
//
// Model:  residual     y* = f + e* / g, e* drawn from the residuals r / sqrt(1 - h), less their mean: leverage shrinks
//                      residuals, and without a bias they do not sum to zero. Errors of one variance
//         pairs        observations drawn as they are: nothing is assumed of the errors
//         parametric   y* = f + N(0, s^2) / g
//         Each refit starts from the estimate. Intervals at level 1 - alpha:
//           percentile    quantiles of f*(x0)
//           studentised   f - se t*_{1-alpha/2} to f - se t*_{alpha/2},  t* = (f*(x0) - f(x0)) / se*
//         se, se*, h and s are those of the delta method, or with a decay of ridge. Observations with several outputs
//         are drawn whole, so that the outputs' correlation is kept.
// Shapes: draws [(M K) x R], R refits
// Cost:   R refits, on n_threads threads, with the same bits whatever their number
// Errors: Refits that fail, that have not settled, or that have no standard error are counted. Where more than
//         most_unsettled of them fail or have not settled there are no bounds, and no studentised ones, at all points
//         or at some, where more have no standard error: a resample that leaves out the noise of an output has none
//         there, nor has a point where f cannot vary.
// Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, ch. 5 to 7; Efron and Tibshirani (1993),
//         ch. 9
#pragma once

#include "jacobench/inference/interval_method.hpp"

namespace jacobench {

enum class BootstrapKind { residual, pairs, parametric };

struct BootstrapInfo {
  BootstrapKind kind;
  std::string_view name;
  std::string_view summary;
};
std::span<const BootstrapInfo> bootstrap_table();

// Whether the quantiles at this level lie within so many draws.
bool are_enough_refits(Index n_refits, double level);

// Draws the data of refits.
class Resampler {
 public:
  // of: the covariance that h and s are from. Both are kept by reference.
  Resampler(const Tangent& at, const Covariance& of, BootstrapKind kind);

  // `data` has the shapes of the fit's, and its output scales.  Cost: O(N K), no allocation
  void draw(RandomStream& stream, Dataset& data) const;

 private:
  const Dataset& observed_;
  const BootstrapKind kind_;
  const double sigma_;
  const RowMap row_map_;
  Matrix fitted_, residuals_;  // [N x K]; the residuals corrected, of uncorrelated rows
};

// What the refits of one bootstrap say at the new points. A column without numbers is NaN.
struct BootstrapDraws {
  BootstrapKind kind;
  std::uint64_t seed;
  Index max_iterations;  // of a refit
  Matrix f, t;           // f*(x0) and t*
  Vector is_settled;     // 1 or 0 [R]
  Index n_failed;        // refits that are not finite
  Index n_unsettled;     // refits that are, but have not settled
  Index n_without_se;    // refits that are, but have no se* at some point or of some output
};

// bootstrap_residual_percentile, ...: each kind, with either interval. Both of one kind share their draws.
std::vector<IntervalMethod> bootstrap_methods();

}  // namespace jacobench
