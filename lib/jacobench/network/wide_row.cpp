#include "jacobench/network/wide_row.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
namespace {

using Wide = long double;

Wide times(Wide a, Wide b) { return a == 0 || b == 0 ? 0 : a * b; }

// phi, phi' and phi''.
struct WideJet {
  Wide value, slope, bend;
};

WideJet logistic(Wide z) {
  const Wide e = std::exp(-std::abs(z)), m = 1 + e, slope = e / (m * m);
  return {(z >= 0 ? 1 : e) / m, slope, slope * std::copysign((1 - e) / m, -z)};
}

WideJet tanh(Wide z) {
  const Wide e = std::exp(-2 * std::abs(z)), m = 1 + e, t = std::tanh(z), slope = 4 * e / (m * m);
  return {t, slope, -2 * t * slope};
}

// With t = tanh(softplus z) in e = exp(-|z|), as in kernel/path/activation_formulas.hpp.
WideJet mish(Wide z) {
  const Wide e = std::exp(-std::abs(z));
  const Wide m = z >= 0 ? 1 + 2 * e * (1 + e) : 2 + e * (2 + e);
  const Wide t = (z >= 0 ? 1 + 2 * e : e * (2 + e)) / m;
  const Wide dt = 4 * e * (1 + e) / (m * m) * (z >= 0 ? e : 1);
  const Wide d2t = dt * (logistic(-z).value - 2 * t * logistic(z).value);
  return {times(z, t), t + times(z, dt), 2 * dt + times(z, d2t)};
}

WideJet silu(Wide z) {
  const WideJet s = logistic(z);
  return {times(z, s.value), s.value + times(z, s.slope), 2 * s.slope + times(z, s.bend)};
}

WideJet gelu(Wide z) {
  const Wide root_half = std::sqrt(Wide{0.5}), one_by_sqrt_2_pi = 0.398942280401432677939946L;
  const Wide Phi = std::erfc(-z * root_half) / 2;
  const Wide density = one_by_sqrt_2_pi * std::exp(-z * z / 2);
  return {times(z, Phi), Phi + times(z, density), 2 * density - times(z, times(z, density))};
}

WideJet scaled_elu(Wide z, Wide scale, Wide scale_alpha) {
  const Wide e = scale_alpha * std::exp(z);
  return z > 0 ? WideJet{scale * z, scale, 0} : WideJet{scale_alpha * std::expm1(z), e, e};
}

WideJet softsign(Wide z) {
  const Wide m = 1 + std::abs(z);
  return {std::isinf(z) ? std::copysign(Wide{1}, z) : z / m, 1 / m / m, std::copysign(2 / m / m / m, -z)};
}

WideJet gaussian(Wide z) {
  const Wide g = std::exp(-z * z / 2);
  return {g, -times(z, g), times(z, times(z, g)) - g};
}

WideJet jet(Activation phi, Wide z) {
  if (std::isnan(z)) return {z, z, z};
  switch (phi) {
    case Activation::identity:
      return {z, 1, 0};
    case Activation::logistic:
      return logistic(z);
    case Activation::tanh:
      return tanh(z);
    case Activation::relu:
      return {z > 0 ? z : 0, Wide(z > 0 ? 1 : 0), 0};
    case Activation::softplus:
      return {(z > 0 ? z : 0) + std::log1p(std::exp(-std::abs(z))), logistic(z).value, logistic(z).slope};
    case Activation::exp:
      return {std::exp(z), std::exp(z), std::exp(z)};
    case Activation::mish:
      return mish(z);
    case Activation::leaky_relu:
      return {z > 0 ? z : Wide{0.01} * z, z > 0 ? Wide{1} : Wide{0.01}, 0};
    case Activation::elu:
      return scaled_elu(z, 1, 1);
    case Activation::selu:
      return scaled_elu(z, 1.0507009873554804934193349852946L, 1.7580993408473768599402175208123L);
    case Activation::silu:
      return silu(z);
    case Activation::gelu:
      return gelu(z);
    case Activation::softsign:
      return softsign(z);
    case Activation::arctan:
      return {std::atan(z), 1 / (1 + z * z), -2 * times(z, 1 / (1 + z * z)) / (1 + z * z)};
    case Activation::sin:
      return {std::sin(z), std::cos(z), -std::sin(z)};
    case Activation::gaussian:
      return gaussian(z);
  }
  JB_EXPECT(false, "an activation without a formula");
  return {};
}

}  // namespace

