// (J'J + B)^-1 of more parameters than observations, B diagonal, by n x n matrices: J is never formed.
//
// Model:  J = B J_y_theta by the map of fit/row_map.hpp, n = N K rows. Of the parameters P that have a penalty K and
//         the F that have none, B = K + mu D, D_P proportional to K with the mean of diag J_P K^-1 J_P' over the
//         parameters, and D_F the mean of diag J_F'J_F:
//           V = I + J_P B_P^-1 J_P' = L L',   W = L^-1 J_F,   S = W'W + B_F
//         d = (J'J + B)^-1 v has  d_F = S^-1 (v_F - W'L^-1 J_P B_P^-1 v_P),  w = J d = V^-1 (J_P B_P^-1 v_P + J_F d_F),
//           d_P = B_P^-1 (v_P - J_P'w)
//         and the hat matrix is  H = J (J'J + B)^-1 J' = I - V^-1 + L'^-1 W S^-1 W'L^-1
// Shapes: theta, v, d [P]; X [N x D]; w [n]
// Cost:   move_to n^2 flops a unit below and above each layer; factorise n^3 / 3 + n^2 F + n F^2; solve two products of
//         a pass and n^2; inverse_at n^2 flops a row of G and as much as move_to for them
// Accuracy: of w, relative, that of J_P B_P^-1 J_P', which is its trace times rounding at most: see rounding()
// Errors: logic_error for a K on weights that is not the product of a number an input and one a unit
//         (jacobian/products.hpp)
// Source: Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, sec. 18.3.5
#pragma once

#include "jacobench/fit/row_map.hpp"
#include "jacobench/jacobian/held_products.hpp"

namespace jacobench {

class DualFactor {
 public:
  // Whether all weights have a penalty, of the form that this takes.
  static bool is_possible(const Perceptron& network, const Vector& K);

  DualFactor(const Perceptron& network, const Vector& K, Index n_observations, Index n_threads = 1);

  // Returns whether all is finite; if not, nothing below may be asked.
  bool move_to(const Vector& theta, const Matrix& X, const RowMap& rows);

  // Return whether J'J + B is positive definite up to rounding; if not, nothing below may be asked.
  bool factorise(double mu, double mu_free);
  bool factorise_undamped() { return factorise(0, least_free_damping); }

  // As if biases without a penalty had that of the weights of their unit, on the mean.
  bool factorise_all_penalised();

  void solve(const Vector& v, Vector& d);
  void times(const Vector& v, Vector& J_v);
  void transposed_times(const Vector& u, Vector& J_t_u);

  Index n_rows() const { return A_.rows(); }
  const Vector& B() const { return B_; }
  HeldProducts& products() { return products_; }

  // Without damping. Cost: n^3 flops
  double trace_h();
  Matrix hat();
  double log_determinant()
      const;  // of J'J + B, where no parameter or all that are free are determined by the data

  // Whether the data determine what has no penalty, by the rank of J_F.  Cost: a QR of n x F
  bool determines_free() const;

  // The error of w, relative to it, that rounding may have made.
  double rounding() const { return unit_roundoff * A_.trace(); }

  // J (J'J + B)^-1 G' and diag G (J'J + B)^-1 G', G of other observations at the same theta, without row factors, or
  // that of single parameters.  Shapes: W [n x rows of G], forms [rows of G]
  void inverse_at(HeldProducts& others, Matrix& W, Vector& forms);
  void inverse_of_parameters(Index first, Index n, Matrix& W, Vector& forms);

  // The damping that parameters without a penalty keep: a unit that is saturated has a bias whose column vanishes, and
  // stays where it is.
  static constexpr double least_free_damping = 1e-12;

 private:
  bool factorise_with(double mu, const Vector& B_free);
  bool has_free() const { return !free_.empty(); }
  Index n_free() const { return static_cast<Index>(free_.size()); }
  void apply_inverse(const Matrix& G_free, Matrix& W, Vector& forms);

  const Perceptron network_;
  const Vector K_;
  HeldProducts products_;
  std::vector<LayerScales> scales_;  // 1 / k, and 0 for what has no penalty
  std::vector<Index> free_;          // parameters without one
  RowMap row_map_;
  Matrix A_, J_free_;                                 // J_P K^-1 J_P', and the columns of J that are free
  Vector penalty_of_weights_;                         // of the unit of each that is free, on the mean
  std::optional<std::pair<double, Vector>> damping_;  // mu and B_F that the factors below are of
  Matrix L_, W_, S_;                                  // of S its factor
  Vector B_, u_, of_free_;
  Matrix at_observations_;
  double penalty_scale_ = 1, free_scale_ = 0;  // of D
};

}  // namespace jacobench
