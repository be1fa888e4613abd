// All vector paths give the same bits: of the kernels, of the Jacobians by every strategy on every scenario, and of
// fits that do not go through BLAS.
#include <functional>
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/base/vector_path.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/scaled_qr.hpp"
#include "jacobench/verification/activation_accuracy.hpp"

#include "support/fitted.hpp"
#include "support/scenarios.hpp"
#include "support/vector_paths.hpp"

namespace jacobench {
namespace {

using testing::OnVectorPath;
using testing::runnable_vector_paths;
using testing::same_bits;

using Numbers = std::vector<double>;

void append(Numbers& all, const MatrixView& M) {
  for (Index j = 0; j < M.cols(); ++j)
    for (Index i = 0; i < M.rows(); ++i) all.push_back(M(i, j));
}

// Computes on every path that this machine can run and holds the results against those of the first, the plainest.
void expect_same_bits(const std::string& what, const std::function<Numbers()>& compute) {
  const std::vector<VectorPath> paths = runnable_vector_paths();
  std::vector<Numbers> results;
  for (const VectorPath path : paths) {
    const OnVectorPath on(path);
    results.push_back(compute());
  }
  ASSERT_FALSE(results[0].empty());
  for (std::size_t p = 1; p < paths.size(); ++p) {
    ASSERT_EQ(results[p].size(), results[0].size());
    Index n_different = 0;
    std::size_t first = 0;
    for (std::size_t i = results[0].size(); i-- > 0;)
      if (!same_bits(results[p][i], results[0][i])) ++n_different, first = i;
    EXPECT_EQ(n_different, 0) << what << ": " << info(paths[p]).name << " has " << results[p][first]
                              << " at place " << first << ", " << info(paths[0]).name << " "
                              << results[0][first];
    std::cout << what << ": " << info(paths[p]).name << " and " << info(paths[0]).name << ", "
              << results[0].size() - static_cast<std::size_t>(n_different) << " of " << results[0].size()
              << " numbers the same\n";
  }
}

class VectorPaths : public ::testing::Test {
 protected:
  void SetUp() override {
    if (runnable_vector_paths().size() == 1) GTEST_SKIP() << "this processor has one path alone";
  }

