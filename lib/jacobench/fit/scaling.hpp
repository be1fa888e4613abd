// Standardisation of inputs and outputs inside a fit, and the exact way back to the user's units.
//
// Model:  x = m + s o u,  y = a + c o v  (u, v standardised). A network in (u, v) with parameters tau is the network in
//         (x, y) with
//           top layer, where it is the identity:  W = diag(c) W_tau,  b = c o b_tau + a
//           first layer, after that:              W <- W diag(1 / s),  b <- b - W m
//         an affine map theta = T tau + t. It exists only where the parameters to take it up do: inputs are centred if
//         the first layer has a bias; outputs are centred if the top layer is the identity with a bias and scaled if
//         it is the identity. What has no exact map is left as it is (m or a = 0, c = 1).
//         s and c are the powers of two nearest to the standard deviation (root mean square where not centred), so
//         that scaling itself rounds nothing. A column that never varies is not centred.
// Shapes: theta, tau [P]; X [N x D], Y [N x K]
// Cost:   O(P + N (D + K))
// Source: LeCun, Bottou, Orr and Müller (1998), "Efficient BackProp", sec. 4.3
#pragma once

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

class Scaling {
 public:
  // None: theta = tau.
  explicit Scaling(const Perceptron& network);

  // What suits these data.
  Scaling(const Perceptron& network, const MatrixView& X, const MatrixView& Y);
  void set(const MatrixView& X, const MatrixView& Y);  // without allocation
  void set_inputs(const MatrixView& X);
  void set_outputs(const MatrixView& Y);

  Matrix scaled_inputs(const MatrixView& X) const;
  Matrix scaled_outputs(const MatrixView& Y) const;
  const Vector& output_scale() const { return output_scale_; }  // c

  Vector to_user(const VectorView& tau) const;
  Vector to_scaled(const VectorView& theta) const;

  // The same without allocation, into U and V that have the shapes of X and Y, and in place.
  void scale_inputs(const MatrixView& X, Matrix& U) const;
  void scale_outputs(const MatrixView& Y, Matrix& V) const;
  void make_user(Vector& parameters) const;
  void make_scaled(Vector& parameters) const;

  // From d S / d tau to d S / d theta, in place.
  void make_user_gradient(Vector& gradient) const;

  // Calls use(q, T(p, q)) for the entries of row p of T that are not zero.
  template <class Use>
  void for_each_in_row(Index p, Use use) const;

 private:
  Index top_number() const { return network_.n_layers() - 1; }
  bool is_top(const ParameterPlace& at) const { return at.layer == top_number(); }
  double diagonal_entry(const ParameterPlace& at) const;

  const Perceptron network_;
  Vector input_centre_, input_scale_, output_centre_, output_scale_;
};

template <class Use>
void Scaling::for_each_in_row(Index p, Use use) const {
  const ParameterPlace at = network_.place_of(p);
  use(p, diagonal_entry(at));
  if (at.layer > 0 || !at.is_bias()) return;
  const double c = is_top(at) ? output_scale_[at.unit] : 1;
  for (Index d = 0; d < network_.n_inputs(); ++d)
    if (input_centre_[d] != 0)
      use(network_.layer(0).weights_at + at.unit * network_.n_inputs() + d,
          -c * input_centre_[d] / input_scale_[d]);
}

}  // namespace jacobench
