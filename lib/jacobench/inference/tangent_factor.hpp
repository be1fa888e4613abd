// The tangent plane of a fit, factorised: T and Q with T T' = (J'J + K)^-1 and Q = J T.
//
// Model:  J C^-1 = U S V', C the norms of the columns of J (1 for a column of zeros), by QR and then an SVD of R. J'J, which
//         squares the condition number, is never formed.
//         Rank: the number of singular values above max(N K, P) 2^-52 times the largest.
//         without K   T = C^-1 V S^-1 over the rank directions that the data determine, Q = U:
//                     the pseudo-inverse, in scaled parameters
//         with K      the same of the rows of J and sqrt(K) together; Q is the top N K rows only
//         with K > 0 throughout and more parameters than rows, the dual route, which needs N K x N K matrices only:
//                     J K^-1/2 = U S V',  T = K^-1/2 V (I + S^2)^-1/2,  Q = U S (I + S^2)^-1/2,
//                     and beside T T' the part K^-1/2 (I - V V') K^-1/2 that the data say nothing about
//         The hat matrix is Q Q' either way, its diagonal the leverages.
// Shapes: J [n x P], K [P], T [P x m], Q [n x m], m <= min(n + P, P)
// Cost:   4 n P^2 flops and an SVD of P x P; the dual route 4 P n^2 and an SVD of n x n
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.5; Hastie, Tibshirani and Friedman (2009), sec. 18.3.5
#pragma once

#include "jacobench/base/matrix.hpp"

namespace jacobench {

// U S V' with as many columns as the smaller side has.
struct ThinSvd {
  Matrix U;
  Vector S;
  Matrix V;
};
ThinSvd thin_svd(const Matrix& A);

// How well the data determine the parameters.
struct RankReport {
  Index rank;
  Index n_params;
  double largest;             // singular value of J C^-1
  double tolerance;           // of singular values of J C^-1, relative to the largest
  double condition_scaled;    // largest over smallest singular value of J C^-1 that counts towards the rank
  double condition_unscaled;  // the same of J
  Vector column_norms;        // C
  Matrix determined;          // V over the rank directions, orthonormal, in scaled parameters C theta
  Matrix undetermined;        // the other columns of V; empty where P > n

  bool is_full() const { return rank == n_params; }

  // For each row g of G, how much of it lies in undetermined directions: |(I - V V') C^-1 g| / |C^-1 g|.
  Vector undetermined_share(const MatrixView& G) const;
};

struct TangentFactor {
  Matrix T, Q;
  // Of the dual route, empty otherwise: K^-1/2 and V.
  Vector prior_scale;
  Matrix prior_known;

  Vector leverages() const { return Q.rowwise().squaredNorm(); }
  double trace_h() const { return Q.squaredNorm(); }
  double trace_hh() const { return (Q.transpose() * Q).squaredNorm(); }
};

// Both from one factorisation.
struct DataFactor {
  RankReport report;
  TangentFactor factor;
};
DataFactor factorise(const Matrix& J);

// With K. `is_determined` is false where data and penalty together leave a direction open.
struct PenalisedFactor {
  bool is_determined;
  TangentFactor factor;
};
PenalisedFactor factorise(const Matrix& J, const Vector& K);

}  // namespace jacobench
