#include "coverage/design.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench::coverage {
namespace {

constexpr DesignInfo designs[] = {
    {Design::grid, "grid", "equally spaced, a product grid for several inputs"},
    {Design::uniform, "uniform", "uniform on [-scale, scale] in every input"},
    {Design::normal, "normal", "normal of standard deviation scale in every input"},
};

constexpr double beyond = 1.5;  // how far evaluation points go, in scales

double power(Index k, Index D) { return std::pow(static_cast<double>(k), static_cast<double>(D)); }

// The k whose k^D is nearest to N.
Index nearest_base(Index N, Index D) {
  const auto n = static_cast<double>(N);
  const auto k = static_cast<Index>(std::pow(n, 1 / static_cast<double>(D)));
  return n - power(k, D) <= power(k + 1, D) - n ? k : k + 1;
}

double grid_value(Index i, Index k, double scale) {
  if (k == 1) return 0;
  return scale * static_cast<double>(2 * i - (k - 1)) / static_cast<double>(k - 1);
}

void fill_grid(double scale, Matrix& X) {
  const Index N = X.rows(), D = X.cols(), k = nearest_base(N, D);
  if (power(k, D) != static_cast<double>(N))
    throw InputError(
        "design: a grid of {} inputs has k^{} points, not {}; the nearest number of points is {:.0f}", D, D,
        N, power(k, D));
  for (Index n = 0; n < N; ++n)
    for (Index d = 0, rest = n; d < D; ++d, rest /= k) X(n, d) = grid_value(rest % k, k, scale);
}

double draw_uniform(double scale, RandomStream& stream) { return scale * (2 * stream.uniform() - 1); }

// Into row n.
void draw_in_box(double scale, RandomStream& stream, Matrix& X, Index n) {
  for (Index d = 0; d < X.cols(); ++d) X(n, d) = draw_uniform(scale, stream);
}

void fill_line(Index n_inside, double scale, Matrix& X) {
  for (Index n = 0; n < n_inside; ++n)
    X(n, 0) = scale * (static_cast<double>(2 * n + 1) / static_cast<double>(n_inside) - 1);
  const Index n_beyond = X.rows() - n_inside, n_left = n_beyond / 2, n_right = n_beyond - n_left;
  const auto at = [&](Index j, Index n) {
    return scale * (1 + (beyond - 1) * static_cast<double>(j) / static_cast<double>(n));
  };
  for (Index j = 1; j <= n_left; ++j) X(n_inside + n_left - j, 0) = -at(j, n_left);
  for (Index j = 1; j <= n_right; ++j) X(n_inside + n_left + j - 1, 0) = at(j, n_right);
}

void fill_box(Index n_inside, double scale, std::uint64_t seed, Matrix& X) {
  RandomStream inner(seed, 0, 0, RandomPurpose::probe), outer(seed, 0, 1, RandomPurpose::probe);
  for (Index n = 0; n < n_inside; ++n) draw_in_box(scale, inner, X, n);
  for (Index n = n_inside; n < X.rows(); ++n) {
    do {
      draw_in_box(beyond * scale, outer, X, n);
    } while (X.row(n).cwiseAbs().maxCoeff() <= scale);
  }
}

}  // namespace

std::span<const DesignInfo> design_table() { return designs; }

void draw_design(Design design, double scale, RandomStream& stream, Matrix& X) {
  JB_EXPECT(X.rows() > 0 && X.cols() > 0 && scale > 0, "a design of {} x {}, scale {}", X.rows(), X.cols(),
            scale);
  if (design == Design::grid) return fill_grid(scale, X);
  for (Index n = 0; n < X.rows(); ++n) {
    if (design == Design::uniform) draw_in_box(scale, stream, X, n);
    if (design == Design::normal)
      for (Index d = 0; d < X.cols(); ++d) X(n, d) = scale * stream.normal();
  }
}

Matrix evaluation_points(Index n_inside, Index n_beyond, Index D, double scale, std::uint64_t seed) {
  JB_EXPECT(n_inside >= 0 && n_beyond >= 0 && D > 0 && scale > 0, "{} + {} points of {} inputs, scale {}",
            n_inside, n_beyond, D, scale);
  Matrix X(n_inside + n_beyond, D);
  if (D == 1)
    fill_line(n_inside, scale, X);
  else
    fill_box(n_inside, scale, seed, X);
  return X;
}

}  // namespace jacobench::coverage
