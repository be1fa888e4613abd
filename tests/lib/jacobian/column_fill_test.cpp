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

// Forty thousand rows, in many batches and large enough to be streamed, have the bits of a thousand of them computed
// apart. 40,001: columns of every alignment.
class LargeJacobian : public ::testing::Test {
 protected:
  LargeJacobian() {
    RandomStream stream(1, 2, 3, RandomPurpose::parameters);
    theta_ = draw_parameters(network_, 1, stream);
    for (double& x : X_.reshaped()) x = stream.normal();
  }

  void expect_same_rows(const Matrix& whole, const Matrix& part) const {
    for (Index k = 0; k < 2; ++k)
      EXPECT_EQ(whole.middleRows(k * N_ + first_, count_), part.middleRows(k * count_, count_))
          << "output " << k;
  }

  std::unique_ptr<Evaluator> layerwise(Index n_rows, Direction direction = Direction::cheaper) const {
    StrategyOptions options;
    options.direction = direction;
    return find_strategy("layerwise").make(network_, n_rows, options);
  }

  const Perceptron network_{3, {{7, Activation::tanh}, {7, Activation::tanh}, {2, Activation::identity}}};
  const Index N_ = 40'001, P_ = network_.n_params(), first_ = 39'000, count_ = 1001;
  Vector theta_;
  Matrix X_{N_, 3};
};

TEST_F(LargeJacobian, WrtParametersHasTheBitsOfASmallOne) {
  Matrix whole(N_ * 2, P_), part(count_ * 2, P_);
  ASSERT_EQ(stores_for(whole.size() * 8), Stores::streaming);
  ASSERT_EQ(stores_for(part.size() * 8), Stores::ordinary);
  layerwise(N_)->evaluate(theta_, X_, {.J_y_theta = &whole});
  layerwise(count_)->evaluate(theta_, X_.middleRows(first_, count_), {.J_y_theta = &part});
  expect_same_rows(whole, part);
}

TEST_F(LargeJacobian, WrtInputsHasTheBitsOfASmallOne) {
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    Matrix whole(N_ * 2, 3), part(count_ * 2, 3);
    layerwise(N_, direction)->evaluate(theta_, X_, {.J_y_x = &whole});
    layerwise(count_, direction)->evaluate(theta_, X_.middleRows(first_, count_), {.J_y_x = &part});
    expect_same_rows(whole, part);
  }
}

}  // namespace
}  // namespace jacobench
