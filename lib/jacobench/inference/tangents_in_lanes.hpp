// The tangents of many fits of one small network, one in each lane of a pack, where the data clearly determine all
// parameters.
//
// Model:  J = Q R by QR without pivoting, C the norms of the columns of J, T = R^-1, so that T T' = (J'J)^-1. Every
//         singular value of J C^-1 is at least 1 / |C T|, and every pivot of a QR with pivoting at least that singular
//         value: where this is large, all pivots are, and pivoting would change T T' by rounding alone
// Bits:   those of a fit depend neither on its lane nor on what is in the others, nor on how many lanes there are
// Cost:   2 n P^2 multiplications of packs and m n activations, m the hidden units; no allocation but on making. A lane
//         that is idle costs what a busy one does
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.2 and 5.4
#pragma once

#include "jacobench/fit/fit.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/line_allocator.hpp"

namespace jacobench {

class TangentsInLanes {
 public:
  // Whether tangents of fits like this one can be had in lanes: of networks that are fitted there, without decay, by
  // the default strategy.
  static bool suits(const Fit& like);

  TangentsInLanes(const Fit& like, const kernel::LaneKernels& kernels);

  Index n_lanes() const { return W_; }

  void put(Index lane, const Fit& fit);
  void compute();  // of what has been put

  // r = B (Y - f), T and |C T|, Frobenius. Returns whether the parameters are clearly determined; if not, nothing is
  // set.
  // Shapes: r [n], T [P x P]
  bool get(Index lane, Vector& r, Matrix& T, double& norm_of_inverse) const;

 private:
  using Numbers = std::vector<double, kernel::LineAllocator<double>>;
  kernel::LaneTangent tangents();
  std::size_t place(Index i, Index lane) const { return static_cast<std::size_t>(i * W_ + lane); }

  const Perceptron network_;
  const kernel::LaneKernels kernels_;
  const Index W_, N_, P_;
  Matrix row_factors_;
  Numbers X_, y_, factors_, tau_;
  Numbers r_, R_, T_, C_, squares_, workspace_;
};

}  // namespace jacobench