WideRow::WideRow(const Perceptron& network, const VectorView& theta, const Vector& x)
    : network_(network), theta_(theta), inputs_(x.cast<Wide>()) {
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    const auto W = network.weights(theta_, l);
    WideVector a(layer.n_units), slope(layer.n_units), bend(layer.n_units);
    for (Index i = 0; i < layer.n_units; ++i) {
      Wide z = layer.has_bias() ? network.bias(theta_, l)[i] : 0;
      for (Index j = 0; j < layer.n_inputs; ++j) z += times(W(i, j), below(l)[j]);
      const WideJet unit = jet(layer.activation, z);
      a[i] = unit.value;
      slope[i] = unit.slope;
      bend[i] = unit.bend;
    }
    activations_.push_back(a);
    slopes_.push_back(slope);
    bends_.push_back(bend);
  }
}

void WideRow::differentiate(Index k, Index row, Matrix* J_y_theta, Matrix* J_y_x) const {
  WideVector delta = WideVector::Zero(network_.n_outputs());
  delta[k] = slopes_.back()[k];
  for (Index l = network_.n_layers() - 1; l >= 0; --l) {
    const Layer& layer = network_.layer(l);
    if (J_y_theta)
      for (Index i = 0; i < layer.n_units; ++i) {
        for (Index j = 0; j < layer.n_inputs; ++j)
          (*J_y_theta)(row, layer.weights_at + i * layer.n_inputs + j) =
              static_cast<double>(times(delta[i], below(l)[j]));
        if (layer.has_bias()) (*J_y_theta)(row, layer.bias_at + i) = static_cast<double>(delta[i]);
      }
    const auto W = network_.weights(theta_, l);
    WideVector next = WideVector::Zero(layer.n_inputs);
    for (Index j = 0; j < layer.n_inputs; ++j) {
      for (Index i = 0; i < layer.n_units; ++i) next[j] += times(delta[i], W(i, j));
      if (l > 0) next[j] = times(next[j], slopes_[static_cast<std::size_t>(l - 1)][j]);
    }
    delta = next;
  }
  if (J_y_x) J_y_x->row(row) = delta.transpose().cast<double>();
}

// da / dt and dz / dt at theta + t v.
std::vector<WideRow::Along> WideRow::first_along(const Vector& v) const {
  std::vector<Along> all;
  for (Index l = 0; l < network_.n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    const auto W = network_.weights(theta_, l), V = network_.weights(v, l);
    Along own{WideVector(layer.n_units), WideVector(layer.n_units)};
    for (Index i = 0; i < layer.n_units; ++i) {
      Wide z = layer.has_bias() ? network_.bias(v, l)[i] : 0;
      for (Index j = 0; j < layer.n_inputs; ++j) {
        z += times(V(i, j), below(l)[j]);
        if (l > 0) z += times(W(i, j), all.back().a[j]);
      }
      own.z[i] = z;
      own.a[i] = times(slopes_[static_cast<std::size_t>(l)][i], z);
    }
    all.push_back(own);
  }
  return all;
}

Vector WideRow::along(const VectorView& v) const {
  const Vector direction = v;
  const std::vector<Along> first = first_along(direction);
  WideVector d2a = WideVector::Zero(network_.n_inputs());
  for (Index l = 0; l < network_.n_layers(); ++l) {
    const auto number = static_cast<std::size_t>(l);
    const auto W = network_.weights(theta_, l), V = network_.weights(direction, l);
    WideVector above(network_.layer(l).n_units);
    for (Index i = 0; i < above.size(); ++i) {
      Wide d2z = 0;
      for (Index j = 0; l > 0 && j < d2a.size(); ++j)
        d2z += 2 * times(V(i, j), first[number - 1].a[j]) + times(W(i, j), d2a[j]);
      above[i] = times(slopes_[number][i], d2z) +
                 times(times(bends_[number][i], first[number].z[i]), first[number].z[i]);
    }
    d2a = above;
  }
  return d2a.cast<double>();
}

