#include "jacobench/kernel/blas.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "jacobench/kernel/kernels.hpp"

#ifdef JACOBENCH_HAVE_OPENBLAS
#include <cblas.h>

// LAPACK, which OpenBLAS contains.
extern "C" void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
extern "C" void dgeqrf_(const int* n_rows, const int* n_columns, double* a, const int* lda, double* tau,
                        double* work, const int* n_work, int* info);
extern "C" void dorgqr_(const int* n_rows, const int* n_columns, const int* n_reflectors, double* a,
                        const int* lda, const double* tau, double* work, const int* n_work, int* info);
extern "C" void dtpqrt_(const int* n_rows, const int* n_columns, const int* n_trapezoidal, const int* block,
                        double* r, const int* ldr, double* a, const int* lda, double* t, const int* ldt,
                        double* work, int* info);

// What an OpenBLAS of kernels for many processors does when it is loaded, and before it is left; another has neither.
extern "C" [[gnu::weak]] void gotoblas_dynamic_init();
extern "C" [[gnu::weak]] void gotoblas_dynamic_quit();
#else
#include <Eigen/Cholesky>
#include <Eigen/QR>
#endif

namespace jacobench::blas {
namespace {

// Of so few columns BLAS copies more than it multiplies. (Measured, small_gram of the kernels' benchmark, on an AMD
// EPYC of family 26: of 13 columns by 3.9 with AVX-512 and 1.8 with AVX2 alone, of 31 by 2.5 and 1.15.)
bool are_few(Index n_of_A, Index n_of_B) {
  constexpr Index few = 32;
  return n_of_A <= few && n_of_B <= few;
}

void add_cross_products(const MatrixView& A, const MatrixView& B, bool is_symmetric, MatrixBuffer& C) {
  kernel::kernels().add_cross_products({.A = {A.data(), A.outerStride()},
                                        .B = {B.data(), B.outerStride()},
                                        .n_rows = A.rows(),
                                        .n_of_A = A.cols(),
                                        .n_of_B = B.cols(),
                                        .is_symmetric = is_symmetric,
                                        .C = {C.data(), C.outerStride()}});
}

// Of at least a line of rows: the last lines are whole ones too, some rows of which are computed twice.
void multiply_few(const MatrixView& A, const MatrixView& B, MatrixBuffer& C) {
  const Index n_in_lines = A.rows() / kernel::most_lanes * kernel::most_lanes;
  const auto multiply_rows = [&](Index first, Index n) {
    kernel::kernels().multiply({.in = {A.data() + first, A.outerStride()},
                                .n_terms = A.cols(),
                                .coefficients = B.data(),
                                .next_column = B.outerStride(),
                                .next_term = 1,
                                .start = nullptr,
                                .addend = {},
                                .factor = {},
                                .out = {C.data() + first, C.outerStride()}},
                               B.cols(), n);
  };
  multiply_rows(0, n_in_lines);
  if (n_in_lines < A.rows()) multiply_rows(A.rows() - kernel::most_lanes, kernel::most_lanes);
}

}  // namespace

#ifdef JACOBENCH_HAVE_OPENBLAS

namespace {

// OpenBLAS knows processors by their model numbers, and takes one younger than itself for a Prescott of 2004.
constexpr std::string_view name_of_unknown = "Prescott";

constexpr auto variable = "OPENBLAS_CORETYPE";  // read as OpenBLAS is loaded

// The processor whose kernels use the instructions of a path.
const char* processor_of(VectorPath path) {
  if (path == VectorPath::scalar) return name_of_unknown.data();
  if (path == VectorPath::avx2) return "Haswell";
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni")) return "Cooperlake";
#endif
  return "SkylakeX";
}

}  // namespace

bool use_openblas_kernels_of(VectorPath path) {
  if (!why_not(path).empty() || !gotoblas_dynamic_init || !gotoblas_dynamic_quit) return false;
  const char* set = std::getenv(variable);
  const std::string before = set ? set : "";
  setenv(variable, processor_of(path), 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  if (before.empty())
    unsetenv(variable);
  else
    setenv(variable, before.c_str(), 1);
  return openblas_get_corename() == std::string_view(processor_of(path));
}

namespace {

bool choose_kernels() {
  if (openblas_get_corename() != name_of_unknown || std::getenv(variable)) return false;
  for (const VectorPath path : {VectorPath::avx512, VectorPath::avx2})
    if (why_not(path).empty()) return use_openblas_kernels_of(path);
  return false;
}

// While the program is loaded: other threads that multiply by OpenBLAS are not there yet.
[[maybe_unused]] const bool has_chosen_kernels = choose_kernels();

void on_one_thread() { [[maybe_unused]] static const bool set = (openblas_set_num_threads(1), true); }

int size(Index n) { return static_cast<int>(n); }

// A matrix without columns or rows has stride 0 in Eigen, which BLAS does not take.
template <class M>
int stride(const M& m) {
  return size(std::max<Index>(m.outerStride(), 1));
}

}  // namespace

// The configuration begins "OpenBLAS 0.3.21 ".
std::string openblas_version() {
  std::istringstream words(openblas_get_config());
  std::string name, version;
  words >> name >> version;
  return version + " " + openblas_get_corename();
}

void add_gram_by_blas(const MatrixView& A, MatrixBuffer C) {
  on_one_thread();
  cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, size(A.cols()), size(A.rows()), 1, A.data(), stride(A),
              1, C.data(), stride(C));
}

void multiply_by_own_transposed(const MatrixView& A, MatrixBuffer C) {
  on_one_thread();
  cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, size(A.rows()), size(A.cols()), 1, A.data(), stride(A),
              0, C.data(), stride(C));
}

