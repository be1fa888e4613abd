// Fit files: a fitted network with the data it was fitted to, so that intervals are computed from these and no others.
//
//   {"format": "jacobench-fit", "version": 1, "model": {...}, "inputs": ["x", ...], "outputs": ["y", ...],
//    "X": [[...], ...], "Y": [[...], ...], "weights": [...], "decay": [...], "rss": ..., "source": "data.csv"}
//
// `model` is a model file (files/model_file.hpp), X and Y have one row an observation, `weights` and `decay` are left
// out where there are none. Numbers are in the shortest form that reads back to the same bits.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "jacobench/files/model_file.hpp"
#include "jacobench/fit/dataset.hpp"

namespace jacobench {

struct FittedModel {
  Model model;
  Dataset data;
  std::vector<std::string> inputs, outputs;  // names of the columns of X and Y
  Vector decay;                              // [P] or empty
  double rss;                                // weighted, of the data alone
  std::string source;                        // the name of the data file, for people
};

// Errors: InputError "FILE: where: what is wrong; what to do" for whatever is not such a file, or whose numbers do not
//         belong together: shapes, and an rss that is not that of the model on the data
FittedModel read_fit(const std::filesystem::path& file);

std::string to_fit_text(const FittedModel& fitted);

// The file is replaced in one step. Errors: InputError where it cannot be written
void write_fit(const std::filesystem::path& file, const FittedModel& fitted);

}  // namespace jacobench
