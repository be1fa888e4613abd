// QR factorisation with column pivoting of a matrix whose columns are scaled to norm one, in a workspace of its own:
// what the steps of a fit and the standard errors of a simulation are computed from.
//
// Model:  A C^-1 Pi = Q R,  C the norms of the columns of A (1 for a column of zeros), Pi a permutation.
//         Rank: the number of pivots above max(n, p) 2^-52 times the largest.
// Shapes: A [n x p], v [n], d [p], T [p x p]
// Cost:   factorise 2 n p^2 flops, rotate 4 n p, solve p^2, inverse_factor p^3 / 3; no allocation but on making
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.4.2 and 5.5.6; Stewart and Sun (1990), Matrix
//         Perturbation Theory, sec. IV.4 (Weyl's bound)
#pragma once

#include <vector>

#include "jacobench/base/matrix.hpp"
#include "jacobench/kernel/batch.hpp"

namespace jacobench {

class ScaledQr {
 public:
  ScaledQr(Index n_rows, Index n_columns);

  void factorise(const Matrix& A);

  // The same, A <- A C^-1, and v <- Q'v. Columns whose norms are at most those given [p] are set to zero first.
  void factorise(Matrix& A, const Vector& negligible_norms, Vector& v);

  Index rank() const { return rank_; }
  bool has_full_rank() const { return rank_ == n_columns(); }

  // What pivots must be above to count, and the least that does, relative to the largest.
  double tolerance() const { return tolerance_; }
  double least_pivot() const;

  // For an A that is known to errors E only, given the 2-norms of their columns [p]: pivots of at most |E C^-1|,
  // Frobenius, on top of the rounding of the factorisation count no more, as a matrix within E has singular values that
  // differ by that.
  void allow_for_errors(const Vector& column_errors);
  const Vector& column_norms() const { return column_norms_; }
  double norm() const;  // |A|, Frobenius

  // v <- Q'v: its first rank() entries are what v has in the column space.
  void rotate(Vector& v) const;

  // d = C^-1 Pi R^-1 v with zeros for the columns past the rank: for the rotated v, the d with the least |A d - v|.
  void solve(const Vector& v, Vector& d);

  // The first rows of the first columns of Q, as many as `part` has: an orthonormal basis of the column space if all.
  // Shape: [at most n x at most p].  Cost: 2 n p^2 flops
  void get_q(Matrix& part);

  // d = C^-1 Pi z
  void unpermute(const Vector& z, Vector& d) const;

  // R, in the order of the permuted columns, and below it the reflectors.  Shape: [n x p]
  auto matrix() const { return qr_.rows(n_rows_).leftCols(n_columns()); }

  // T = C^-1 Pi R^-1, so that T T' = (A'A)^-1.  Errors: logic_error unless the rank is full
  void inverse_factor(Matrix& T);

  Index column_at(Index place) const { return from_[static_cast<std::size_t>(place)]; }  // Pi

 private:
  Index n_columns() const { return column_norms_.size(); }
  double* carried() { return qr_.column(n_columns()); }
  template <class Norms>
  void set_columns(const Matrix& A, const Norms& negligible_norms);
  void eliminate(Index n_carried);
  void reflect(Index k, double* v) const;
  void count_pivots();
  auto triangle(Index size) const { return qr_.rows(size).leftCols(size).triangularView<Eigen::Upper>(); }

  const Index n_rows_;
  Vector column_norms_, inverse_norms_, permuted_, column_;
  Batch qr_;  // and a column that is carried along
  Batch reflector_;
  Vector tau_, squares_;
  std::vector<Index> from_;  // column k of R is column from_[k] of A
  Index n_pivots_ = 0;       // above rounding, of which rank_ are above the threshold
  Index rank_ = 0;
  double tolerance_ = 0;
};

}  // namespace jacobench
