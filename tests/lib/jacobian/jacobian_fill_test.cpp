#include "jacobench/jacobian/jacobian_fill.hpp"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

#include "jacobench/base/caches.hpp"
#include "jacobench/jacobian/layerwise.hpp"
#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {
namespace {

constexpr double untouched = -77;

// Two outputs, a layer without bias, and more inputs than a panel of the fill holds.
const Perceptron& small_network() {
  static const Perceptron network(
      90, {{3, Activation::tanh}, {2, Activation::logistic, Bias::none}, {2, Activation::tanh}});
  return network;
}

// What column p of a batch must be, by the model in the header.
double product(const ForwardPass& forward, const BackwardPass& backward, Index p, Index output, Index row) {
  const ParameterPlace place = small_network().place_of(p);
  if (place.layer == 2 && place.unit != output) return 0;
  const double delta = backward.delta(place.layer).column(place.unit)[row];
  return place.is_bias() ? delta : delta * forward.below(place.layer).column(place.input)[row];
}

class FillsOfBothKinds : public ::testing::TestWithParam<Stores> {
 protected:
  static constexpr Index most_rows = 40;

  FillsOfBothKinds() {
    RandomStream stream(1, 2, 3, RandomPurpose::parameters);
    theta_ = draw_parameters(small_network(), 1, stream);
    for (double& x : X_.reshaped()) x = stream.normal();
    forward_.run(theta_, X_, 0, most_rows, Slopes::kept);
  }

  // Expects n rows of a matrix of n_rows to be those of the batch, from this one on, and the others untouched.
  void expect_to_write(Index output, Index n_rows, Index first_row, Index n) {
    Matrix J = Matrix::Constant(n_rows, small_network().n_params(), untouched);
    fill_.write({.forward = &forward_,
                 .backward = &backward_,
                 .output = output,
                 .J_y_theta = &J,
                 .first_row = first_row,
                 .n_owned = n,
                 .n_computed = n,
                 .batches_overlap = false,
                 .starts_columns = true,
                 .stores = GetParam()});
    for (Index p = 0; p < J.cols(); ++p)
      for (Index row = 0; row < n_rows; ++row) {
        const bool inside = row >= first_row && row < first_row + n;
        ASSERT_EQ(J(row, p), inside ? product(forward_, backward_, p, output, row - first_row) : untouched)
            << "offset " << first_row << ", n " << n << " of " << n_rows << ", row " << row << ", parameter "
            << p;
      }
  }

  Vector theta_;
  Matrix X_{most_rows, 90};
  ForwardPass forward_{small_network(), most_rows};
  BackwardPass backward_{small_network(), most_rows};
  JacobianFill fill_{small_network(), most_rows};
};

INSTANTIATE_TEST_SUITE_P(Stores, FillsOfBothKinds, ::testing::Values(Stores::ordinary, Stores::streaming));

// Every alignment of the first row against every length around a few packs; what lies above and below stays.
TEST_P(FillsOfBothKinds, WriteExactlyTheRowsOfTheBatch) {
  for (Index output : {0, 1}) {
    backward_.run_from_output(output, theta_, forward_, most_rows);
    for (Index offset = 0; offset < 9; ++offset)
      for (Index n : {1, 3, 7, 8, 9, 16, 23, 40}) expect_to_write(output, 51, offset, n);
  }
}

// A batch of all rows, whose columns share lines: of every number of rows around two lines.
TEST_P(FillsOfBothKinds, WriteAllRowsOfAMatrix) {
  for (Index output : {0, 1}) {
    backward_.run_from_output(output, theta_, forward_, most_rows);
    for (Index n : {1, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 40}) expect_to_write(output, n, 0, n);
  }
}

// Batches that overlap by a line cover every row once: each column from line to line, whatever its alignment.
TEST_P(FillsOfBothKinds, OverlappingBatchesCoverEveryRow) {
  const Perceptron& network = small_network();
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 1, stream);
  ForwardPass forward(network, 24);
  BackwardPass backward(network, 24);
  JacobianFill fill(network, 24);
  for (Index N : {17, 31, 32, 33, 37, 40, 47, 48, 55}) {
    Matrix X(N, 90);
    for (double& x : X.reshaped()) x = stream.normal();
    Matrix J = Matrix::Constant(N, network.n_params(), untouched);
    Matrix wanted = J;
    for (Index row = 0; row < N; row += 16) {
      const Index n_computed = std::min<Index>(24, N - row);
      forward.run(theta, X, row, n_computed, Slopes::kept);
      backward.run_from_output(0, theta, forward, n_computed);
      fill.write({.forward = &forward,
                  .backward = &backward,
                  .output = 0,
                  .J_y_theta = &J,
                  .first_row = row,
                  .n_owned = std::min<Index>(16, N - row),
                  .n_computed = n_computed,
                  .batches_overlap = true,
                  .starts_columns = row == 0,
                  .stores = GetParam()});
      for (Index p = 0; p < J.cols(); ++p)
        for (Index i = 0; i < std::min<Index>(16, N - row); ++i)
          wanted(row + i, p) = product(forward, backward, p, 0, i);
    }
    EXPECT_EQ(J, wanted) << N;
  }
}

