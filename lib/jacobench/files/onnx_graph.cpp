#include "jacobench/files/onnx_graph.hpp"

#include <bit>
#include <cstdint>
#include <cstdlib>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/protobuf_message.hpp"

namespace jacobench {
namespace {

// TensorProto::DataType.
enum OnnxType : std::uint64_t { onnx_float = 1, onnx_int32 = 6, onnx_int64 = 7, onnx_double = 11 };

float float_of(const ProtobufField& field) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
}

// Of an attribute: the decimal that was rounded to the float, such as the 1e-5 of a layer in double precision.
double decimal_of(float x) { return std::strtod(fmt::format("{}", x).c_str(), nullptr); }

// A repeated number is packed, or a field for each.
template <class T>
void append(std::vector<double>& numbers, const ProtobufField& field, T one) {
  if (field.bytes.empty()) {
    numbers.push_back(static_cast<double>(one));
    return;
  }
  for (const T x : packed_numbers<T>(field.bytes)) numbers.push_back(static_cast<double>(x));
}

void append_whole(std::vector<double>& numbers, const ProtobufField& field) {
  if (field.bytes.empty()) numbers.push_back(static_cast<double>(static_cast<std::int64_t>(field.value)));
  for (const std::int64_t i : packed_varints(field.bytes)) numbers.push_back(static_cast<double>(i));
}

template <class T>
std::vector<double> raw_numbers(std::string_view bytes) {
  std::vector<double> numbers;
  for (const T x : packed_numbers<T>(bytes)) numbers.push_back(static_cast<double>(x));
  return numbers;
}

std::int64_t count_of(const std::vector<std::int64_t>& dims) {
  std::int64_t n = 1;
  for (const std::int64_t dim : dims)
    if (dim < 0 || __builtin_mul_overflow(n, dim, &n)) return -1;
  return n;
}

struct NamedTensor {
  std::string name;
  OnnxTensor tensor;
};

NamedTensor tensor_of(std::string_view bytes) {
  NamedTensor read;
  OnnxTensor& tensor = read.tensor;
  std::uint64_t type = 0;
  std::string_view raw;
  bool has_raw = false, is_elsewhere = false;
  for (ProtobufMessage message(bytes); const auto field = message.next();) switch (field->number) {
      case 1:
        if (field->bytes.empty()) tensor.dims.push_back(static_cast<std::int64_t>(field->value));
        for (const std::int64_t dim : packed_varints(field->bytes)) tensor.dims.push_back(dim);
        break;
      case 2:
        type = field->value;
        break;
      case 4:
        append<float>(tensor.numbers, *field, float_of(*field));
        break;
      case 5:
      case 7:
        append_whole(tensor.numbers, *field);
        break;
      case 8:
        read.name = field->text();
        break;
      case 9:
        raw = field->bytes, has_raw = true;
        break;
      case 10:
        append<double>(tensor.numbers, *field, std::bit_cast<double>(field->value));
        break;
      case 13:
        is_elsewhere = true;
        break;
      default:
        break;
    }
  const auto refuse = [&](const std::string& what) {
    throw InputError("tensor {}: {}", read.name.empty() ? "without a name" : read.name, what);
  };
  if (is_elsewhere) refuse("its numbers stand in another file; export with all in one");
  if (type != onnx_float && type != onnx_double && type != onnx_int32 && type != onnx_int64)
    refuse("is of neither single nor double precision; export in one of them");
  tensor.is_single = type == onnx_float;
  if (has_raw && tensor.is_single) tensor.numbers = raw_numbers<float>(raw);
  if (has_raw && type == onnx_double) tensor.numbers = raw_numbers<double>(raw);
  if (has_raw && (type == onnx_int32 || type == onnx_int64))
    tensor.numbers.assign(static_cast<std::size_t>(std::max<std::int64_t>(count_of(tensor.dims), 0)), 0);
  if (count_of(tensor.dims) != std::ssize(tensor.numbers))
    refuse(fmt::format("has {} numbers, which is not what its shape says", tensor.numbers.size()));
  return read;
}

struct NamedAttribute {
  std::string name;
  OnnxAttribute attribute;
};

NamedAttribute attribute_of(std::string_view bytes) {
  NamedAttribute read;
  OnnxAttribute& its = read.attribute;
  for (ProtobufMessage message(bytes); const auto field = message.next();) switch (field->number) {
      case 1:
        read.name = field->text();
        break;
      case 2:
        its.number = decimal_of(float_of(*field));
        break;
      case 3:
        its.whole = static_cast<std::int64_t>(field->value);
        break;
      case 4:
        its.text = field->text();
        break;
      case 5:
        its.tensor = tensor_of(field->bytes).tensor;
        break;
      case 7:
        append<float>(its.numbers, *field, float_of(*field));
        break;
      default:
        break;
    }
  return read;
}

OnnxNode node_of(std::string_view bytes) {
  OnnxNode node;
  for (ProtobufMessage message(bytes); const auto field = message.next();) switch (field->number) {
      case 1:
        node.inputs.push_back(field->text());
        break;
      case 2:
        node.outputs.push_back(field->text());
        break;
      case 3:
        node.name = field->text();
        break;
      case 4:
        node.operation = field->text();
        break;
      case 5: {
        NamedAttribute read = attribute_of(field->bytes);
        node.attributes[read.name] = std::move(read.attribute);
        break;
      }
      default:
        break;
    }
  return node;
}

// ValueInfoProto.
std::string name_of_value(std::string_view bytes) {
  std::string name;
  for (ProtobufMessage message(bytes); const auto field = message.next();)
    if (field->number == 1) name = field->text();
  return name;
}

OnnxGraph graph_of(std::string_view bytes) {
  OnnxGraph graph;
  std::vector<std::string> inputs;
  for (ProtobufMessage message(bytes); const auto field = message.next();) switch (field->number) {
      case 1:
        graph.nodes.push_back(node_of(field->bytes));
        break;
      case 5: {
        NamedTensor read = tensor_of(field->bytes);
        graph.tensors[read.name] = std::move(read.tensor);
        break;
      }
      case 11:
        inputs.push_back(name_of_value(field->bytes));
        break;
      case 12:
        graph.outputs.push_back(name_of_value(field->bytes));
        break;
      case 15:
        throw InputError("has sparse tensors; export with dense ones");
      default:
        break;
    }
  for (const std::string& input : inputs)
    if (!graph.tensors.contains(input)) graph.inputs.push_back(input);
  return graph;
}

}  // namespace

OnnxGraph read_onnx_graph(std::string_view bytes) {
  std::optional<OnnxGraph> graph;
  for (ProtobufMessage message(bytes); const auto field = message.next();)
    if (field->number == 7) graph = graph_of(field->bytes);
  if (!graph) throw InputError("has no graph; is it an ONNX file?");
  return *graph;
}

}  // namespace jacobench
