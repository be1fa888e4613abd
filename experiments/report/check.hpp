// Check: does a result keep what is promised, and is it as good as its baseline?
#pragma once

#include <string>
#include <vector>

#include "report/baseline.hpp"
#include "run/result_folder.hpp"

namespace jacobench::harness {

// What does not hold of the result alone, one line each, naming cell, column and value: a cell of the study
// without a row; status failed; a promise above 1, or null without a waiver (a skipped cell has none to
// keep). Empty: all holds.
std::vector<std::string> problems_of(const StoredResult& result);

// The same, and what does not hold against the baseline: a gated figure above factor times the baseline's
// (both raised to the column's floor); an estimate further from the baseline's, on either side, than 3.29
// standard errors of their difference (99.9%), or without a standard error on either side; a figure that is
// null where the baseline has one; a cell that has figures there and is skipped here; a cell that only one of
// the two has. Held is what both were written with: not a column that a row lacks or the baseline never names. Throws
// InputError where the baseline is of another config.
std::vector<std::string> problems_against(const Baseline& baseline, const StoredResult& result,
                                          double factor);

// The same, but every measure, gated figure and promise that is not the baseline's to the bit, in place of those that
// are worse.
std::vector<std::string> problems_to_the_bit(const Baseline& baseline, const StoredResult& result);

// One line for each cell that `now` adds, removes or changes.
std::vector<std::string> changes(const Baseline& before, const Baseline& now);

}  // namespace jacobench::harness