// Whatever is computed beside a batch that is being written, the batch is as when it is written alone, and so is what
// is computed: of batches on lines and across them, and with as much work as lets all lines go beside it, or a few.
class FillsBeside : public ::testing::TestWithParam<Index> {
 protected:
  static constexpr Index N = 200, n = 80;

  FillsBeside() {
    RandomStream stream(1, 2, 3, RandomPurpose::parameters);
    theta_ = draw_parameters(network_, 1, stream);
    for (double& x : X_.reshaped()) x = stream.normal();
    forward_.run(theta_, X_, 0, n, Slopes::kept);
    backward_.run_from_output(1, theta_, forward_, n);
  }

  JacobianFill::Task task(Matrix& J) const {
    return {.forward = &forward_,
            .backward = &backward_,
            .output = 1,
            .J_y_theta = &J,
            .first_row = GetParam(),
            .n_owned = n,
            .n_computed = n,
            .batches_overlap = false,
            .starts_columns = true,
            .stores = Stores::streaming};
  }

  // Layers of more units than a tile has, and of fewer.
  const Perceptron network_{
      5, {{40, Activation::tanh}, {13, Activation::logistic, Bias::none}, {2, Activation::identity}}};
  const Index P_ = network_.n_params();
  Vector theta_;
  Matrix X_{N, 5};
  ForwardPass forward_{network_, n};
  BackwardPass backward_{network_, n};
};

INSTANTIATE_TEST_SUITE_P(FirstRows, FillsBeside, ::testing::Values(0, 5, 8));

TEST_P(FillsBeside, ChangeNoBit) {
  for (const Index n_rows : {Index{152}, Index{161}}) {
    Matrix alone = Matrix::Constant(n_rows, P_, untouched), beside = alone;
    JacobianFill fill(network_, n);
    fill.write(task(alone));
    ForwardPass next(network_, n), expected_next(network_, n);
    BackwardPass next_down(network_, n), expected_down(network_, n);
    expected_next.run(theta_, X_, n, n, Slopes::kept);
    expected_down.run_from_output(0, theta_, expected_next, n);
    Index n_before = -1;
    const JacobianFill::Task in_parts = task(beside);
    for (const Index work : {Index{1}, n * fill.work_of_passes(), 20 * n * fill.work_of_passes()}) {
      beside.setConstant(untouched);
      fill.begin(in_parts);
      const Index n_begun = (beside.array() == untouched).count();
      kernel::LinesBeside* lines = fill.beside(work);
      ASSERT_NE(lines, nullptr);
      next.run(theta_, X_, n, n, Slopes::kept, lines);
      next_down.run_from_output(0, theta_, next, n, lines);
      const Index n_left = (beside.array() == untouched).count();
      fill.write_rest();
      JacobianFill::finish();
      EXPECT_EQ(beside, alone) << n_rows << " rows, work " << work;
      // Some lines went beside, of the least work as many as there was room for, and fewer the more work is said to
      // come.
      EXPECT_LT(n_left, n_begun);
      EXPECT_GE(n_left, n_before);
      n_before = n_left;
      for (Index l = 0; l < network_.n_layers(); ++l) {
        EXPECT_EQ(next.activation(l).rows(n), expected_next.activation(l).rows(n)) << l;
        EXPECT_EQ(next.slope(l).rows(n), expected_next.slope(l).rows(n)) << l;
        const Index n_set = l + 1 < network_.n_layers() ? network_.layer(l).n_units : 1;
        EXPECT_EQ(next_down.delta(l).rows(n).leftCols(n_set), expected_down.delta(l).rows(n).leftCols(n_set))
            << l;
      }
    }
    EXPECT_EQ(fill.beside(1), nullptr);
  }
}

