// Least squares by products with a matrix alone.
//
// Model:  min |A x - b|, by Golub-Kahan bidiagonalisation from b: the iterates of MINRES for A'A x = A'b, whose |A'(b -
//         A x)| falls from one to the next
// Shapes: A [m x p], b [m], x [p]
// Cost:   a product with A and one with A' an iteration, and 8 p + 6 m flops; memory of 3 p + 3 m numbers
// Errors: rounding ends it where what is left of the gradient no longer falls: `is_enough` is then false
// Source: Fong and Saunders (2011), SIAM J. Sci. Comput. 33(5), "LSMR: an iterative algorithm for sparse least-squares
//         problems"
#pragma once

#include <functional>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

class LinearOperator {
 public:
  virtual ~LinearOperator() = default;
  virtual void times(const Vector& x, Vector& A_x) = 0;
  virtual void transposed_times(const Vector& y, Vector& A_t_y) = 0;
};

struct LsmrEnd {
  double gradient_norm;  // |A'(b - A x)|, by recurrence
  Index n_iterations;
  bool is_enough;
};

class Lsmr {
 public:
  // Whether x is near enough, asked after each iteration.
  using Enough = std::function<bool(double gradient_norm, const Vector& x, const Vector& A_x)>;

  // Enough for whoever asks for more digits than there are.
  static constexpr Index most_iterations = 10'000;

  LsmrEnd solve(LinearOperator& A, const Vector& b, const Enough& is_enough, Index max_iterations);

  // Of the last call.
  const Vector& x() const { return x_; }
  const Vector& A_x() const { return A_x_; }

 private:
  Vector x_, A_x_;
  Vector u_, v_, h_, h_bar_;  // as in the paper
  Vector A_v_, A_h_, A_h_bar_, A_t_u_;
};

}  // namespace jacobench
