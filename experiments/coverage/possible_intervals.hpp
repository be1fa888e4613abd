// Which intervals there are: what a method can do in a scenario.
#pragma once

#include "coverage/replicate.hpp"

namespace jacobench::coverage {

// Whether there is such an interval at all: bounds of their own are of the mean, point by point, sup-t needs the
// library's covariance, and some covariances need a decay.
bool is_possible(const MethodRequest& method, const IntervalRequest& request, const Scenario& scenario);

// Throws InputError where a plan has no interval, or asks for what a method cannot do.
void expect_possible_intervals(const ReplicatePlan& plan);

}  // namespace jacobench::coverage
