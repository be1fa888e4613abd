#include "jacobench/verification/error_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace jacobench {
namespace {

using Array = Eigen::ArrayXXd;

constexpr double units_in_an_ulp = 2;

// One layer after the forward pass; arrays are N x n_l.
struct LayerErrors {
  Array slope;             // phi'
  Array slope_error;       // e_d
  Array slope_scale;       // |phi'|, floored where it passes through zero
  Array slope_condition;   // max(|phi'|, |phi''| S_z)
  Array activation;        // phi
  Array activation_error;  // e_a
  Array activation_scale;  // S_A
};

// A path sum t and what is known about it; arrays are N x units.
struct PathSum {
  Array value;
  Array error;
  Array scale;
  Array condition;
};

LayerErrors at_inputs(const MatrixView& X) {
  LayerErrors inputs;
  inputs.activation = X.array();
  inputs.activation_error = Array::Zero(X.rows(), X.cols());
  inputs.activation_scale = X.array().abs();
  return inputs;
}

// The sum over the terms of one fused multiply-add chain, with the absolute sum of its partial sums.
struct Chain {
  double sum;
  double rounding = 0;

  void add(double a, double b) {
    sum = std::fma(a, b, sum);
    if (a != 0 && b != 0) rounding += std::abs(sum);
  }
};

LayerErrors above(const LayerErrors& below, const Layer& layer, const Eigen::Map<const RowMajorMatrix>& W,
                  const Eigen::Map<const Vector>& b) {
  const Index N = below.activation.rows();
  Array z(N, layer.n_units), rounding(N, layer.n_units);
  for (Index i = 0; i < layer.n_units; ++i)
    for (Index n = 0; n < N; ++n) {
      Chain chain{.sum = layer.has_bias() ? b[i] : 0.0};
      for (Index j = 0; j < layer.n_inputs; ++j) chain.add(below.activation(n, j), W(i, j));
      z(n, i) = chain.sum;
      rounding(n, i) = chain.rounding;
    }
  const Matrix W_abs = W.cwiseAbs();
  const Array z_error = (below.activation_error.matrix() * W_abs.transpose()).array() + rounding;
  Array z_scale = (below.activation_scale.matrix() * W_abs.transpose()).array();
  if (layer.has_bias()) z_scale.rowwise() += b.transpose().array().abs();

  const ActivationInfo& phi = info(layer.activation);
  LayerErrors errors;
  errors.activation.resize(N, layer.n_units);
  errors.slope.resize(N, layer.n_units);
  Array curvature(N, layer.n_units);
  phi.all(z.data(), errors.activation.data(), errors.slope.data(), curvature.data(), z.size());
  Array slope = errors.slope.abs();
  curvature = curvature.abs();
  // Within e_z of zero, where some activations bend, z may be on the other side: the steeper side counts.
  const Array reach = z_error * unit_roundoff;
  const auto near_zero = (z.abs() <= reach && reach > 0).eval();
  if (near_zero.any()) {
    for (const Array& end : {Array(z - reach), Array(z + reach)}) {
      Array a(N, layer.n_units), d(N, layer.n_units), d2(N, layer.n_units);
      phi.all(end.data(), a.data(), d.data(), d2.data(), end.size());
      slope = near_zero.select(slope.max(d.abs()), slope);
      curvature = near_zero.select(curvature.max(d2.abs()), curvature);
    }
  }

  errors.activation_error = slope * z_error + units_in_an_ulp * phi.value_ulp * errors.activation.abs();
  errors.activation_scale = errors.activation.abs().max(slope * z_scale);
  Array magnitude(N, layer.n_units);
  for (Index i = 0; i < z.size(); ++i)
    magnitude(i) = derivative_magnitude(phi, z(i), errors.activation(i), errors.slope(i));
  errors.slope_error = curvature * z_error + units_in_an_ulp * phi.derivative_ulp * magnitude;
  if (phi.slope_jump != 0)
    errors.slope_error +=
        near_zero.select(Array::Constant(N, layer.n_units, std::abs(phi.slope_jump) / unit_roundoff), 0);
  errors.slope_scale = slope.max(0.5 * curvature * z_scale.min(1));
  errors.slope_condition = slope.max(curvature * z_scale);
  return errors;
}

// delta = phi' o t
PathSum times_slope(const PathSum& t, const LayerErrors& layer) {
  PathSum delta;
  delta.value = layer.slope * t.value;
  delta.error = layer.slope.abs() * t.error + t.value.abs() * layer.slope_error +
                unit_roundoff * layer.slope_error * t.error + delta.value.abs();
  delta.scale = layer.slope_scale * t.scale;
  delta.condition = layer.slope_condition * t.condition;
  return delta;
}

// t = delta M, summed over the columns of delta from the first up; M is W going down, W' going up.
template <class Weights>
PathSum times_weights(const PathSum& delta, const Weights& M) {
  const Matrix M_abs = M.cwiseAbs();
  PathSum t;
  t.value.resize(delta.value.rows(), M.cols());
  t.error = (delta.error.matrix() * M_abs).array();
  for (Index c = 0; c < M.cols(); ++c)
    for (Index n = 0; n < delta.value.rows(); ++n) {
      Chain chain{.sum = 0};
      for (Index k = 0; k < M.rows(); ++k) chain.add(delta.value(n, k), M(k, c));
      t.value(n, c) = chain.sum;
      t.error(n, c) += chain.rounding;
    }
  t.scale = (delta.scale.matrix() * M_abs).array();
  t.condition = (delta.condition.matrix() * M_abs).array();
  return t;
}

class ErrorAnalysis {
 public:
  ErrorAnalysis(const Perceptron& network, const VectorView& theta, const MatrixView& X)
      : network_(network), theta_(theta), N_(X.rows()), inputs_(at_inputs(X)) {
    for (Index l = 0; l < network.n_layers(); ++l)
      layers_.push_back(above(below(l), network.layer(l), network.weights(theta, l), network.bias(theta, l)));
  }

