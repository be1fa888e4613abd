#include "jacobench/fit/scaling.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

enum class Centring { possible, impossible };

Centring centring_by(const Layer& layer) {
  return layer.has_bias() ? Centring::possible : Centring::impossible;
}

// |column - centre|, in one pass where no square can overflow or vanish.
double length_about(const VectorView& column, double centre) {
  const double square = (column.array() - centre).square().sum();
  constexpr double safe = 0x1p900;
  if (square > 1 / safe && square < safe) return std::sqrt(square);
  return (column.array() - centre).matrix().stableNorm();
}

void standardise(const VectorView& column, Centring centring, double& centre, double& scale) {
  const bool varies = (column.array() != column[0]).any();
  centre = centring == Centring::possible && varies ? column.mean() : 0;
  const double size = length_about(column, centre) / std::sqrt(static_cast<double>(column.size()));
  // 1 / scale is a double as well.
  scale = size > 0 ? std::exp2(std::clamp(std::round(std::log2(size)), -1000.0, 1000.0)) : 1;
}

// Division by a power of two, without rounding.
void scale_column(const VectorView& column, double centre, double scale, Eigen::Ref<Vector> scaled) {
  scaled.array() = (column.array() - centre) * (1 / scale);
}

}  // namespace

Scaling::Scaling(const Perceptron& network)
    : network_(network),
      input_centre_(Vector::Zero(network.n_inputs())),
      input_scale_(Vector::Ones(network.n_inputs())),
      output_centre_(Vector::Zero(network.n_outputs())),
      output_scale_(Vector::Ones(network.n_outputs())) {}

Scaling::Scaling(const Perceptron& network, const MatrixView& X, const MatrixView& Y) : Scaling(network) {
  set(X, Y);
}

void Scaling::set(const MatrixView& X, const MatrixView& Y) {
  JB_EXPECT(X.rows() == Y.rows(), "X has {} rows, Y {}", X.rows(), Y.rows());
  set_inputs(X);
  set_outputs(Y);
}

void Scaling::set_inputs(const MatrixView& X) {
  JB_EXPECT(X.rows() > 0 && X.cols() == network_.n_inputs(), "X is {} x {}, the network {}", X.rows(),
            X.cols(), to_string(network_));
  for (Index d = 0; d < X.cols(); ++d)
    standardise(X.col(d), centring_by(network_.layers().front()), input_centre_[d], input_scale_[d]);
}

void Scaling::set_outputs(const MatrixView& Y) {
  JB_EXPECT(Y.rows() > 0 && Y.cols() == network_.n_outputs(), "Y is {} x {}, the network {}", Y.rows(),
            Y.cols(), to_string(network_));
  const Layer& top = network_.layers().back();
  if (top.activation != Activation::identity) return;
  for (Index k = 0; k < Y.cols(); ++k)
    standardise(Y.col(k), centring_by(top), output_centre_[k], output_scale_[k]);
}

void Scaling::scale_inputs(const MatrixView& X, Matrix& U) const {
  for (Index d = 0; d < X.cols(); ++d) scale_column(X.col(d), input_centre_[d], input_scale_[d], U.col(d));
}

void Scaling::scale_outputs(const MatrixView& Y, Matrix& V) const {
  for (Index k = 0; k < Y.cols(); ++k) scale_column(Y.col(k), output_centre_[k], output_scale_[k], V.col(k));
}

void Scaling::make_user(Vector& parameters) const {
  const Layer &top = network_.layers().back(), &first = network_.layers().front();
  auto W_top = network_.weights(parameters, top_number());
  W_top.array().colwise() *= output_scale_.array();
  if (top.has_bias()) {
    auto b = network_.bias(parameters, top_number()).array();
    b = b * output_scale_.array() + output_centre_.array();
  }
  auto W_first = network_.weights(parameters, 0);
  W_first.array().rowwise() /= input_scale_.transpose().array();
  if (first.has_bias()) network_.bias(parameters, 0).noalias() -= W_first * input_centre_;
}

void Scaling::make_scaled(Vector& parameters) const {
  const Layer &top = network_.layers().back(), &first = network_.layers().front();
  auto W_first = network_.weights(parameters, 0);
  if (first.has_bias()) network_.bias(parameters, 0).noalias() += W_first * input_centre_;
  W_first.array().rowwise() *= input_scale_.transpose().array();
  if (top.has_bias()) {
    auto b = network_.bias(parameters, top_number()).array();
    b = (b - output_centre_.array()) / output_scale_.array();
  }
  auto W_top = network_.weights(parameters, top_number());
  W_top.array().colwise() /= output_scale_.array();
}

// theta = T tau + t, so d S / d theta = T^-T d S / d tau.
void Scaling::make_user_gradient(Vector& gradient) const {
  const Layer &top = network_.layers().back(), &first = network_.layers().front();
  auto of_W_top = network_.weights(gradient, top_number());
  of_W_top.array().colwise() /= output_scale_.array();
  if (top.has_bias()) network_.bias(gradient, top_number()).array() /= output_scale_.array();
  auto of_W_first = network_.weights(gradient, 0);
  of_W_first.array().rowwise() *= input_scale_.transpose().array();
  if (first.has_bias()) of_W_first.noalias() += network_.bias(gradient, 0) * input_centre_.transpose();
}

Matrix Scaling::scaled_inputs(const MatrixView& X) const {
  Matrix U(X.rows(), X.cols());
  scale_inputs(X, U);
  return U;
}

Matrix Scaling::scaled_outputs(const MatrixView& Y) const {
  Matrix V(Y.rows(), Y.cols());
  scale_outputs(Y, V);
  return V;
}

Vector Scaling::to_user(const VectorView& tau) const {
  Vector theta = tau;
  make_user(theta);
  return theta;
}

Vector Scaling::to_scaled(const VectorView& theta) const {
  Vector tau = theta;
  make_scaled(tau);
  return tau;
}

double Scaling::diagonal_entry(const ParameterPlace& at) const {
  double entry = is_top(at) ? output_scale_[at.unit] : 1;
  if (at.layer == 0 && !at.is_bias()) entry /= input_scale_[at.input];
  return entry;
}

}  // namespace jacobench