// Forty thousand rows, in many batches and large enough to be streamed, have the bits of a few of them computed apart,
// which are written through the cache: the first, some over the ends of batches, in which both ways of writing are
// tried, and the last. 40,001: columns of every alignment.
class LargeJacobian : public ::testing::Test {
 protected:
  LargeJacobian() {
    RandomStream stream(1, 2, 3, RandomPurpose::parameters);
    theta_ = draw_parameters(network_, 1, stream);
    for (double& x : X_.reshaped()) x = stream.normal();
  }

  void expect_same_rows(const Matrix& whole, const Matrix& part, Index first) const {
    for (Index k = 0; k < 2; ++k)
      EXPECT_EQ(whole.middleRows(k * N_ + first, count_), part.middleRows(k * count_, count_))
          << "output " << k << " from row " << first;
  }

  std::unique_ptr<Evaluator> layerwise(Index n_rows, Direction direction = Direction::cheaper) const {
    StrategyOptions options;
    options.direction = direction;
    return find_strategy("layerwise").make(network_, n_rows, options);
  }

  const Perceptron network_{3, {{7, Activation::tanh}, {7, Activation::tanh}, {2, Activation::identity}}};
  const Index N_ = 40'001, P_ = network_.n_params(), count_ = 155;
  const Index first_[5] = {0, 950, 1001, 5003, N_ - count_};
  Vector theta_;
  Matrix X_{N_, 3};
};

TEST_F(LargeJacobian, WrtParametersHasTheBitsOfASmallOne) {
  Matrix whole(N_ * 2, P_), part(count_ * 2, P_);
  ASSERT_EQ(kernel::stores_for(whole.size() * 8), Stores::streaming);
  ASSERT_EQ(kernel::stores_for(part.size() * 8), Stores::ordinary);
  layerwise(N_)->evaluate(theta_, X_, {.J_y_theta = &whole});
  for (const Index first : first_) {
    layerwise(count_)->evaluate(theta_, X_.middleRows(first, count_), {.J_y_theta = &part});
    expect_same_rows(whole, part, first);
  }
}

TEST_F(LargeJacobian, WrtInputsHasTheBitsOfASmallOne) {
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    Matrix whole(N_ * 2, 3), part(count_ * 2, 3);
    layerwise(N_, direction)->evaluate(theta_, X_, {.J_y_x = &whole});
    for (const Index first : first_) {
      layerwise(count_, direction)->evaluate(theta_, X_.middleRows(first, count_), {.J_y_x = &part});
      expect_same_rows(whole, part, first);
    }
  }
}