// Column by column: the gradient of sum_k c_k y_k, and how it changes along one parameter.
void WideRow::add_weighted_second_derivatives(const Vector& c, Matrix& sum) const {
  const Index P = network_.n_params();
  for (Index q = 0; q < P; ++q) {
    const std::vector<Along> first = first_along(Vector::Unit(P, q));
    const ParameterPlace place = network_.place_of(q);
    // d S / da of a layer, and its change
    WideVector G = c.cast<Wide>(), dG = WideVector::Zero(c.size());
    for (Index l = network_.n_layers() - 1; l >= 0; --l) {
      const auto number = static_cast<std::size_t>(l);
      const Layer& layer = network_.layer(l);
      const auto W = network_.weights(theta_, l);
      WideVector delta(layer.n_units), d_delta(layer.n_units);
      for (Index i = 0; i < layer.n_units; ++i) {
        delta[i] = times(slopes_[number][i], G[i]);
        d_delta[i] =
            times(slopes_[number][i], dG[i]) + times(times(bends_[number][i], first[number].z[i]), G[i]);
        for (Index j = 0; j < layer.n_inputs; ++j) {
          const Index p = layer.weights_at + i * layer.n_inputs + j;
          if (p < q) continue;
          Wide entry = times(d_delta[i], below(l)[j]);
          if (l > 0) entry += times(delta[i], first[number - 1].a[j]);
          sum(p, q) += static_cast<double>(entry);
        }
        if (layer.has_bias() && layer.bias_at + i >= q)
          sum(layer.bias_at + i, q) += static_cast<double>(d_delta[i]);
      }
      WideVector next = WideVector::Zero(layer.n_inputs), d_next = WideVector::Zero(layer.n_inputs);
      for (Index j = 0; j < layer.n_inputs; ++j)
        for (Index i = 0; i < layer.n_units; ++i) {
          next[j] += times(delta[i], W(i, j));
          d_next[j] += times(d_delta[i], W(i, j));
        }
      if (place.layer == l && !place.is_bias()) d_next[place.input] += delta[place.unit];
      G = next;
      dG = d_next;
    }
  }
}

std::string WideRow::overflow() const {
  constexpr Wide largest = std::numeric_limits<double>::max();
  for (Index l = 0; l < network_.n_layers(); ++l)
    for (Index i = 0; i < network_.layer(l).n_units; ++i) {
      const Wide a = activations_[static_cast<std::size_t>(l)][i];
      if (std::abs(a) <= largest) continue;
      const std::string gives = std::isfinite(a) ? fmt::format("gives {:.3g}", a) : "is not finite";
      return fmt::format("unit {} of layer {} ({}) {}", i, l + 1, info(network_.layer(l).activation).name,
                         gives);
    }
  return {};
}

bool are_surely_finite(const double* columns, Index n_rows, Index n_columns, Index stride) {
  constexpr Index at_once = 8, side_by_side = 4;
  double squares[at_once], sum = 0;
  // Columns without a gap may be cut anywhere.
  if (const Index n = n_rows * n_columns; stride == n_rows && n % (side_by_side * kernel::most_lanes) == 0) {
    n_columns = side_by_side;
    stride = n_rows = n / side_by_side;
  }
  for (Index c = 0; c < n_columns; c += at_once) {
    const Index n = std::min(at_once, n_columns - c);
    kernel::kernels().squares_of_columns(columns + c * stride, stride, n_rows, n, squares);
    sum += std::accumulate(squares, squares + n, 0.0);
  }
  return std::isfinite(sum);
}

}  // namespace jacobench
