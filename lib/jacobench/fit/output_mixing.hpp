// The errors of several outputs, made uncorrelated: a fixed linear map of the outputs of each observation.
//
// Model:  C = G G', C the correlation matrix of the outputs' noise and G its lower triangular Cholesky factor. If e has
//         covariance C, G^-1 e has the identity.
// Shapes: C [K x K]; outputs E [N x K], an observation a row; stacked rows [(N K) x any], row k N + n being output k of
//         observation n
// Cost:   K^2 / 2 multiplications a number, in place; nothing without a correlation
// Errors: logic_error for a matrix that is not positive definite
// Source: Zellner (1962), JASA 57(298)
#pragma once

#include "jacobench/base/matrix.hpp"

namespace jacobench {

class OutputMixing {
 public:
  OutputMixing() = default;  // no correlation: the identity
  explicit OutputMixing(const Matrix& C);

  bool is_identity() const { return G_.size() == 0; }

  void uncorrelate(Eigen::Ref<Matrix> E) const;             // e_n <- G^-1 e_n
  void uncorrelate_rows(Eigen::Ref<Matrix> stacked) const;  // the same
  void uncorrelate_transposed(Eigen::Ref<Matrix> E) const;  // e_n <- G^-T e_n
  void correlate(Eigen::Ref<Matrix> E) const;               // e_n <- G e_n

  // At most so large are the errors that e_n <- G^-1 e_n makes of errors E: e_n <- |G^-1| |e_n|.
  void bound_uncorrelated(Eigen::Ref<Matrix> E) const;

 private:
  Matrix G_, inverse_;  // lower triangular; empty for the identity
};

}  // namespace jacobench
