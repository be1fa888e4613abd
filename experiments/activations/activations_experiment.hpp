// The activations experiment: how far each activation and its derivatives, as the hot loops compute them, are
// from their 50-digit values over the whole double range.
#pragma once

#include <string>
#include <vector>

#include "jacobench/verification/activation_accuracy.hpp"

#include "study/experiment.hpp"

namespace jacobench::activations {

// One activation. Errors as in verification/activation_accuracy.hpp.
struct ActivationRow {
  std::string activation;
  std::int64_t n_points = 0;
  double value_ulp = 0;
  double value_at = 0;
  double value_bound = 0;
  double derivative_ulp = 0;
  double derivative_at = 0;
  double derivative_bound = 0;
  double second_derivative_ulp = 0;
  double error_over_promise = 0;
  // By octave of the argument, to three digits, with blanks between them.
  std::string octaves, value_by_octave, derivative_by_octave, second_derivative_by_octave;
};

class ActivationsExperiment final : public harness::Experiment {
 public:
  ActivationsExperiment();

  harness::OptionTable options() override;
  const harness::ColumnList& columns() const override;
  std::vector<harness::Row> cells() override;
  harness::Row run_cell(std::size_t index) override;
  std::vector<harness::Figure> figures() const override;

 private:
  std::uint64_t seed_ = 1;
  std::int64_t points_per_octave_ = 4;
  std::vector<const ActivationInfo*> activations_;
};

}  // namespace jacobench::activations
