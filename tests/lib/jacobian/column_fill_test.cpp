#include "jacobench/jacobian/column_fill.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {
namespace {

constexpr double untouched = -77;

class ColumnFill : public ::testing::TestWithParam<Stores> {};

// Every alignment of the column against every length around a few packs; what lies before and behind stays.
TEST_P(ColumnFill, WritesExactlyItsColumn) {
  for (Index offset = 0; offset < 9; ++offset)
    for (Index n = 0; n < 40; ++n) {
      std::vector<double> delta(64), a(64);
      for (std::size_t i = 0; i < 64; ++i) {
        delta[i] = 1.0 / static_cast<double>(i + 3);
        a[i] = static_cast<double>(i) - 20.3;
      }
      for (const std::string what : {"product", "copy", "zero"}) {
        Vector out = Vector::Constant(64, untouched);
        double* column = out.data() + offset;
        if (what == "product") fill_product(delta.data(), a.data(), column, n, GetParam());
        if (what == "copy") fill_copy(delta.data(), column, n, GetParam());
        if (what == "zero") fill_zero(column, n, GetParam());
        finish_stores(GetParam());
        for (Index i = 0; i < 64; ++i) {
          const bool inside = i >= offset && i < offset + n;
          const auto from = static_cast<std::size_t>(i - offset);
          const double wanted = !inside             ? untouched
                                : what == "product" ? delta[from] * a[from]
                                : what == "copy"    ? delta[from]
                                                    : 0;
          ASSERT_EQ(out[i], wanted) << what << ", offset " << offset << ", n " << n << ", at " << i;
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(BothKinds, ColumnFill, ::testing::Values(Stores::ordinary, Stores::streaming));

// A Jacobian large enough to be streamed has the bits of one that is not. 40,001 rows: columns of every alignment.
TEST(LargeJacobian, HasTheBitsOfASmallOne) {
  const Perceptron network(3, {{7, Activation::tanh}, {7, Activation::tanh}, {2, Activation::identity}});
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 1, stream);
  Matrix X(40'001, 3);
  for (double& x : X.reshaped()) x = stream.normal();
  const Index N = X.rows(), P = network.n_params();
  ASSERT_EQ(stores_for(N * 2 * P * 8), Stores::streaming);
  Matrix J(N * 2, P);
  find_strategy("layerwise").make(network, N, {})->evaluate(theta, X, {.J_y_theta = &J});

  const Index first = 39'000, count = 1001;
  Matrix part(count * 2, P);
  ASSERT_EQ(stores_for(part.size() * 8), Stores::ordinary);
  find_strategy("layerwise")
      .make(network, count, {})
      ->evaluate(theta, X.middleRows(first, count), {.J_y_theta = &part});
  for (Index k = 0; k < 2; ++k)
    EXPECT_EQ(J.middleRows(k * N + first, count), part.middleRows(k * count, count)) << "output " << k;
}

}  // namespace
}  // namespace jacobench
