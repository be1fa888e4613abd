#include "jacobench/files/onnx_model.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <variant>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/files/onnx_graph.hpp"
#include "jacobench/files/text_file.hpp"

namespace jacobench {
namespace {

// What the chain does, one after the other.
struct Dense {
  Matrix W;
};
struct Scale {
  Vector by;  // one entry for each column, or one for all
};
struct Shift {
  Vector by;
};
struct Activate {
  Activation phi;
};
struct ChainStep {
  std::variant<Dense, Scale, Shift, Activate> what;
  std::string node;  // that it comes from, for messages
};

// What was computed of the value behind `at` steps and is not a step yet: a tree of operators over that value, which is
// "z".
struct Formula {
  std::string operation;  // empty: z itself, or a constant
  std::vector<std::shared_ptr<const Formula>> arguments;
  std::optional<Vector> constant;
  std::size_t at = 0;
  std::size_t size = 1;
  std::string node;
};
using FormulaPtr = std::shared_ptr<const Formula>;
constexpr std::size_t largest_formula = 64;

bool is_commutative(const std::string& operation) { return operation == "Mul" || operation == "Add"; }

// "Mul(Sigmoid(z), z)"; arguments of what commutes are sorted.
std::string text_of(const Formula& f) {
  if (f.constant) return f.constant->size() == 1 ? fmt::format("{:.4g}", (*f.constant)[0]) : "vector";
  if (f.operation.empty()) return "z";
  std::vector<std::string> arguments;
  for (const FormulaPtr& argument : f.arguments) arguments.push_back(text_of(*argument));
  if (is_commutative(f.operation)) std::sort(arguments.begin(), arguments.end());
  return f.operation + "(" + joined(arguments, ", ") + ")";
}

struct KnownFormula {
  std::string_view text;
  Activation phi;
};

// As exporters write them.
constexpr KnownFormula known_formulas[] = {
    {"Tanh(z)", Activation::tanh},
    {"Sigmoid(z)", Activation::logistic},
    {"Relu(z)", Activation::relu},
    {"Softplus(z)", Activation::softplus},
    {"Exp(z)", Activation::exp},
    {"Mish(z)", Activation::mish},
    {"Mul(Tanh(Softplus(z)), z)", Activation::mish},
    {"LeakyRelu[0.01](z)", Activation::leaky_relu},
    {"Elu[1](z)", Activation::elu},
    {"Selu[1.673, 1.051](z)", Activation::selu},
    {"Mul(Sigmoid(z), z)", Activation::silu},
    {"Gelu[none](z)", Activation::gelu},
    {"Mul(0.5, Mul(Add(1, Erf(Div(z, 1.414))), z))", Activation::gelu},
    {"Mul(Mul(0.5, z), Add(1, Erf(Div(z, 1.414))))", Activation::gelu},
    {"Softsign(z)", Activation::softsign},
    {"Div(z, Add(1, Abs(z)))", Activation::softsign},
    {"Atan(z)", Activation::arctan},
    {"Sin(z)", Activation::sin},
};

std::string in_words(const OnnxNode& node) {
  return node.name.empty() ? node.operation : fmt::format("{} ({})", node.operation, node.name);
}

double number_of(const OnnxNode& node, const char* name, double otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : found->second.number;
}

std::int64_t whole_of(const OnnxNode& node, const char* name, std::int64_t otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : found->second.whole;
}

// The operator with those of its attributes that change what it computes.
std::string operation_of(const OnnxNode& node) {
  const std::string& name = node.operation;
  if (name == "LeakyRelu") return fmt::format("LeakyRelu[{:.4g}]", number_of(node, "alpha", 0.01));
  if (name == "Elu") return fmt::format("Elu[{:.4g}]", number_of(node, "alpha", 1));
  if (name == "Selu")
    return fmt::format("Selu[{:.4g}, {:.4g}]", number_of(node, "alpha", 1.67326324),
                       number_of(node, "gamma", 1.05070098));
  if (name == "Gelu") {
    const auto found = node.attributes.find("approximate");
    return fmt::format("Gelu[{}]", found == node.attributes.end() ? "none" : found->second.text);
  }
  return name;
}

constexpr std::string_view operators_that_change_nothing[] = {"Identity", "Dropout",   "Flatten", "Reshape",
                                                              "Squeeze",  "Unsqueeze", "Cast"};
constexpr std::string_view operators_of_one[] = {"Tanh", "Sigmoid",   "Relu", "Softplus", "Exp",
                                                 "Mish", "LeakyRelu", "Elu",  "Selu",     "Gelu",
                                                 "Erf",  "Softsign",  "Atan", "Sin",      "Abs"};
constexpr std::string_view operators_of_two[] = {"Add", "Sub", "Mul", "Div"};

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

class OnnxChain {
 public:
  explicit OnnxChain(const OnnxGraph& graph) : graph_(graph) {
    if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
      throw InputError("the graph has {} inputs and {} outputs; one of each is wanted", graph.inputs.size(),
                       graph.outputs.size());
    values_[graph.inputs.front()] = std::make_shared<Formula>();
    for (const OnnxNode& node : graph.nodes) add(node);
    const auto end = values_.find(graph.outputs.front());
    if (end == values_.end()) throw InputError("the output {} is made by no operator", graph.outputs.front());
    close(*end->second);
  }

