#include "jacobench/fit/dataset.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench {
namespace {

constexpr OutputNoiseInfo output_noises[] = {
    {OutputNoise::own, "own", "each output has a noise of its own, estimated with the parameters"},
    {OutputNoise::shared, "shared", "all outputs have noise of one standard deviation"},
    {OutputNoise::joint, "joint", "as own, and correlated: the covariance is estimated with the parameters"},
};

// Sums of squares of more than 10^100 such entries stay finite, and those of as small ones keep their digits.
constexpr double largest_entry = 1e100, smallest_column = 1e-100;

std::string name_of(const std::vector<std::string>& names, Index i, std::string (*otherwise)(Index)) {
  return i < static_cast<Index>(names.size()) ? names[static_cast<std::size_t>(i)] : otherwise(i);
}

class DatasetCheck {
 public:
  DatasetCheck(const Dataset& data, const Perceptron& network, const DatasetNames& names)
      : data_(data), network_(network), names_(names) {}

  void run() const {
    check_shapes();
    check_entries(data_.X, [&](Index d) { return names_.input(d); });
    check_entries(data_.Y, [&](Index k) { return names_.output(k); });
    check_positive(data_.weights, data_.n_observations(), "weight", "row");
    check_positive(data_.output_scales, network_.n_outputs(), "scale", "output");
    check_correlation();
    for (Index k = 0; k < data_.Y.cols(); ++k)
      if ((data_.Y.col(k).array() == data_.Y(0, k)).all())
        refuse(": output {} is {} in every row (there is no variation to fit); choose another column",
               names_.output(k), data_.Y(0, k));
  }

 private:
  // `where` goes on after the source.
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> where, Args&&... args) const {
    throw InputError("{}{}", names_.source, fmt::format(where, std::forward<Args>(args)...));
  }

  void check_shapes() const {
    const Matrix &X = data_.X, &Y = data_.Y;
    if (X.cols() != network_.n_inputs())
      refuse(": {} input columns for a network with {} inputs; name as many", X.cols(), network_.n_inputs());
    if (Y.cols() != network_.n_outputs())
      refuse(": {} output columns for a network with {} outputs; name as many", Y.cols(),
             network_.n_outputs());
    if (X.rows() != Y.rows())
      refuse(": {} rows of inputs and {} rows of outputs; give as many", X.rows(), Y.rows());
    if (X.rows() == 0) refuse(": no observations; give at least two rows");
    if (X.rows() == 1)
      refuse(": one observation only (it leaves nothing to estimate an error from); give more");
  }

  template <class Name>
  void check_entries(const Matrix& matrix, const Name& name) const {
    for (Index c = 0; c < matrix.cols(); ++c)
      for (Index n = 0; n < matrix.rows(); ++n) {
        const double entry = matrix(n, c);
        if (!std::isfinite(entry))
          refuse(" row {}, {}: {} is not a finite number; correct or remove the row", n + 1, name(c), entry);
        if (std::abs(entry) > largest_entry)
          refuse(" row {}, {}: {} is too large (its square would overflow); change the unit", n + 1, name(c),
                 entry);
      }
    for (Index c = 0; c < matrix.cols(); ++c) {
      double largest = 0;
      for (Index n = 0; n < matrix.rows(); ++n) largest = std::max(largest, std::abs(matrix(n, c)));
      if (largest > 0 && largest < smallest_column)
        refuse(": {} is nowhere larger than {} (its squares would underflow); change the unit", name(c),
               largest);
    }
  }

  void check_positive(const Vector& values, Index n_wanted, const char* what, const char* of) const {
    if (values.size() == 0) return;
    if (values.size() != n_wanted)
      refuse(": {} {}s for {} {}s; give one each", values.size(), what, n_wanted, of);
    for (Index i = 0; i < values.size(); ++i)
      if (!(values[i] > 0 && values[i] <= largest_entry))
        refuse(" {} {}: {} {} is not a positive number up to {:g}; to leave it out, remove the {}", of, i + 1,
               what, values[i], largest_entry, of);
  }

  void check_correlation() const {
    const Matrix& C = data_.output_correlation;
    if (C.size() == 0) return;
    const bool is_correlation = C.rows() == network_.n_outputs() && C.cols() == C.rows() && C.allFinite() &&
                                C == C.transpose() && (C.diagonal().array() == 1).all();
    if (!is_correlation || C.llt().info() != Eigen::Success)
      refuse(
          ": the correlations of {} outputs are not a correlation matrix (symmetric, with ones, positive "
          "definite)",
          network_.n_outputs());
  }

  const Dataset& data_;
  const Perceptron& network_;
  const DatasetNames& names_;
};

}  // namespace

std::span<const OutputNoiseInfo> output_noise_table() { return output_noises; }

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

Matrix Dataset::whitened(const Matrix& errors) const {
  Matrix result = errors;
  row_map().apply(result);
  return result;
}

Dataset Dataset::rows(const std::vector<Index>& which) const {
  Dataset chosen{X(which, Eigen::all), Y(which, Eigen::all), {},
                 output_scales,        output_correlation,   output_noise};
  if (weights.size() > 0) chosen.weights = weights(which);
  return chosen;
}

std::string DatasetNames::input(Index d) const { return name_of(inputs, d, input_name); }

std::string DatasetNames::output(Index k) const { return name_of(outputs, k, output_name); }

void check_dataset(const Dataset& data, const Perceptron& network, const DatasetNames& names) {
  DatasetCheck(data, network, names).run();
}

}  // namespace jacobench
