#include "support/entrywise.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace jacobench::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Failures {
  Index n = 0, row = 0, column = 0;
  double worst = 0;

  // How bad an entry is; the first of the worst stays, and nothing is worse than infinity.
  void add(Index i, Index j, double badness) {
    if (n++ > 0 && badness <= worst) return;
    row = i;
    column = j;
    worst = badness;
  }
};

std::string shape(const MatrixView& a) { return fmt::format("{} x {}", a.rows(), a.cols()); }

AssertionResult failure(const Failures& failures, const MatrixView& a, const std::string& what_fails) {
  return AssertionFailure() << fmt::format("entry ({}, {}): {}; the worst of {} that fail, of {} entries",
                                           failures.row, failures.column, what_fails, failures.n, a.size());
}

template <typename Holds>
AssertionResult all_hold(const MatrixView& a, double bound, const char* relation, const Holds& holds) {
  if (a.size() == 0) return AssertionFailure() << "nothing to compare: the matrix is " << shape(a);
  Failures failures;
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i) {
      const bool is_finite = std::isfinite(a(i, j)) && std::isfinite(bound);
      if (is_finite && holds(a(i, j))) continue;
      failures.add(i, j, is_finite ? std::abs(a(i, j) - bound) : infinity);
    }
  if (failures.n == 0) return AssertionSuccess();
  return failure(
      failures, a,
      fmt::format("{:.17g} is not a number {} {:.17g}", a(failures.row, failures.column), relation, bound));
}

}  // namespace

AssertionResult all_within(const MatrixView& a, const MatrixView& b, double bound) {
  return all_within(a, b, Matrix::Constant(a.rows(), a.cols(), bound));
}

AssertionResult all_within(const MatrixView& a, const MatrixView& b, const MatrixView& bound) {
  if (shape(a) != shape(b) || shape(a) != shape(bound))
    return AssertionFailure() << fmt::format("{} values against {}, with {} bounds", shape(a), shape(b),
                                             shape(bound));
  if (a.size() == 0) return AssertionFailure() << "nothing to compare: both matrices are " << shape(a);
  Failures failures;
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i) {
      const double error = std::abs(a(i, j) - b(i, j));
      const bool is_finite = std::isfinite(error) && std::isfinite(bound(i, j));
      if (is_finite && error <= bound(i, j)) continue;
      failures.add(i, j, is_finite && bound(i, j) > 0 ? error / bound(i, j) : infinity);
    }
  if (failures.n == 0) return AssertionSuccess();
  const Index i = failures.row, j = failures.column;
  return failure(failures, a,
                 fmt::format("{:.17g} and {:.17g} differ by {:.3g}, the bound is {:.3g}", a(i, j), b(i, j),
                             std::abs(a(i, j) - b(i, j)), bound(i, j)));
}

AssertionResult all_within_relative(const MatrixView& a, const MatrixView& b, double bound) {
  return all_within(a, b, bound * b.cwiseAbs());
}

AssertionResult all_at_most(const MatrixView& a, double bound) {
  return all_hold(a, bound, "of at most", [&](double entry) { return entry <= bound; });
}

AssertionResult all_above(const MatrixView& a, double bound) {
  return all_hold(a, bound, "above", [&](double entry) { return entry > bound; });
}

}  // namespace jacobench::testing