// The columns of one output share lines, which are written whole: for every place of the first line, and everything
// that is computed with the rows that come again. Units of more inputs than are written together, and of fewer; last
// batches of many rows and of less than a line; by what was prepared for as many rows, and for whole lines of them.
TEST(JacobianOfOneOutput, HasTheBitsOfSmallOnesForAnyNumberOfRows) {
  const Perceptron network(40, {{130, Activation::tanh}, {120, Activation::relu}, {1, Activation::identity}});
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 1, stream);
  const Index P = network.n_params(), n_part = 20;
  for (const Index N : {297, 301, 313, 316, 319, 320, 321, 322, 323, 324, 325, 326, 327})
    for (const Direction direction : {Direction::forward, Direction::backward}) {
      Matrix X(N, 40);
      for (double& x : X.reshaped()) x = stream.normal();
      StrategyOptions options;
      options.direction = direction;
      Matrix values(N, 1), J_y_theta = Matrix::Constant(N, P, untouched), J_y_x(N, 40);
      ASSERT_EQ(kernel::stores_for(J_y_theta.size() * 8), Stores::streaming);
      const Index prepared_for = direction == Direction::forward ? N : kernel::round_up(N, doubles_in_line);
      const auto evaluator = find_strategy("layerwise").make(network, prepared_for, options);
      evaluator->evaluate(theta, X, {.values = &values, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
      for (Index first = 0; first < N; first += n_part) {
        const Index n = std::min(n_part, N - first);
        Matrix v(n, 1), t(n, P), x(n, 40);
        find_strategy("layerwise")
            .make(network, n, options)
            ->evaluate(theta, X.middleRows(first, n), {.values = &v, .J_y_theta = &t, .J_y_x = &x});
        EXPECT_EQ(values.middleRows(first, n), v) << N << " from " << first;
        EXPECT_EQ(J_y_theta.middleRows(first, n), t) << N << " from " << first;
        EXPECT_EQ(J_y_x.middleRows(first, n), x) << N << " from " << first;
      }
    }
}

// Rows that come again are the first, at which doubles overflow in the first layer: the second is saturated there.
TEST(JacobianOfOneOutput, HasTheRowsAtWhichDoublesOverflow) {
  const Perceptron network(200, {{100, Activation::relu}, {60, Activation::tanh}, {1, Activation::identity}});
  const Index N = 320, P = network.n_params();
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 40, stream);
  Matrix X(N, 200);
  for (double& x : X.reshaped()) x = stream.normal();
  X.topRows(3) *= 1e307;
  Matrix J = Matrix::Constant(N, P, untouched), expected(3, P);
  ASSERT_EQ(kernel::stores_for(J.size() * 8), Stores::streaming);
  find_strategy("layerwise").make(network, N, {})->evaluate(theta, X, {.J_y_theta = &J});
  find_strategy("layerwise").make(network, 3, {})->evaluate(theta, X.topRows(3), {.J_y_theta = &expected});
  EXPECT_TRUE((expected.array() == expected.array()).all());
  EXPECT_EQ(J.topRows(3), expected);
  EXPECT_TRUE((J.bottomRows(N - 3).array() != untouched).all());
}

// 3-7-7-2: 3 inputs, and activations, slopes and deltas of 16 units.
TEST(LayerwiseBatchRows, TakeHalfTheFirstLevelAndNoMoreThanAThreadHas) {
  const Perceptron small(3, {{7, Activation::tanh}, {7, Activation::tanh}, {2, Activation::identity}});
  const Perceptron wide(100, {{5000, Activation::tanh}, {1, Activation::identity}});
  const Index rows = layerwise_batch_rows(small, 1'000'000, 1);
  EXPECT_TRUE(rows == 128 || rows * (3 + 3 * 16) * 8 <= caches().first / 2) << rows;
  // Whole lines past the cache, and columns that begin at different places of a line.
  EXPECT_EQ(layerwise_batch_rows(wide, 1'000'000, 1), 32);
  EXPECT_EQ(layerwise_batch_rows(wide, 1'000'001, 1), 96);
  EXPECT_EQ(layerwise_batch_rows(small, 5, 4), 5);
  EXPECT_EQ(layerwise_batch_rows(small, 400, 4), 104);
  EXPECT_EQ(layerwise_batch_rows(wide, 150, 1), 150);
  // Where it is written past the cache: about six batches, of few rows.
  const Perceptron middling(5, {{50, Activation::tanh}, {50, Activation::tanh}, {1, Activation::identity}});
  const Index few = kernel::most_in_doubt(caches()) / (8 * middling.n_params()) + 1;
  EXPECT_LE(layerwise_batch_rows(middling, few, 1), std::max<Index>(96, few / 6 + 32));
}

}  // namespace
}  // namespace jacobench
