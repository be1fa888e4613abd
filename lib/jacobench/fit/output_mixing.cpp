#include "jacobench/fit/output_mixing.hpp"

#include <Eigen/Cholesky>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

// part(k) <- sum_j L_kj part(j), L lower triangular.
template <class Part>
void multiply_in_place(const Matrix& L, const Part& part) {
  for (Index k = L.rows() - 1; k >= 0; --k) {
    auto target = part(k);
    target *= L(k, k);
    for (Index j = 0; j < k; ++j) target += L(k, j) * part(j);
  }
}

}  // namespace

OutputMixing::OutputMixing(const Matrix& C) {
  if (C.size() == 0) return;
  const Eigen::LLT<Matrix> factor(C);
  JB_EXPECT(factor.info() == Eigen::Success, "the correlation matrix is not positive definite");
  G_ = factor.matrixL();
  inverse_ = G_.triangularView<Eigen::Lower>().solve(Matrix::Identity(C.rows(), C.cols()));
}

void OutputMixing::uncorrelate(Eigen::Ref<Matrix> E) const {
  multiply_in_place(inverse_, [&](Index k) { return E.col(k); });
}

void OutputMixing::uncorrelate_rows(Eigen::Ref<Matrix> stacked) const {
  if (is_identity()) return;
  const Index N = stacked.rows() / G_.rows();
  multiply_in_place(inverse_, [&](Index k) { return stacked.middleRows(k * N, N); });
}

void OutputMixing::uncorrelate_transposed(Eigen::Ref<Matrix> E) const {
  for (Index j = 0; j < inverse_.rows(); ++j) {
    E.col(j) *= inverse_(j, j);
    for (Index k = j + 1; k < inverse_.rows(); ++k) E.col(j) += inverse_(k, j) * E.col(k);
  }
}

void OutputMixing::correlate(Eigen::Ref<Matrix> E) const {
  multiply_in_place(G_, [&](Index k) { return E.col(k); });
}

void OutputMixing::bound_uncorrelated(Eigen::Ref<Matrix> E) const {
  E = E.cwiseAbs();
  multiply_in_place(inverse_.cwiseAbs(), [&](Index k) { return E.col(k); });
}

}  // namespace jacobench