  const std::vector<ChainStep>& steps() const { return steps_; }
  bool is_single() const { return is_single_; }

 private:
  [[noreturn]] static void refuse(const std::string& node, const std::string& what) {
    throw InputError("{}: {}", node, what);
  }

  void add(const OnnxNode& node) {
    const std::string words = in_words(node);
    if (node.outputs.empty()) refuse(words, "has no output");
    if (node.operation == "Constant") {
      constants_[node.outputs.front()] = constant_of(node);
      return;
    }
    if (is_among(operators_that_change_nothing, node.operation)) {
      if (const OnnxTensor* constant = node.inputs.empty() ? nullptr : tensor(node.inputs.front()))
        constants_[node.outputs.front()] = *constant;
      else
        values_[node.outputs.front()] = value(node, 0);
    } else if (is_among(operators_of_one, node.operation)) {
      values_[node.outputs.front()] = formula(words, operation_of(node), {value(node, 0)});
    } else if (is_among(operators_of_two, node.operation)) {
      values_[node.outputs.front()] = formula(words, node.operation, {argument(node, 0), argument(node, 1)});
    } else if (node.operation == "MatMul") {
      add_dense(node, matrix(node, 1).transpose());
    } else if (node.operation == "Gemm") {
      add_gemm(node);
    } else if (node.operation == "BatchNormalization") {
      add_batch_normalization(node);
    } else if (node.operation == "Scaler") {
      add_scaler(node);
    } else {
      refuse(
          words,
          fmt::format("cannot be represented; known are Gemm, MatMul, BatchNormalization, Scaler, {}, {}, {}",
                      joined(operators_of_two, ", "), joined(operators_of_one, ", "),
                      joined(operators_that_change_nothing, ", ")));
    }
  }

  static OnnxTensor constant_of(const OnnxNode& node) {
    for (const auto& [name, its] : node.attributes) {
      if (name == "value") return its.tensor;
      if (name == "value_float") return {{}, {its.number}, true};
      if (name == "value_floats") return {{std::ssize(its.numbers)}, its.numbers, true};
      if (name == "value_int" || name == "value_ints") return {{}, {static_cast<double>(its.whole)}, false};
    }
    refuse(in_words(node), "is a constant of no kind that is known");
  }

  const OnnxTensor* tensor(const std::string& name) {
    const auto constant = constants_.find(name);
    if (constant != constants_.end()) return &constant->second;
    const auto found = graph_.tensors.find(name);
    return found == graph_.tensors.end() ? nullptr : &found->second;
  }

