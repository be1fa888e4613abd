// The tangent plane of a fit, factorised: T and Q with T T' = (J'J + K)^-1 and Q = J T. The one factorisation that
// every covariance, leverage and curvature is made from.
//
// Model:  J C^-1 Pi = Q R by QR with column pivoting (kernel/scaled_qr.hpp), C the norms of the columns of J. J'J,
//         which squares the condition number, is never formed.
//         Rank: the number of pivots above max(n, P) 2^-52 times the largest, and above what the errors of J may have
//               made.
//         without K   full rank: T = C^-1 Pi R^-1. Otherwise, with the SVD U S V' of the rows of R that count,
//                     T = C^-1 Pi V S^-1 and Q U for Q: the pseudo-inverse, in scaled parameters
//         with K      the same of the rows of J and sqrt(K) together; Q is the top n rows only
//         of more parameters than rows, (J C^-1)' = Q R without pivots, U S V' = R', the rank is the number of singular
//                     values above the same threshold, T = C^-1 Q V S^-1, and U for Q
//         with K and more parameters than rows of J, where that is cheaper, the dual route, which needs n x n matrices
//                     and thin ones only. With U_F S_F V_F' = J_F C_F^-1 of the columns F that have no penalty, as far
//                     as its rank goes, and J_P those that have one:
//                     (I - U_F U_F') J_P K^-1/2 = U S V',  T_P = [K^-1/2 V (I + S^2)^-1/2, 0],  J_F^+ = C_F^-1 V_F
//                                                          S_F^-1 U_F',
//                     T_F = [-J_F^+ J_P T_P, C_F^-1 V_F S_F^-1],  Q = [U S (I + S^2)^-1/2, U_F],
//                     and beside T T' the part Z Z' that the data say nothing about: Z_P = K^-1/2 (I - V V'), Z_F =
//                     -J_F^+ J_P Z_P
//         The hat matrix is Q Q' any way, its diagonal the leverages.
// Shapes: J [n x P], K [P], T [P x m], Q [n x m], m <= P, of the dual route at most 2 n
// Cost:   2 n P^2 flops, T P^3 / 3 and Q 2 n P^2 more when they are first asked for; no allocation after the first time
//         where the rank is full. With more parameters than rows 8 P n^2, and an SVD of n x n
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.4 and 5.5; Hastie, Tibshirani and Friedman (2009),
//         sec. 18.3.5
#pragma once

#include <algorithm>
#include <memory>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

class ScaledQr;

// U S V' with as many columns as the smaller side has.
struct ThinSvd {
  Matrix U;
  Vector S;
  Matrix V;
};
ThinSvd thin_svd(const Matrix& A);

// How well the data determine the parameters.
// Conditions are in the Frobenius norm, |A| |A^+|: at least that in the 2-norm, and at most P times it.
struct RankReport {
  Index rank = 0;
  Index n_params = 0;
  double condition_scaled = 1;    // of J C^-1, over the directions that are determined
  double condition_unscaled = 1;  // the same of J

  // What follows describes a rank that is not full, and is empty otherwise.
  double largest = 0;        // singular value of J C^-1
  double tolerance = 0;      // of singular values of J C^-1, relative to the largest
  Vector column_norms = {};  // C
  // V over the rank directions, orthonormal, in scaled parameters C theta, and the other columns of V: both, but where
  // P > n only the first, and by the dual route only the second.
  Matrix determined = {}, undetermined = {};

  bool is_full() const { return rank == n_params; }

  // How much of a gradient in the determined directions may seem to lie in the others, as these are known to
  // tolerance times condition only. More than most_rounding_share is never taken for rounding.
  static constexpr double most_rounding_share = 1e-6;
  double rounding_share() const { return std::min(most_rounding_share, tolerance * condition_scaled); }

  // For each row g of G, how much of it lies in undetermined directions: |(I - V V') C^-1 g| / |C^-1 g|.
  Vector undetermined_share(const MatrixView& G) const;
  Vector undetermined_share_of_parameters() const;  // of the rows of I, up to the root of rounding
};

class TangentFactor {
 public:
  // Whether the dual route is possible and takes fewer flops than a QR of n + P rows. More free parameters than rows
  // leave directions open that only a full V would name.
  static bool is_dual_cheaper(double n, double P, double n_penalised);

  // A workspace for J [n x P], with or without a penalty.
  TangentFactor(Index n_data_rows, Index n_params);
  ~TangentFactor();
  TangentFactor(TangentFactor&&) noexcept;

  // The rows of J alone, or with K [P]: by the cheaper route, or the one that leaves no part of (J'J + K)^-1 beside T
  // T'.
  enum class Route { cheaper, primal };
  void factorise(const Matrix& J);
  void factorise(const Matrix& J, const Vector& K, Route route = Route::cheaper);

  // For a J that is known to errors only, given the 2-norms of their columns [P]: directions that these alone may
  // determine are open. To be called before anything is asked; not for the dual route, whose penalty determines all.
  void allow_for_errors(const Vector& column_errors);

  // From which on pivots count whatever the errors of J: they would have to be that large.
  static constexpr double clear_pivot = 0x1p-20;

  // The least of the pivots that count, relative to the largest; 1 by the dual route.
  double least_pivot() const;

  Index rank() const;
  bool is_determined() const;  // whether T T' is the inverse of J'J + K, and no pseudo-inverse

  const Matrix& T();
  const Matrix& Q();

  // Of the dual route, which is the only one that has it: G Z.  Shape: G [M x P]
  bool is_dual() const { return dual_ != nullptr; }
  Matrix prior_part(const MatrixView& G) const;
  Vector prior_variances() const;  // diag Z Z'

  Vector leverages() { return Q().rowwise().squaredNorm(); }
  double trace_h() { return Q().squaredNorm(); }
  double trace_hh();  // tr Q Q' Q Q'

  // log det(J'J + K).  Errors: logic_error unless is_determined()
  double log_determinant() const;

  // From there to the least |A d - v|, A the rows of J and of the penalty and v [their number]; v is overwritten. Zeros
  // where the rank leaves an entry open. Errors: logic_error by the dual route where the rank is not full
  void solve(Vector& v, Vector& d);

  double condition_scaled();  // |J C^-1| |(J C^-1)^+|, Frobenius; infinite where the rank is not full
  RankReport report();  // with an SVD where the rank is not full; by the dual route of J and the penalty

 private:
  struct Wide;
  struct Dual;

  RankReport report_of_dual() const;
  void factorise_rows(const Matrix& rows);
  void compute_pseudo_inverse();
  void compute_wide();
  void factorise_dual(const Matrix& J, const Vector& K);
  void solve_dual(const Vector& v, Vector& d);

  const Index n_data_rows_, n_params_;
  Matrix
      rows_;  // of J and of the penalty, where there is one; with their columns scaled where they are fewer than the parameters
  std::unique_ptr<ScaledQr> qr_;
  std::unique_ptr<Wide> wide_;  // in the place of qr_, of fewer rows than parameters
  std::unique_ptr<Dual> dual_;
  bool has_T_ = false, has_Q_ = false;
  Matrix T_, Q_, gram_;
  Vector singular_values_;  // of a rank that is not full
  Matrix right_vectors_;    // [P x min(rows, P)], in scaled parameters
};

}  // namespace jacobench
