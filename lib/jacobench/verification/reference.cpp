#include "jacobench/verification/reference.hpp"

#include "jacobench/verification/activation_reference.hpp"

namespace jacobench {
namespace {

using Id = ReferenceProgram::Id;

struct Recorded {
  std::vector<Id> inputs;
  std::vector<Id> outputs;
};

// One observation's network; the parameters are variables 0 .. P-1 of the program.
Recorded record(ReferenceProgram& p, const Perceptron& network, const VectorView& theta, const MatrixView& X,
                Index n) {
  p.clear();
  for (Index i = 0; i < theta.size(); ++i) p.variable(theta[i]);
  Recorded recorded;
  for (Index d = 0; d < X.cols(); ++d) recorded.inputs.push_back(p.variable(X(n, d)));
  std::vector<Id> below = recorded.inputs;
  for (const Layer& layer : network.layers()) {
    std::vector<Id> units;
    for (Index i = 0; i < layer.n_units; ++i) {
      const auto weight = [&](Index j) { return static_cast<Id>(layer.weights_at + i * layer.n_inputs + j); };
      Id z = p.multiply(weight(0), below[0]);
      for (Index j = 1; j < layer.n_inputs; ++j)
        z = p.multiply_add(weight(j), below[static_cast<std::size_t>(j)], z);
      if (layer.has_bias()) z = p.add(z, static_cast<Id>(layer.bias_at + i));
      units.push_back(record_activation(p, layer.activation, z));
    }
    below = std::move(units);
  }
  recorded.outputs = std::move(below);
  return recorded;
}

void resize(ReferenceMatrix& matrix, Index rows, Index cols) {
  matrix.high.resize(rows, cols);
  matrix.low.resize(rows, cols);
}

void set(ReferenceMatrix& matrix, Index i, Index j, const ReferenceReal& value) {
  matrix.high(i, j) = value.convert_to<double>();
  matrix.low(i, j) = (value - matrix.high(i, j)).convert_to<double>();
}

}  // namespace

Reference compute_reference(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                            Wanted wanted) {
  network.expect_shapes(theta, X);
  const Index N = X.rows(), K = network.n_outputs(), P = network.n_params(), D = network.n_inputs();
  Reference reference;
  resize(reference.values, N, K);
  if (wanted != Wanted::inputs) resize(reference.J_y_theta, N * K, P);
  if (wanted != Wanted::parameters) resize(reference.J_y_x, N * K, D);
  ReferenceProgram program;
  for (Index n = 0; n < N; ++n) {
    const Recorded recorded = record(program, network, theta, X, n);
    for (Index k = 0; k < K; ++k) {
      const Id output = recorded.outputs[static_cast<std::size_t>(k)];
      set(reference.values, n, k, program.value(output));
      const std::vector<ReferenceReal>& derivative = program.derivatives(output);
      if (wanted != Wanted::inputs)
        for (Index p = 0; p < P; ++p)
          set(reference.J_y_theta, k * N + n, p, derivative[static_cast<std::size_t>(p)]);
      if (wanted != Wanted::parameters)
        for (Index d = 0; d < D; ++d)
          set(reference.J_y_x, k * N + n, d, derivative[recorded.inputs[static_cast<std::size_t>(d)]]);
    }
  }
  return reference;
}

}  // namespace jacobench