  const OnnxTensor& tensor(const OnnxNode& node, std::size_t i) {
    const OnnxTensor* found = i < node.inputs.size() ? tensor(node.inputs[i]) : nullptr;
    if (!found) refuse(in_words(node), fmt::format("input {} is to be numbers of the file", i));
    is_single_ = is_single_ || found->is_single;
    for (const double x : found->numbers)
      if (!std::isfinite(x))
        refuse(in_words(node), fmt::format("input {} has a number that is not finite", i));
    return *found;
  }

  // Of one column, or one for all. A column of several rows is none.
  Vector vector(const OnnxNode& node, std::size_t i) {
    const OnnxTensor& its = tensor(node, i);
    const auto& dims = its.dims;
    const bool is_row = std::all_of(dims.begin(), dims.empty() ? dims.end() : dims.end() - 1,
                                    [](std::int64_t dim) { return dim == 1; });
    if (!is_row || its.numbers.empty())
      refuse(in_words(node), fmt::format("input {} is not one row of numbers", i));
    return Eigen::Map<const Vector>(its.numbers.data(), std::ssize(its.numbers));
  }

  Matrix matrix(const OnnxNode& node, std::size_t i) {
    const OnnxTensor& its = tensor(node, i);
    if (its.dims.size() != 2 || its.numbers.empty())
      refuse(in_words(node), fmt::format("input {} is not a matrix", i));
    return Eigen::Map<const RowMajorMatrix>(its.numbers.data(), its.dims[0], its.dims[1]);
  }

  FormulaPtr value(const OnnxNode& node, std::size_t i) {
    const auto found = i < node.inputs.size() ? values_.find(node.inputs[i]) : values_.end();
    if (found == values_.end())
      refuse(in_words(node), fmt::format("input {} does not come from the input of the graph", i));
    return found->second;
  }

  FormulaPtr argument(const OnnxNode& node, std::size_t i) {
    if (i >= node.inputs.size() || !tensor(node.inputs[i])) return value(node, i);
    Formula constant;
    constant.constant = vector(node, i);
    return std::make_shared<Formula>(constant);
  }

  FormulaPtr formula(const std::string& words, const std::string& operation,
                     std::vector<FormulaPtr> arguments) {
    Formula f{.operation = operation,
              .arguments = std::move(arguments),
              .constant = {},
              .at = 0,
              .size = 1,
              .node = words};
    std::optional<std::size_t> at;
    for (const FormulaPtr& its : f.arguments) {
      f.size += its->size;
      if (its->constant) continue;
      if (at && *at != its->at)
        refuse(words, "joins two branches of the network, which a chain of layers has not");
      at = its->at;
    }
    if (!at) refuse(words, "computes with numbers of the file alone; export with constant folding");
    f.at = *at;
    // A long chain of scalings is put into steps as it goes.
    if (f.size > largest_formula)
      refuse(words, "is part of a formula that is no activation of the catalogue");
    return std::make_shared<Formula>(std::move(f));
  }

  // The formula as steps. An activation of the catalogue is one; a scaling, or another activation, of something else is
  // one more step than that.
  void close(const Formula& f) {
    if (f.operation.empty()) {
      if (f.at != steps_.size()) throw InputError("a value goes two ways, which a chain of layers has not");
      return;
    }
    const std::string text = text_of(f);
    for (const KnownFormula& known : known_formulas)
      if (known.text == text) {
        if (f.at != steps_.size()) refuse(f.node, "goes two ways, which a chain of layers has not");
        steps_.push_back({Activate{known.phi}, f.node});
        return;
      }
    if (f.arguments.size() == 1) {
      close(*f.arguments.front());
      Formula of_z = f;
      Formula z;
      z.at = steps_.size();
      of_z.arguments = {std::make_shared<Formula>(z)};
      if (text == text_of(of_z)) refuse(f.node, fmt::format("{} is no activation of the catalogue", text));
      of_z.at = steps_.size();
      close(of_z);
      return;
    }
    const bool constant_first = f.arguments[0]->constant.has_value();
    const Formula& other = *f.arguments[constant_first ? 1 : 0];
    const Formula& number = *f.arguments[constant_first ? 0 : 1];
    if (!number.constant || (constant_first && f.operation == "Div"))
      refuse(f.node, fmt::format("{} is no activation of the catalogue", text));
    close(other);
    const Vector& c = *number.constant;
    if (f.operation == "Add") steps_.push_back({Shift{c}, f.node});
    if (f.operation == "Mul") steps_.push_back({Scale{c}, f.node});
    if (f.operation == "Div") steps_.push_back({Scale{c.cwiseInverse()}, f.node});
    if (f.operation == "Sub" && !constant_first) steps_.push_back({Shift{-c}, f.node});
    if (f.operation == "Sub" && constant_first) {
      steps_.push_back({Scale{Vector::Constant(1, -1)}, f.node});
      steps_.push_back({Shift{c}, f.node});
    }
  }

