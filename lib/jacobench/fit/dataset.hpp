// Observations for a fit, and the checks that they can be fitted.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jacobench/fit/row_map.hpp"
#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// What the noise of several outputs has in common: nothing, each output having a sigma of its own, so that d is an
// estimate as theta is and sigma d_k has degrees of freedom of its own; one sigma, in the units of d; or nothing but
// correlations, C being estimated as well.
enum class OutputNoise { own, shared, joint };

struct OutputNoiseInfo {
  OutputNoise noise;
  std::string_view name;
  std::string_view summary;
};
std::span<const OutputNoiseInfo> output_noise_table();

// Shapes: X [N x D], Y [N x K], weights [N] or empty (all 1), output_scales [K] or empty (all 1), output_correlation [K
//         x K] or empty (the identity).
// What a fit minimises is the weighted residual sum of squares
//   RSS(theta) = sum_n w_n u_n'C^-1 u_n,   u_nk = (y_nk - f_k(x_n; theta)) / d_k,   w the weights, d the output scales,
//                                          C their
// correlation: the noise of observation n is taken to have covariance sigma^2 D C D / w_n. Without C it is
//   RSS(theta) = sum_nk w_n (y_nk - f_k(x_n; theta))^2 / d_k^2.
struct Dataset {
  Matrix X;
  Matrix Y;
  Vector weights = {};
  Vector output_scales = {};
  Matrix output_correlation = {};
  OutputNoise output_noise = OutputNoise::shared;

  Index n_observations() const { return X.rows(); }
  Index n_values() const { return Y.size(); }

  // sqrt(w_n) / d_k.  Shape: [N x K]
  Matrix row_factors() const;
  void get_row_factors(Matrix& factors) const;  // into a matrix of this shape

  OutputMixing output_mixing() const { return OutputMixing(output_correlation); }
  RowMap row_map() const { return {.factors = row_factors(), .mixing = output_mixing()}; }

  // Errors of the outputs as they stand in RSS, sqrt(w_n) G^-1 u_n with C = G G': under the model uncorrelated, with
  // one variance.  Shape: [N x K]
  Matrix whitened(const Matrix& errors) const;

  // The observations of these rows, in this order; a row may occur more than once or not at all.
  Dataset rows(const std::vector<Index>& which) const;
};

// What messages call the data: where they are from, and the columns; columns without a name are x0, ..., y0, ...
struct DatasetNames {
  std::string source = "data";
  std::vector<std::string> inputs = {}, outputs = {};

  std::string input(Index d) const;
  std::string output(Index k) const;
};

// Errors: InputError, one line, where the data are not data for this network: another number of columns or rows,
// fewer than two observations, an entry that is not finite or too large to be squared, a column of nothing but too
// small ones, a weight or output scale that is not positive, a correlation matrix that is none, an output that never
// varies. Rows are counted from 1.
void check_dataset(const Dataset& data, const Perceptron& network, const DatasetNames& names = {});

}  // namespace jacobench