void multiply_by_transposed(const MatrixView& A, const MatrixView& B, MatrixBuffer C) {
  on_one_thread();
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, size(A.rows()), size(B.rows()), size(A.cols()), 1,
              A.data(), stride(A), B.data(), stride(B), 0, C.data(), stride(C));
}

void multiply(const MatrixView& A, const MatrixView& B, MatrixBuffer C) {
  if (are_few(A.cols(), B.cols()) && A.rows() >= kernel::most_lanes) return multiply_few(A, B, C);
  on_one_thread();
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size(A.rows()), size(B.cols()), size(A.cols()), 1,
              A.data(), stride(A), B.data(), stride(B), 0, C.data(), stride(C));
}

void multiply_symmetric(const MatrixView& A, const MatrixView& S, MatrixBuffer C) {
  on_one_thread();
  cblas_dsymm(CblasColMajor, CblasRight, CblasLower, size(A.rows()), size(A.cols()), 1, S.data(), stride(S),
              A.data(), stride(A), 0, C.data(), stride(C));
}

void add_transposed_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C) {
  if (are_few(A.cols(), B.cols())) return add_cross_products(A, B, false, C);
  on_one_thread();
  cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, size(A.cols()), size(B.cols()), size(A.rows()), 1,
              A.data(), stride(A), B.data(), stride(B), 1, C.data(), stride(C));
}

void add_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C) {
  on_one_thread();
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size(A.rows()), size(B.cols()), size(A.cols()), 1,
              A.data(), stride(A), B.data(), stride(B), 1, C.data(), stride(C));
}

namespace {

void solve(const double* factor, int n, int stride, double* x) {
  cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, factor, stride, x, 1);
  cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, n, factor, stride, x, 1);
}

}  // namespace

bool cholesky(MatrixBuffer S) {
  on_one_thread();
  const int n = size(S.rows()), from = stride(S);
  int failed = 0;
  dpotrf_("L", &n, S.data(), &from, &failed);
  return failed == 0;
}

bool solve_positive_definite(MatrixBuffer S, Eigen::Ref<Vector> x) {
  if (!cholesky(S)) return false;
  solve(S.data(), size(S.rows()), stride(S), x.data());
  return true;
}

void solve_lower(const MatrixView& L, MatrixBuffer B) {
  on_one_thread();
  cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, size(B.rows()),
              size(B.cols()), 1, L.data(), stride(L), B.data(), stride(B));
}

void solve_lower_transposed(const MatrixView& L, MatrixBuffer B) {
  on_one_thread();
  cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, size(B.rows()), size(B.cols()),
              1, L.data(), stride(L), B.data(), stride(B));
}