  void go_on_from_here(const OnnxNode& node) {
    Formula z;
    z.at = steps_.size();
    values_[node.outputs.front()] = std::make_shared<Formula>(z);
  }

  void add_dense(const OnnxNode& node, Matrix W) {
    close(*value(node, 0));
    steps_.push_back({Dense{std::move(W)}, in_words(node)});
    go_on_from_here(node);
  }

  void add_gemm(const OnnxNode& node) {
    if (whole_of(node, "transA", 0) != 0) refuse(in_words(node), "transposes its input");
    const Matrix B = matrix(node, 1);
    const double alpha = number_of(node, "alpha", 1), beta = number_of(node, "beta", 1);
    add_dense(node, alpha * (whole_of(node, "transB", 0) != 0 ? B : Matrix(B.transpose())));
    if (node.inputs.size() < 3 || node.inputs[2].empty()) return;
    steps_.push_back({Shift{beta * vector(node, 2)}, in_words(node)});
    go_on_from_here(node);
  }

  void add_batch_normalization(const OnnxNode& node) {
    if (whole_of(node, "training_mode", 0) != 0)
      refuse(in_words(node), "is in training mode; export in evaluation mode");
    const Vector scale = vector(node, 1), shift = vector(node, 2), mean = vector(node, 3),
                 variance = vector(node, 4);
    if (scale.size() != shift.size() || scale.size() != mean.size() || scale.size() != variance.size())
      refuse(in_words(node), "has statistics of different lengths");
    const Vector by = scale.array() / (variance.array() + number_of(node, "epsilon", 1e-5)).sqrt();
    close(*value(node, 0));
    steps_.push_back({Scale{by}, in_words(node)});
    steps_.push_back({Shift{shift - mean.cwiseProduct(by)}, in_words(node)});
    go_on_from_here(node);
  }

  // (x - offset) scale
  void add_scaler(const OnnxNode& node) {
    const auto numbers = [&](const char* name) {
      const auto found = node.attributes.find(name);
      if (found == node.attributes.end() || found->second.numbers.empty())
        refuse(in_words(node), fmt::format("has no {}", name));
      is_single_ = true;
      return Vector(
          Eigen::Map<const Vector>(found->second.numbers.data(), std::ssize(found->second.numbers)));
    };
    close(*value(node, 0));
    steps_.push_back({Shift{-numbers("offset")}, in_words(node)});
    steps_.push_back({Scale{numbers("scale")}, in_words(node)});
    go_on_from_here(node);
  }

