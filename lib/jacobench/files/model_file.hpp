// Model files: a network and its parameters as JSON, so that any framework can write one in five lines.
//
//   {"format": "jacobench-mlp", "version": 1,
//    "layers": [{"activation": "tanh", "weights": [[...], ...], "bias": [...]}, ...]}
//
// Layers from the inputs up; `weights` is n_l x n_{l-1}, one row a unit (the layout of a PyTorch Linear);
// `bias` is left out for a layer without one; activations by the names of the activation table.
// A first or a last layer with "fixed": true is no layer of the network but scales the columns of the data: its
// activation is identity, its weights are diagonal, and it has no parameters.
// A fit file (files/fit_file.hpp) serves wherever a model file does: its model is read, and nothing else of it.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

#include "jacobench/network/scaled_model.hpp"

namespace jacobench {

inline constexpr const char* fit_file_format = "jacobench-fit";

// Errors: InputError "NAME: where: what is wrong; what is wanted" for whatever is not such a file: not JSON,
// a key that is missing or not known, another format or version, shapes that do not fit, an entry that is not
// a finite number.
ScaledModel read_scaled_model(std::istream& in, const std::string& name);
ScaledModel read_scaled_model(const std::filesystem::path& file);

// The same with fixed layers folded into those beside them.
Model read_model(std::istream& in, const std::string& name);
Model read_model(const std::filesystem::path& file);

// Every number in the shortest form that reads back to the same bits.
// Errors: InputError where a parameter is not finite, or the file cannot be written; the file is replaced in
// one step.
std::string to_scaled_model_text(const ScaledModel& scaled);
std::string to_model_text(const Model& model);
void write_scaled_model(const std::filesystem::path& file, const ScaledModel& scaled);
void write_model(const std::filesystem::path& file, const Model& model);

}  // namespace jacobench
