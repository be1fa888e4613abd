// What the rows of an accuracy study amount to: errors against the number of parameters and against the step.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/figure.hpp"
#include "study/power_law.hpp"
#include "study/row.hpp"

namespace jacobench::accuracy {

// The error of a numeric derivative against its relative step h is a V: truncation, c h^q with the order q of the
// method, on the right of the best step, and rounding, c / h, on its left.
// Source: Nocedal and Wright (2006), Numerical Optimization, sec. 8.1
struct StepLaws {
  std::optional<harness::Point> best;  // x: the step, y: its error
  std::optional<harness::PowerLaw> truncation, rounding;
};

// From points (step, error) of one strategy on one network. The points beside the best one, where both errors count,
// and those where nothing is right (errors above 0.1) belong to neither law.
StepLaws fit_step_laws(std::vector<harness::Point> points);

// The same for pictures: those of the two that are determined.
std::vector<harness::NamedLaw> step_branches(const std::vector<harness::Point>& points);

// The laws of these rows as lines for people; the columns are those of AccuracyRow.
std::vector<std::string> accuracy_laws(const harness::ColumnList& columns,
                                       const std::vector<harness::Row>& rows);

}  // namespace jacobench::accuracy