  static Numbers normals(Index n) {
    RandomStream stream(8, 0, 0, RandomPurpose::probe);
    Numbers x(static_cast<std::size_t>(n));
    for (double& entry : x) entry = stream.normal();
    return x;
  }
};

TEST_F(VectorPaths, GiveTheSameBitsOfEveryFunction) {
  Numbers z = activation_grid(4, 23);
  for (const double special :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    z.push_back(special);
    z.push_back(-special);
  }
  const auto n = static_cast<Index>(z.size());
  for (const ActivationInfo& phi : activation_table())
    expect_same_bits(std::string(phi.name), [&] {
      Numbers all(3 * z.size());
      phi.all(z.data(), &all[0], &all[z.size()], &all[2 * z.size()], n);
      return all;
    });
  expect_same_bits("the normal distribution", [&] {
    Numbers both(2 * z.size());
    kernel::kernels().normal(z.data(), &both[0], &both[z.size()], n);
    return both;
  });
}

TEST_F(VectorPaths, GiveTheSameBitsOfEveryKernel) {
  const Numbers x = normals(150), y = normals(300);
  expect_same_bits("dot, sums and products", [&] {
    const kernel::Kernels& k = kernel::kernels();
    Numbers all;
    for (Index n = 0; n <= 40; ++n)
      for (Index from : {0, 1, 3}) {
        all.push_back(k.dot(x.data() + from, y.data() + 5, n));
        Numbers out(y.begin(), y.begin() + 100);
        k.add_scaled(0.3, x.data() + from, out.data() + 1, n);
        k.add_product(x.data() + from, y.data(), out.data() + 2, n);
        k.product(out.data(), y.data(), out.data() + 50, n);
        k.scale(1.7, out.data() + from, out.data() + from, n);
        all.insert(all.end(), out.begin(), out.end());
      }
    return all;
  });
}

// A run of columns with gaps and one without, from every place of a line: of so many lines that one factor stays in
// registers, and of others.
TEST_F(VectorPaths, GiveTheSameBitsOfLinesPastTheCache) {
  constexpr Index n_a = 2, n_b = 3, n_columns = n_a * n_b, stride = 80;
  const Numbers a = normals(n_a * stride), b = normals(n_b * stride);
  expect_same_bits("lines past the cache", [&] {
    const kernel::Kernels& k = kernel::kernels();
    Numbers all;
    for (Index from = 0; from < 8; ++from)
      for (Index n : {8, 13, 24, 39, 71}) {
        Numbers out(n_columns * stride + 8), stretch(out.size());
        const kernel::LinesRun run{.a = a.data(),
                                   .b = b.data(),
                                   .out = &out[static_cast<std::size_t>(from)],
                                   .a_stride = stride,
                                   .b_stride = stride,
                                   .out_stride = stride,
                                   .out_stride_of_a = n_b * stride,
                                   .n_a = n_a,
                                   .n_b = n_b,
                                   .n_in_column = (n - 7) / 8};
        Numbers through(out.size());
        kernel::LinesRun run_through = run;
        run_through.out = &through[static_cast<std::size_t>(from)];
        const kernel::ColumnRows rows{
            .have_first = true, .end_as_they_begin = false, .n_rows = n, .most_rows = n};
        k.write_columns(run_through, rows);
        for (Index c = 0; c < n_columns; ++c)
          for (Index i = 0; i < n; ++i)
            EXPECT_EQ(run_through.out[c * stride + i],
                      run.a[c / n_b * stride + i] * run.b[c % n_b * stride + i])
                << from << ' ' << n;
        k.write_ends(run, rows);
        kernel::LinesBeside lines{.run = run,
                                  .n_b_done = 0,
                                  .n_columns = run.n_in_column > 0 ? n_columns : 0,
                                  .take_run = [](kernel::LinesBeside&) {},
                                  .columns_a_multiply_add = 0,
                                  .n_due = 0};
        k.stream_all(lines);
        kernel::LinesRun without_gap = run;
        without_gap.out = &stretch[static_cast<std::size_t>(from)];
        without_gap.out_stride = n;
        without_gap.out_stride_of_a = n_b * n;
        k.stream_stretch(without_gap, n);
        Numbers shared(out.size());
        without_gap.out = &shared[static_cast<std::size_t>(from)];
        without_gap.n_a = 1;
        // The last column is followed by another, or by none.
        k.stream_shared(without_gap, {.n_rows = n, .next_a = b.data(), .next_b = a.data()});
        all.insert(all.end(), shared.begin(), shared.end());
        all.insert(all.end(), through.begin(), through.end());
        k.stream_shared(without_gap, {.n_rows = n, .next_a = nullptr, .next_b = nullptr});
        k.finish_streams();
        all.insert(all.end(), shared.begin(), shared.end());
        all.insert(all.end(), out.begin(), out.end());
        all.insert(all.end(), stretch.begin(), stretch.end());
      }
    return all;
  });
}

TEST_F(VectorPaths, GiveTheSameBitsOfCrossProducts) {
  const Numbers x = normals(70 * 14);
  for (const bool is_symmetric : {false, true})
    expect_same_bits(is_symmetric ? "A'A" : "A'B", [&] {
      Numbers all;
      for (Index n = 1; n <= 61; n += 5) {
        const Index p = 13, q = is_symmetric ? p : 7;
        Numbers C(static_cast<std::size_t>(p * q));
        kernel::kernels().add_cross_products({.A = {x.data(), 70},
                                              .B = {is_symmetric ? x.data() : x.data() + 3 * 70, 70},
                                              .n_rows = n,
                                              .n_of_A = p,
                                              .n_of_B = q,
                                              .is_symmetric = is_symmetric,
                                              .C = {C.data(), p}});
        all.insert(all.end(), C.begin(), C.end());
      }
      return all;
    });
}

TEST_F(VectorPaths, GiveTheSameBitsOfTheQr) {
  for (const auto& [n, p] : {std::pair<Index, Index>{100, 13}, {13, 13}, {60, 41}, {9, 20}, {1, 1}, {40, 1}})
    expect_same_bits(fmt::format("QR of {} x {}", n, p), [n = n, p = p] {
      const Numbers numbers = normals(n * p + n);
      Matrix A = Eigen::Map<const Matrix>(numbers.data(), n, p);
      Vector v = Eigen::Map<const Vector>(numbers.data() + n * p, n);
      ScaledQr qr(n, p);
      qr.factorise(A);
      Vector carried = v, squares(p);
      kernel::kernels().squares_of_columns(A.data(), n, n, p, squares.data());
      for (Index c = 0; c < p; ++c)
        EXPECT_EQ(squares[c], kernel::kernels().dot(A.col(c).data(), A.col(c).data(), n));
      qr.rotate(v);
      qr.factorise(A, Vector::Zero(p), carried);
      Numbers all;
      append(all, qr.matrix());
      if (qr.has_full_rank()) {
        Matrix T(p, p);
        qr.inverse_factor(T);
        append(all, T);
      }
      append(all, carried);
      append(all, v);
      return all;
    });
}

TEST_F(VectorPaths, GiveTheSameBitsOfEveryStrategyOnEveryScenario) {
  for (const StrategyInfo& strategy : strategy_table())
    expect_same_bits(std::string(strategy.name), [&] {
      Numbers all;
      for (const testing::Scenario& s : testing::scenarios())
        for (const Direction direction : {Direction::forward, Direction::backward}) {
          const Index n = s.X.rows() * s.network.n_outputs();
          Matrix values(s.X.rows(), s.network.n_outputs()), J_y_theta(n, s.network.n_params()),
              J_y_x(n, s.network.n_inputs());
          const StrategyOptions options{.relative_step = {}, .direction = direction};
          strategy.make(s.network, s.X.rows(), options)
              ->evaluate(s.theta, s.X, {.values = &values, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
          append(all, values);
          append(all, J_y_theta);
          append(all, J_y_x);
          if (strategy.name != "layerwise") break;  // the others have one direction
        }
      return all;
    });
}

// The steps from a given start are the kernels' and Eigen's, which is compiled once.
TEST_F(VectorPaths, GiveTheSameBitsOfAFitFromAStart) {
  const testing::Fitted& fitted = testing::fitted_step();
  expect_same_bits("fits from a start", [&] {
    Fitter fitter(fitted.network, fitted.data, {.n_starts = 0, .n_tries_from_start = 1});
    Numbers all;
    for (std::uint32_t replicate = 0; replicate < 5; ++replicate) {
      const Fit& fit = fitter.fit(testing::step_data(30, replicate), fitted.theta);
      append(all, fit.theta);
      all.push_back(fit.end->rss);
      all.push_back(static_cast<double>(fit.end->n_iterations));
    }
    return all;
  });
}

}  // namespace
}  // namespace jacobench