void thin_qr(MatrixBuffer A, MatrixBuffer R) {
  on_one_thread();
  const int n = size(A.rows()), p = size(A.cols()), from = stride(A);
  constexpr int block = 64;
  const int n_work = block * std::max(p, 1);
  Vector tau(p), work(n_work);
  int failed = 0;
  dgeqrf_(&n, &p, A.data(), &from, tau.data(), work.data(), &n_work, &failed);
  R.setZero();
  R.triangularView<Eigen::Upper>() = A.topRows(A.cols());
  dorgqr_(&n, &p, &p, A.data(), &from, tau.data(), work.data(), &n_work, &failed);
}

void add_rows_to_triangle(MatrixBuffer R, MatrixBuffer A) {
  on_one_thread();
  const int n = size(A.rows()), p = size(A.cols()), n_trapezoidal = 0, of_R = stride(R), of_A = stride(A);
  const int block = std::min(16, std::max(p, 1));
  Matrix t(block, p), work(block, p);
  int failed = 0;
  dtpqrt_(&n, &p, &n_trapezoidal, &block, R.data(), &of_R, A.data(), &of_A, t.data(), &block, work.data(),
          &failed);
}

void solve_with_factor(const MatrixView& S, Eigen::Ref<Vector> x) {
  solve(S.data(), size(S.rows()), stride(S), x.data());
}

#else

std::string openblas_version() { return {}; }

bool use_openblas_kernels_of(VectorPath) { return false; }

void add_gram_by_blas(const MatrixView& A, MatrixBuffer C) {
  C.selfadjointView<Eigen::Lower>().rankUpdate(A.transpose());
}

void multiply_by_own_transposed(const MatrixView& A, MatrixBuffer C) {
  C.triangularView<Eigen::Lower>().setZero();
  C.selfadjointView<Eigen::Lower>().rankUpdate(A);
}

void multiply_by_transposed(const MatrixView& A, const MatrixView& B, MatrixBuffer C) {
  C.noalias() = A * B.transpose();
}

void multiply(const MatrixView& A, const MatrixView& B, MatrixBuffer C) { C.noalias() = A * B; }

void multiply_symmetric(const MatrixView& A, const MatrixView& S, MatrixBuffer C) {
  C.noalias() = A * S.selfadjointView<Eigen::Lower>();
}

void add_transposed_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C) {
  if (are_few(A.cols(), B.cols())) return add_cross_products(A, B, false, C);
  C.noalias() += A.transpose() * B;
}

void add_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C) { C.noalias() += A * B; }

bool solve_positive_definite(MatrixBuffer S, Eigen::Ref<Vector> x) {
  Eigen::LLT<Eigen::Ref<Matrix> > factor(S);
  if (factor.info() != Eigen::Success) return false;
  factor.solveInPlace(x);
  return true;
}

bool cholesky(MatrixBuffer S) { return Eigen::LLT<Eigen::Ref<Matrix> >(S).info() == Eigen::Success; }

void solve_lower(const MatrixView& L, MatrixBuffer B) { L.triangularView<Eigen::Lower>().solveInPlace(B); }

void solve_lower_transposed(const MatrixView& L, MatrixBuffer B) {
  L.triangularView<Eigen::Lower>().transpose().solveInPlace(B);
}

void thin_qr(MatrixBuffer A, MatrixBuffer R) {
  const Eigen::HouseholderQR<Matrix> qr(A);
  R.setZero();
  R.triangularView<Eigen::Upper>() = qr.matrixQR().topRows(A.cols());
  A = qr.householderQ() * Matrix::Identity(A.rows(), A.cols());
}

void add_rows_to_triangle(MatrixBuffer R, MatrixBuffer A) {
  Matrix stacked(R.rows() + A.rows(), R.cols());
  stacked << R, A;
  const Eigen::HouseholderQR<Eigen::Ref<Matrix> > qr(stacked);
  R.triangularView<Eigen::Upper>() = stacked.topRows(R.rows());
}

void solve_with_factor(const MatrixView& S, Eigen::Ref<Vector> x) {
  S.triangularView<Eigen::Lower>().solveInPlace(x);
  S.triangularView<Eigen::Lower>().transpose().solveInPlace(x);
}

#endif

void add_gram(const MatrixView& A, MatrixBuffer C) {
  if (are_few(A.cols(), A.cols())) return add_cross_products(A, A, true, C);
  add_gram_by_blas(A, C);
}

}  // namespace jacobench::blas