  Matrix values() const {
    const LayerErrors& top = layers_.back();
    const Array bound = unit_roundoff * (1 + 0x1p-10) * (top.activation_error + top.activation_scale);
    return bound.isNaN().select(std::numeric_limits<double>::infinity(), bound).matrix();
  }

  EntryScales wrt_parameters(PathSummation summation) const {
    EntryScales scales = zeros(network_.n_params());
    for (Index k = 0; k < network_.n_outputs(); ++k) {
      PathSum delta = times_slope(one_output(k), layers_.back());
      for (Index l = network_.n_layers() - 1; l >= 0; --l) {
        PathSum used = delta;
        if (summation == PathSummation::from_parameter) used.error = error_from_units(l, k);
        fill_layer(scales, l, k, used);
        if (l > 0) delta = times_slope(times_weights(delta, network_.weights(theta_, l)), layers_[at(l - 1)]);
      }
    }
    return finish(std::move(scales), summation);
  }

  EntryScales wrt_inputs(PathSummation summation) const {
    EntryScales scales = zeros(network_.n_inputs());
    for (Index k = 0; k < network_.n_outputs(); ++k) {
      PathSum t = one_output(k);
      for (Index l = network_.n_layers() - 1; l >= 0; --l)
        t = times_weights(times_slope(t, layers_[at(l)]), network_.weights(theta_, l));
      auto rows = [&](Matrix& matrix) { return matrix.middleRows(k * N_, N_); };
      rows(scales.bound) = t.error.matrix();
      rows(scales.scale) = t.scale.matrix();
      rows(scales.condition) = t.condition.matrix();
    }
    // Both directions are open to a strategy here, so an entry is granted the larger of the two.
    for (Index d = 0; d < network_.n_inputs(); ++d) {
      const PathSum dZ = constant(network_.weights(theta_, 0).col(d).transpose().array().replicate(N_, 1));
      const PathSum top = push_up(dZ, 0);
      for (Index k = 0; k < network_.n_outputs(); ++k) {
        auto bound = scales.bound.col(d).segment(k * N_, N_);
        bound = bound.cwiseMax(top.error.col(k).matrix());
      }
    }
    return finish(std::move(scales), summation);
  }

 private:
  static std::size_t at(Index l) { return static_cast<std::size_t>(l); }

  const LayerErrors& below(Index l) const { return l == 0 ? inputs_ : layers_[at(l - 1)]; }

  EntryScales zeros(Index n_columns) const {
    const Matrix zero = Matrix::Zero(N_ * network_.n_outputs(), n_columns);
    return {.bound = zero, .scale = zero, .condition = zero};
  }

