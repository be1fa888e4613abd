// Fit files: a fitted network with the data it was fitted to, so that intervals are computed from these and no others.
//
//   {"format": "jacobench-fit", "version": 3, "model": {...}, "inputs": ["x", ...], "outputs": ["y", ...],
//    "X": [[...], ...], "Y": [[...], ...], "weights": [...], "output_scales": [...],
//    "output_correlation": [[...], ...], "output_noise": "own", "decay": [...],
//    "strategy": "layerwise", "relative_step": ..., "form": "dual", "rss": ..., "end": {"stop": "orthogonal",
//    "iterations": ..., "penalty": ..., "gradient_norm": ..., "relative_offset": ...,
//    "remaining": {"fall": ..., "move": ...}, "starts": {"number": ..., "failed": ...,
//    "at_best": ..., "lowest": ..., "median": ..., "highest": ...,
//    "each": [{"objective": ..., "drawn": true, "arrived": true}, ...]}}, "source": "data.csv", "rows_left_out": ...,
//    "words": {"Sex": ["F", "M"]},
//    "curvature": {"intrinsic": ..., "parameter_effects": ..., "root_f": ..., "intrinsic_se": ...,
//    "parameter_effects_se": ..., "directions": ...},
//    "intervals": {"covariance": "delta", "dof": "n_minus_trace", "sigma": ..., "rank_policy": "pseudo_inverse",
//    "ridge": 1e-06}, "decay_choice": {"rule": "auto", "k": ..., "effective_parameters": ...}}
//
// `decay` is one number where it is the same for all parameters.
// `model` is a model file (files/model_file.hpp), with fixed layers where the network has scaled or centred columns; X
// and Y are as they were given, before these, and have one row an observation; all else is in the units between the
// fixed layers, those of the network; `weights`, `output_scales`, `output_correlation`,
// `output_noise`, `decay`, `relative_step`, `form`, `relative_offset`, `remaining`, `sigma`, `rows_left_out`, `words`,
// `end`, `covariance`, `curvature` and `decay_choice` are left out
// where there are none. Numbers are in the shortest form that reads back to the same bits. Version 1, which did not say
// how the fit ended, and version 2, whose X and Y were in the units of the network, are read too, and so are files that
// do not say where each start led.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "jacobench/files/csv.hpp"
#include "jacobench/inference/curvature.hpp"
#include "jacobench/inference/interval_method.hpp"
#include "jacobench/network/scaled_model.hpp"

namespace jacobench {

// How a decay was chosen (inference/decay_choice.hpp).
struct DecayOrigin {
  std::string rule;
  double k = 0;
  double effective_parameters = 0;
};

// A fit, and what people call its parts.
struct StoredFit {
  Fit fit;
  std::vector<std::string> inputs, outputs;  // names of the columns of X and Y
  std::string source;                        // the name of the data file
  Index n_left_out = 0;                      // rows of it with a missing value, which are not in the data
  std::vector<WordColumn> words = {};        // that inputs like Sex=M are asked of
  IntervalOptions how =
      {};  // rank policy, ridge, rule for the degrees of freedom and known sigma that were chosen
  std::optional<DecayOrigin> decay_origin = {};  // none where the decay was given
  // What scales and shifts the columns of the user's data: fit.data and all that is said of the fit are in the units
  // between them, those of the network. The outputs' scales are positive.
  AffineMap input_map = {}, output_map = {};
  Matrix given_X = {}, given_Y = {};  // the user's columns, to the bit; empty where fit.data has them
  std::optional<CovarianceKind> covariance =
      {};                                   // that the fit was reported with, none in files that do not say
  std::optional<Curvature> curvature = {};  // none of fits with a decay or without a covariance

  // The user's columns, and from them those of fit.data.
  void set_columns(Matrix X, Matrix Y);

  // Takes a fit of another network in the place of this one, whose data have gone through more maps between these and
  // the network. What maps of both come to is rounded otherwise than one after the other: fit.data and the sum of
  // squares are those that reading the file will give.
  void take(Fit fitted, const AffineMap& more_inputs, const AffineMap& more_outputs);

  // In the units of the data.
  const Matrix& X() const { return given_X.size() > 0 ? given_X : fit.data.X; }
  const Matrix& Y() const { return given_Y.size() > 0 ? given_Y : fit.data.Y; }

  DatasetNames names() const { return {.source = source, .inputs = inputs, .outputs = outputs}; }
};

// Errors: InputError "FILE: where: what is wrong; what to do" for whatever is not such a file, or whose numbers do not
//         belong together: shapes, and an rss that is not that of the model on the data
StoredFit read_fit(const std::filesystem::path& file);

std::string to_fit_text(const StoredFit& stored);

// The file is replaced in one step. Errors: InputError where it cannot be written
void write_fit(const std::filesystem::path& file, const StoredFit& stored);

}  // namespace jacobench
