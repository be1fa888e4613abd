// What `jacobench fit` is asked: its options, and the data and the network that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "jacobench/files/fit_file.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/inference/decay_choice.hpp"

#include "cli/covariance_options.hpp"
#include "cli/csv_options.hpp"
#include "options/options.hpp"
#include "report/table.hpp"

namespace jacobench::cli {

struct FitRequest {
  std::optional<std::vector<std::string>> inputs;
  std::vector<std::string> outputs{"y"};
  std::optional<std::string> weights;
  harness::Shape hidden{4};
  Activation activation = Activation::tanh, output_activation = Activation::identity;
  bool bias = true;
  OutputNoise output_noise = OutputNoise::own;
  std::optional<std::string> from;
  std::variant<double, const DecayRule*> decay = &find_decay_rule("auto");
  std::optional<bool> decay_biases;
  double tolerance = 0;
  std::optional<std::int64_t> n_starts;  // none: until the best optimum was reached often enough
  std::int64_t most_starts = 20, max_iterations = 1000, n_threads = 1;
  const InitialisationInfo* initialisation = &find_initialisation("lecun");
  const StrategyInfo* strategy = &find_strategy("layerwise");
  StepForm form = StepForm::automatic;
  std::uint64_t seed = 1;
  double level = 0.95;
  std::optional<std::string> out, diagnostics, coefficients, summary;
  const harness::TableFormat* format = &harness::table_format_table().front();
  bool is_quiet = false;
  CovarianceChoice covariance;
  CsvDialect dialect;

  harness::OptionTable options();

  const DecayRule* decay_rule() const;  // null where the decay is given
  DecayOf decay_of() const;

  // How intervals are to be made of the fit. Errors: InputError for options that do not go together
  IntervalOptions how() const;

  // All but the decay that is to be chosen.
  FitOptions fit_options(const Perceptron& network, const std::optional<Vector>& start) const;
};

// The data and a network, not yet fitted, with parameters to start from where there are any.
struct FitTask {
  StoredFit stored;
  std::optional<Vector> start;
  std::string memory_in_words = {};  // a line, where it takes much
};

// Errors: InputError for a file that cannot be read, columns that it does not have, what is too large for the machine's
//         memory
FitTask read_fit_task(const std::string& file, const FitRequest& request);

}  // namespace jacobench::cli
