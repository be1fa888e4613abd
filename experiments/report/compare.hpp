// Two results of the same study, timing by timing.
#pragma once

#include <string>
#include <vector>

#include "report/table.hpp"
#include "run/result_folder.hpp"

namespace jacobench::harness {

// How much larger the samples of b are than those of a, as a ratio with an interval.
// Model:  log b is log a shifted: the ratio is the Hodges-Lehmann estimate, the median of all ratios b_j / a_i, and
//         the interval is that of the Mann-Whitney test at 95%, by its normal approximation
// Source: Hollander, Wolfe and Chicken (2013), Nonparametric Statistical Methods, sec. 4.2 and 4.3
// Errors: logic_error where either is empty
struct RatioOfSamples {
  double ratio, low, high;
};
RatioOfSamples ratio_of_samples(const std::vector<double>& a, const std::vector<double>& b);

// What keeps timings of the two results from being compared: other experiment, config, machine, compiler, flags,
// libraries. One line each; empty where nothing does.
std::vector<std::string> differences_of_conditions(const StoredResult& a, const StoredResult& b);

// One line a cell that both have: the ratio b / a of the samples and what it says. Cells of one only are notes.
// Throws InputError where the experiment has no samples.
RowTable comparison_table(const StoredResult& a, const StoredResult& b);

// Its ratios with their intervals, one below the other.
std::vector<Figure> comparison_figures();

}  // namespace jacobench::harness
