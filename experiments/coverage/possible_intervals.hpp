// Which intervals there are: what a method can do in a scenario.
#pragma once

#include "coverage/replicate.hpp"

namespace jacobench::coverage {

// Whether the method gives such an interval of this scenario's fits, and its coverage can be measured.
bool is_possible(const MethodRequest& method, const IntervalRequest& request, const Scenario& scenario);

// Throws InputError where a plan has no interval, or asks for what a method cannot do.
void expect_possible_intervals(const ReplicatePlan& plan);

}  // namespace jacobench::coverage
