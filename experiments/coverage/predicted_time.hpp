// How long a replicate will take, before any has run.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coverage/replicate.hpp"

namespace jacobench::coverage {

// Seconds on one thread: a guess.
double predicted_seconds(const ReplicatePlan& plan);

// Of one scenario after the other: timed where a replicate is guessed to be short, until all that takes some seconds.
class PredictedTimes {
 public:
  using GetContext = std::function<std::shared_ptr<const ReplicateContext>()>;
  double seconds_each(const ReplicatePlan& plan, const GetContext& context, Index n_replicates);

  // In words, of all so far.
  std::string how() const;

 private:
  double spent_ = 0;  // s
  Index n_scenarios_ = 0, n_timed_ = 0;
};

}  // namespace jacobench::coverage
