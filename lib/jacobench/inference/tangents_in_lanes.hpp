// The tangents of many fits of one small network, and what they say at new points: one fit in each lane of a pack,
// where the data clearly determine all parameters.
//
// Model:  J = Q R by QR without pivoting, C the norms of the columns of J, T = R^-1, so that T T' = (J'J)^-1. Every
//         singular value of J C^-1 is at least 1 / |C T|, and every pivot of a QR with pivoting at least that singular
//         value: where this is large, all pivots are, and pivoting would change T T' by rounding alone.
//         At a point with gradient g the form g'(J'J)^-1 g is |T'g|^2
// Bits:   those of a fit depend neither on its lane nor on what is in the others, nor on how many lanes there are
// Cost:   2 n P^2 multiplications of packs and m n activations, m the hidden units, and P^2 / 2 and m for a point; no
//         allocation but on making. A lane that is idle costs what a busy one does
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.2 and 5.4
#pragma once

#include "jacobench/fit/fit.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/lane_numbers.hpp"

namespace jacobench {

class TangentsInLanes {
 public:
  // Whether tangents of fits like this one can be had in lanes: of networks that are fitted there, without decay, by
  // the default strategy.
  static bool suits(const Fit& like);

  TangentsInLanes(const Fit& like, const kernel::LaneKernels& kernels);

  void put(Index lane, const Fit& fit);
  void compute();  // of what has been put

  // r = B (Y - f), T and |C T|, Frobenius. Returns whether the parameters are clearly determined and r is finite; if
  // not, what is set means nothing.
  // Shapes: r [n], T [P x P]
  bool get(Index lane, Vector& r, Matrix& T, double& norm_of_inverse) const;

  // Of all lanes, as kernel::LanePoints has them.
  const kernel::LaneNumbers& parameters() const { return theta_; }
  const kernel::LaneNumbers& T() const { return T_; }

 private:
  kernel::LaneTangent tangents();

  const Perceptron network_;
  const kernel::LaneKernels kernels_;
  const Index N_, P_, stride_;  // of the rows of R and T
  Matrix row_factors_;
  kernel::LaneNumbers X_, y_, factors_, theta_;
  kernel::LaneNumbers r_, R_, T_, C_, squares_, workspace_;
};

// The same points for all fits.
class PointsInLanes {
 public:
  // Whether so many points are few enough to be gone through in lanes, for fits whose tangents are had there.
  static bool suits(const Fit& like, Index n_points);

  PointsInLanes(const Fit& like, const MatrixView& X0, const kernel::LaneKernels& kernels);

  // Of tangents that have been computed, in as many lanes.
  void compute(const TangentsInLanes& tangents);

  // f and |T'g|^2 of a lane whose parameters are clearly determined. Returns whether all are finite.
  // Shapes: f and forms [M x 1]
  bool get(Index lane, Matrix& f, Matrix& forms) const;

 private:
  kernel::LanePoints points(const TangentsInLanes& tangents);

  const Perceptron network_;
  const kernel::LaneKernels kernels_;
  const Index M_;
  kernel::LaneNumbers X_, zeros_, ones_, f_, forms_, workspace_;
};

}  // namespace jacobench