  const OnnxGraph& graph_;
  std::map<std::string, FormulaPtr> values_;
  std::map<std::string, OnnxTensor> constants_;
  std::vector<ChainStep> steps_;
  bool is_single_ = false;
};

// Scalings and shifts that follow each other are one map.
void compose(AffineMap& map, const ChainStep& step, Index n_columns) {
  if (map.is_identity()) map = {Vector::Ones(n_columns), Vector::Zero(n_columns)};
  const auto spread = [&](const Vector& by) -> Vector {
    if (by.size() != 1 && by.size() != n_columns)
      throw InputError("{}: has {} numbers for {} columns", step.node, by.size(), n_columns);
    return by.size() == 1 ? Vector(Vector::Constant(n_columns, by[0])) : by;
  };
  if (const auto* scale = std::get_if<Scale>(&step.what)) {
    map.scale = map.scale.cwiseProduct(spread(scale->by));
    map.shift = map.shift.cwiseProduct(spread(scale->by));
  } else {
    map.shift += spread(std::get<Shift>(step.what).by);
  }
}

// f(scale x + shift) for the layer's f.
void take_in_below(LayerWeights& layer, const AffineMap& map) {
  const Vector shift = layer.weights * map.shift;
  layer.bias = layer.bias.size() > 0 ? Vector(layer.bias + shift) : shift;
  layer.weights = layer.weights * map.scale.asDiagonal();
}

// scale f + shift, before the activation.
void take_in_above(LayerWeights& layer, const AffineMap& map) {
  layer.weights = map.scale.asDiagonal() * layer.weights;
  layer.bias = layer.bias.size() > 0 ? Vector(layer.bias.cwiseProduct(map.scale) + map.shift) : map.shift;
}

ScaledModel model_of(const std::vector<ChainStep>& steps) {
  AffineMap inputs, pending;  // pending: behind the last layer so far
  std::vector<LayerWeights> layers;
  bool is_activated = false,
       has_bias = false;  // whether the last layer has its activation, a bias of its own
  const auto first = std::find_if(steps.begin(), steps.end(), [](const ChainStep& step) {
    return std::holds_alternative<Dense>(step.what);
  });
  if (first == steps.end()) throw InputError("has no Gemm or MatMul; a network has at least one");
  const Index n_inputs = std::get<Dense>(first->what).W.cols();
  for (const ChainStep& step : steps) {
    if (const auto* dense = std::get_if<Dense>(&step.what)) {
      if (!layers.empty() && dense->W.cols() != layers.back().weights.rows())
        throw InputError("{}: takes {} columns, the layer below has {}", step.node, dense->W.cols(),
                         layers.back().weights.rows());
      LayerWeights layer{dense->W, {}, Activation::identity};
      if (layers.empty())
        inputs = pending;
      else if (!pending.is_identity() && is_activated)
        take_in_below(layer, pending);
      else if (!pending.is_identity())
        take_in_above(layers.back(), pending);
      pending = {};
      is_activated = has_bias = false;
      layers.push_back(std::move(layer));
    } else if (const auto* activate = std::get_if<Activate>(&step.what)) {
      if (layers.empty() || is_activated)
        throw InputError("{}: an activation stands behind no layer of its own", step.node);
      if (!pending.is_identity()) take_in_above(layers.back(), pending);
      pending = {};
      layers.back().activation = activate->phi;
      is_activated = true;
    } else if (std::holds_alternative<Shift>(step.what) && !layers.empty() && !is_activated && !has_bias &&
               pending.is_identity()) {
      AffineMap bias;
      compose(bias, step, layers.back().weights.rows());
      take_in_above(layers.back(), bias);
      has_bias = true;
    } else {
      compose(pending, step, layers.empty() ? n_inputs : layers.back().weights.rows());
    }
  }
  for (const LayerWeights& layer : layers)
    if (!layer.weights.allFinite() || !layer.bias.allFinite())
      throw InputError("a weight is not finite once the scalings beside it are folded in");
  for (const AffineMap* map : {&inputs, &pending})
    if (!map->shift.allFinite()) throw InputError("a column is shifted by what is not finite");
  for (const Vector* scale : {&inputs.scale, &pending.scale})
    if ((scale->array() == 0).any() || !scale->allFinite())
      throw InputError("a column is scaled by 0 or by what is not finite");
  return {make_model(layers), inputs, pending};
}

}  // namespace

OnnxModel read_onnx_model(std::string_view bytes) {
  const OnnxGraph graph = read_onnx_graph(bytes);
  const OnnxChain chain(graph);
  return {model_of(chain.steps()), chain.is_single()};
}

OnnxModel read_onnx_model(const std::filesystem::path& file) {
  const std::string bytes = read_text_file(file);
  try {
    return read_onnx_model(std::string_view(bytes));
  } catch (const InputError& error) {
    throw InputError("{}: {}", file.string(), error.what());
  }
}

}  // namespace jacobench
