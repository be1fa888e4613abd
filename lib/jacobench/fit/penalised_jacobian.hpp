// The rows that a damped step is the least squares solution of, as an operator: products with J, by batches of
// observations.
//
// Model:  A = [J; sqrt(B)] S,  J = M J_y_theta, M the map of fit/row_map.hpp, B and S diagonal and not negative
// Shapes: theta, B, S [P], X [N x D]; A [(N K + P) x P], row k N + n being output k of observation n
// Cost:   a product takes two products of a pass with A and one with A'; where the passes over all observations
//         together take more than `memory` bytes, they are made anew for each batch, 1 + K products more
#pragma once

#include "jacobench/fit/lsmr.hpp"
#include "jacobench/fit/row_map.hpp"
#include "jacobench/jacobian/held_products.hpp"

namespace jacobench {

class PenalisedJacobian final : public LinearOperator {
 public:
  PenalisedJacobian(const Perceptron& network, Index n_observations, double memory = usual_memory());

  // A thirty-second of the machine's.
  static double usual_memory();

  void move_to(const Vector& theta, const Matrix& X, const RowMap& rows);
  void set_diagonals(const Vector& B, const Vector& S);

  void times(const Vector& x, Vector& A_x) override;
  void transposed_times(const Vector& y, Vector& A_t_y) override;

  // Of J alone.
  void jacobian_times(const Vector& v, Vector& J_v);
  void jacobian_transposed_times(const Vector& u, Vector& J_t_u);
  void along(const Vector& v, Vector& second);  // M d2 Y / dv2

  // diag J'J, as if outputs were not correlated: what parameters are scaled by.
  Vector squared_columns();

  Index n_rows_of_data() const { return row_map_.n_rows(); }
  const Vector& scale() const { return S_; }

 private:
  template <class Use>
  void for_each_batch(const Use& use);
  template <class Compute>
  void collect_rows(const Compute& compute, Vector& rows);

  const Index batch_;
  HeldProducts products_;
  Vector theta_;
  Matrix X_;
  RowMap row_map_;
  Vector root_of_B_, S_, scaled_, part_;
  Matrix of_batch_;
};

}  // namespace jacobench
