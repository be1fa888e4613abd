// How long a replicate will take, before any has run.
#pragma once

#include "coverage/replicate.hpp"

namespace jacobench::coverage {

// Seconds on one thread.
double predicted_seconds(const ReplicatePlan& plan);

}  // namespace jacobench::coverage