  // An exact tangent.
  static PathSum constant(const Array& value) {
    return {.value = value,
            .error = Array::Zero(value.rows(), value.cols()),
            .scale = value.abs(),
            .condition = value.abs()};
  }

  // The path sum above the top layer: 1 for output k, 0 for the others.
  PathSum one_output(Index k) const {
    Array t = Array::Zero(N_, network_.n_outputs());
    t.col(k) = 1;
    return constant(t);
  }

  // From dZ of layer l to dA of the outputs.
  PathSum push_up(const PathSum& dZ, Index l) const {
    PathSum dA = times_slope(dZ, layers_[at(l)]);
    for (Index m = l + 1; m < network_.n_layers(); ++m)
      dA = times_slope(times_weights(dA, network_.weights(theta_, m).transpose()), layers_[at(m)]);
    return dA;
  }

  // The error of d y_k / d z for every unit of layer l, by tangents from the unit up. N x n_l.
  Array error_from_units(Index l, Index k) const {
    const Index n_units = network_.layer(l).n_units;
    Array error(N_, n_units);
    for (Index i = 0; i < n_units; ++i) {
      Array dZ = Array::Zero(N_, n_units);
      dZ.col(i) = 1;
      error.col(i) = push_up(constant(dZ), l).error.col(k);
    }
    return error;
  }

  void fill_layer(EntryScales& scales, Index l, Index k, const PathSum& delta) const {
    const Layer& layer = network_.layer(l);
    const LayerErrors& a = below(l);
    for (Index i = 0; i < layer.n_units; ++i) {
      const auto value = delta.value.col(i).abs();
      const auto error = delta.error.col(i);
      for (Index j = 0; j < layer.n_inputs; ++j) {
        const auto magnitude = a.activation.col(j).abs();
        put(scales, k, layer.weights_at + i * layer.n_inputs + j,
            value * a.activation_error.col(j) + magnitude * error +
                unit_roundoff * error * a.activation_error.col(j) + value * magnitude,
            delta.scale.col(i) * a.activation_scale.col(j),
            delta.condition.col(i) * a.activation_scale.col(j));
      }
      if (layer.has_bias())
        put(scales, k, layer.bias_at + i, error + value, delta.scale.col(i), delta.condition.col(i));
    }
  }

  template <class Bound, class Scale, class Condition>
  void put(EntryScales& scales, Index k, Index column, const Bound& bound, const Scale& scale,
           const Condition& condition) const {
    scales.bound.col(column).segment(k * N_, N_) = bound.matrix();
    scales.scale.col(column).segment(k * N_, N_) = scale.matrix();
    scales.condition.col(column).segment(k * N_, N_) = condition.matrix();
  }

  static EntryScales finish(EntryScales scales, PathSummation summation) {
    // Where a quantity overflows, its products with zero are not numbers: nothing is promised there.
    for (Matrix* scale : {&scales.bound, &scales.scale, &scales.condition})
      *scale = scale->array().isNaN().select(std::numeric_limits<double>::infinity(), *scale);
    if (summation == PathSummation::differences)
      scales.bound.resize(0, 0);
    else
      scales.bound = (scales.bound.array() * (unit_roundoff * (1 + 0x1p-10)) + 0x1p-960).matrix();
    return scales;
  }

  const Perceptron& network_;
  const VectorView& theta_;
  const Index N_;
  const LayerErrors inputs_;
  std::vector<LayerErrors> layers_;
};

}  // namespace

EntryScales error_scales(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                         PathSummation summation, Wrt wrt) {
  network.expect_shapes(theta, X);
  const ErrorAnalysis analysis(network, theta, X);
  return wrt == Wrt::parameters ? analysis.wrt_parameters(summation) : analysis.wrt_inputs(summation);
}

Matrix value_error_bound(const Perceptron& network, const VectorView& theta, const MatrixView& X) {
  network.expect_shapes(theta, X);
  return ErrorAnalysis(network, theta, X).values();
}

Matrix numeric_error_bound(double relative_error, const ReferenceMatrix& J, const ReferenceMatrix& values) {
  const Vector size = J.high.rowwise().stableNorm() + values.high.reshaped().cwiseAbs();
  return (relative_error * size).replicate(1, J.high.cols());
}

}  // namespace jacobench
