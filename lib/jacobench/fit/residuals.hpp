// The residuals of a fit, their Jacobian, and the products of it that a solver steps by: what every solver of the fit
// and every covariance starts from.
//
// Model:  data rows      r_(k N + n) = (G^-1 (g_n o (f(x_n; tau) - y_n)))_k,  G from the outputs' correlation
//         (fit/output_mixing.hpp)
//         penalty rows   r_(N K + i) = sqrt(k_p) theta_p,  one for each penalised parameter p, theta = T tau + t
//         so that |r|^2 = weighted RSS + sum_p k_p theta_p^2. The penalty rows stand last and are never counted as
//         data.
// Shapes: X [N x D], Y and g [N x K], tau [P], r [n_rows()], J [n_rows() x P]
// Cost:   that of the strategy, and one pass over J; no allocation by the analytic strategies. The network is evaluated
//         by blocks of observations that stay in the cache, so that memory beyond r and the caller's J does not grow
//         with N
#pragma once

#include <cmath>
#include <limits>

#include "jacobench/fit/dataset.hpp"
#include "jacobench/fit/row_map.hpp"
#include "jacobench/fit/scaling.hpp"
#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {

class Residuals {
 public:
  // decay [P] holds the k_p of the objective, or is empty.
  // In the user's units: tau = theta.
  Residuals(const Perceptron& network, const Dataset& data, const Vector& decay,
            const JacobianChoice& jacobian = {})
      : Residuals(network, data, decay, jacobian, Units::users) {}

  // The units that tau is in. In standardised ones r is divided by unit(), a power of two, so that it is of the order
  // of one and |r|^2 unit()^2 is the objective.
  enum class Units { users, standardised };
  Residuals(const Perceptron& network, const Dataset& data, const Vector& decay,
            const JacobianChoice& jacobian, Units units);

  // Other data of as many observations, standardised as suits them.  Cost: O(N (D + K)), no allocation
  void set_data(const Dataset& data);
  void set_outputs(const Dataset& data);  // the same of data whose X has been set

  const Perceptron& network() const { return network_; }
  const Scaling& scaling() const { return scaling_; }

  Index n_params() const { return network_.n_params(); }
  Index n_data_rows() const { return Y_.size(); }
  Index n_penalty_rows() const { return static_cast<Index>(penalised_.size()); }
  Index n_rows() const { return n_data_rows() + n_penalty_rows(); }
  double unit() const { return unit_; }

  // The size of the y that the data rows compare with, |g o y|: the rounding of r is relative to it.
  double size_of_outputs() const { return size_of_outputs_; }

  // Whether residuals with this |r|^2 are rounding errors of the outputs.
  bool is_rounding(double objective) const {
    return std::sqrt(objective) <= 8 * std::numeric_limits<double>::epsilon() * size_of_outputs_;
  }

  // X as the network here sees it.
  const Matrix& X() const { return X_; }
  const Matrix& Y() const { return Y_; }

  // Between the outputs of this network and the data rows, which are B (f - y).
  const RowMap& rows() const { return row_map_; }
  bool has_unit_factors() const { return has_unit_factors_; }  // g is 1 in all rows

  // Computes r and, where it is not null, J. Both have their shapes already.
  // Returns whether all of r (and J) is finite.
  bool evaluate(const VectorView& tau, double* r, double* J);

  // r, J'J and J'r, without J. Of J'J only the lower triangle is set. Returns whether all is finite.
  // Cost: J in the cache and N K P^2 flops at the speed of BLAS
  bool normal_equations(const VectorView& tau, Vector& r, Matrix& J_t_J, Vector& J_t_r);

  // The triangle R of J = Q R, P rows, with the rotated r beside it as column P and the length of the rest of r below
  // that, so that |J d + r| = |R d + c| for every d: what steps by orthogonal factorisation need of a J that is too
  // large to be held.
  // Shapes: r [n_rows()], R_and_c [(P + 1) x (P + 1)].  Cost: 2 n P^2 flops and more, by blocks of rows
  bool triangle(const VectorView& tau, Vector& r, Matrix& R_and_c);

  // Calls use(r_i, entries) for the penalty rows at tau; entries(see) calls see(p, J(i, p)) for the entries that are
  // not zero.
  template <class UseRow>
  void for_each_penalty_row(const VectorView& tau, const UseRow& use) const;

  // tr(T' K T), K the Gram matrix of the penalty rows.  Shape: T [P x any number]
  double penalty_form(const Matrix& T) const;

 private:
  struct Penalised {
    Index parameter;
    double root;  // sqrt(k_p)
  };

  template <class UseBlock>
  void for_each_block(const VectorView& tau, double* r, Matrix* J, const UseBlock& use);
  template <class UseRows>
  void for_rows_of_data(const VectorView& tau, Vector& r, const UseRows& use);
  void set_row_factors(const Dataset& data);
  double in_users_units(Index parameter, const VectorView& v) const;
  double penalty_row(const Penalised& penalised, const VectorView& tau) const;
  void evaluate_penalty_rows(const VectorView& tau, double* r, double* J, Index stride) const;
  void add_penalty(const VectorView& tau, double* r, Matrix& J_t_J, Vector& J_t_r) const;

  const Perceptron network_;
  Scaling scaling_;
  const Units units_;
  Matrix X_, Y_;
  RowMap row_map_;
  bool has_unit_factors_ = false;
  double unit_ = 1;
  double size_of_outputs_ = 0;
  Vector offset_;  // t, where there is a penalty
  std::vector<Penalised> penalised_;
  std::unique_ptr<Evaluator> evaluator_;
  Matrix values_, J_y_theta_;  // of one block; J where it is asked for
  Matrix J_and_r_;             // of one block
};

template <class UseRow>
void Residuals::for_each_penalty_row(const VectorView& tau, const UseRow& use) const {
  for (const Penalised& penalised : penalised_)
    use(penalty_row(penalised, tau), [&](const auto& see) {
      scaling_.for_each_in_row(penalised.parameter,
                               [&](Index p, double entry) { see(p, penalised.root / unit_ * entry); });
    });
}

}  // namespace jacobench
