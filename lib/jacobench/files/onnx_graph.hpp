// The graph of an ONNX file: its operators in order, and the numbers that they take.
//
// Errors: InputError for bytes that are no such file, and for what is not read: data in other files, sparse or of a
//         type other than float and double (and whole numbers, of which shapes are made)
// Source: onnx.proto of ONNX, IR version 3 and on
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

struct OnnxTensor {
  std::vector<std::int64_t> dims;  // empty: one number
  std::vector<double> numbers;     // row by row
  bool is_single = false;          // whether they were floats
};

struct OnnxAttribute {
  double number = 0;
  std::int64_t whole = 0;
  std::string text;
  std::vector<double> numbers;
  OnnxTensor tensor;
};

struct OnnxNode {
  std::string operation, name;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, OnnxAttribute> attributes;
};

struct OnnxGraph {
  std::vector<OnnxNode> nodes;                // each after those that it takes from
  std::map<std::string, OnnxTensor> tensors;  // by name
  std::vector<std::string> inputs;            // but for those that are tensors
  std::vector<std::string> outputs;
};

OnnxGraph read_onnx_graph(std::string_view bytes);

}  // namespace jacobench
