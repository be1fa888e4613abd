// From the options of a study and a point of its sweep to a scenario and what each of its replicates does.
#pragma once

#include "coverage/coverage_options.hpp"

namespace jacobench::coverage {

// All strategies, methods and intervals of a scenario. Throws InputError where the truth is no function of the
// network's inputs, or the teacher's file is not one of such a network.
ReplicatePlan plan_of(const CoverageOptions& options, const ScenarioPoint& point);

// Where an interval of a plan stands in the sweep over intervals.
IntervalPoint point_of(const ReplicatePlan& plan, const IntervalRequest& interval);

// Throws InputError where what a scenario makes before its first replicate would not fit in memory.
void expect_memory(const CoverageOptions& options, const ScenarioPoint& point);

// Throws InputError where nothing, or not all that is asked for, can be made: see possible_intervals.hpp; a grid of
// another number of points; records that would not fit in memory.
void expect_possible(const CoverageOptions& options, const ReplicatePlan& plan);

}  // namespace jacobench::coverage
