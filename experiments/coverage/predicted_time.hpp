// How long a replicate will take, before any has run.
#pragma once

#include "coverage/replicate.hpp"

namespace jacobench::coverage {

// Seconds on one thread: a guess.
double predicted_seconds(const ReplicatePlan& plan);

// The same from the first replicates, one or as many as take a twentieth of a second, of at most so many.
double timed_seconds(const ReplicateContext& context, Index n_replicates);

}  // namespace jacobench::coverage
