// A network from an ONNX file: a chain of Gemm, or MatMul and Add, with activations of the catalogue between them.
//
// Model:  what scales the columns before the first layer and behind the last one becomes the maps of a scaled model
//         (ONNX operators Sub, Div, Mul, Add, BatchNormalization, Scaler of ai.onnx.ml); between layers it is folded
//         into the layer beside it. Activations that exporters write as several operators are known by what they
//         compute (Mish, SiLU, GELU). Identity, Dropout, Flatten, Reshape, Squeeze, Unsqueeze and Cast change nothing
//         for rows of numbers.
// Errors: InputError "FILE: operator (node): ..." for what cannot be represented
#pragma once

#include <filesystem>
#include <string_view>

#include "jacobench/network/scaled_model.hpp"

namespace jacobench {

struct OnnxModel {
  ScaledModel scaled;
  bool is_single = false;  // whether a weight was a float, which is widened
};

OnnxModel read_onnx_model(std::string_view bytes);
OnnxModel read_onnx_model(const std::filesystem::path& file);

}  // namespace jacobench
