#include "jacobench/fit/dataset.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench {
namespace {

// Sums of squares of more than 10^100 such entries stay finite.
constexpr double largest_entry = 1e100;

template <class Name>
void check_entries(const Matrix& matrix, const Name& name) {
  for (Index c = 0; c < matrix.cols(); ++c)
    for (Index n = 0; n < matrix.rows(); ++n) {
      const double entry = matrix(n, c);
      if (!std::isfinite(entry))
        throw InputError("data row {}, {}: {} is not a finite number; correct or remove the row", n + 1,
                         name(c), entry);
      if (std::abs(entry) > largest_entry)
        throw InputError("data row {}, {}: {} is too large (its square would overflow); change the unit",
                         n + 1, name(c), entry);
    }
}

void check_positive(const Vector& values, Index n_wanted, const char* what, const char* of) {
  if (values.size() == 0) return;
  if (values.size() != n_wanted)
    throw InputError("data: {} {}s for {} {}s; give one each", values.size(), what, n_wanted, of);
  for (Index i = 0; i < values.size(); ++i)
    if (!(values[i] > 0 && values[i] <= largest_entry))
      throw InputError("data {} {}: {} {} is not a positive finite number; to leave it out, remove the {}",
                       of, i + 1, what, values[i], of);
}

void check_shapes(const Dataset& data, const Perceptron& network) {
  if (data.X.cols() != network.n_inputs())
    throw InputError("data: {} input columns for a network with {} inputs; name as many", data.X.cols(),
                     network.n_inputs());
  if (data.Y.cols() != network.n_outputs())
    throw InputError("data: {} output columns for a network with {} outputs; name as many", data.Y.cols(),
                     network.n_outputs());
  if (data.X.rows() != data.Y.rows())
    throw InputError("data: {} rows of inputs and {} rows of outputs; give as many", data.X.rows(),
                     data.Y.rows());
  if (data.X.rows() == 0) throw InputError("data: no observations; give at least two rows");
  if (data.X.rows() == 1)
    throw InputError("data: one observation only (it leaves nothing to estimate an error from); give more");
}

}  // namespace

void Dataset::get_row_factors(Matrix& factors) const {
  factors.setOnes();
  for (Index k = 0; k < factors.cols(); ++k) {
    if (weights.size() > 0) factors.col(k) = weights.cwiseSqrt();
    if (output_scales.size() > 0) factors.col(k) /= output_scales[k];
  }
}

Matrix Dataset::row_factors() const {
  Matrix factors(Y.rows(), Y.cols());
  get_row_factors(factors);
  return factors;
}

Dataset Dataset::rows(const std::vector<Index>& which) const {
  Dataset chosen{X(which, Eigen::all), Y(which, Eigen::all), {}, output_scales};
  if (weights.size() > 0) chosen.weights = weights(which);
  return chosen;
}

void check_dataset(const Dataset& data, const Perceptron& network) {
  check_shapes(data, network);
  check_entries(data.X, input_name);
  check_entries(data.Y, output_name);
  check_positive(data.weights, data.n_observations(), "weight", "row");
  check_positive(data.output_scales, network.n_outputs(), "scale", "output");
  for (Index k = 0; k < data.Y.cols(); ++k)
    if ((data.Y.col(k).array() == data.Y(0, k)).all())
      throw InputError(
          "data: output {} is {} in every row (there is no variation to fit); choose another column",
          output_name(k), data.Y(0, k));
}

}  // namespace jacobench
