#include "jacobench/network/second_derivatives.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/batch.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/network/forward_pass.hpp"
#include "jacobench/network/wide_row.hpp"

namespace jacobench {
namespace {

constexpr Index products_in_tile = 64;  // columns of products that are multiplied at once

std::size_t at(Index l) { return static_cast<std::size_t>(l); }

bool bends(const Layer& layer) { return info(layer.activation).bends; }

// The highest layer that bends; -1 if none.
Index last_bend(const Perceptron& network) {
  Index l = network.n_layers() - 1;
  while (l >= 0 && !bends(network.layer(l))) --l;
  return l;
}

Index n_parameters_of_unit(const Layer& layer) { return layer.n_inputs + (layer.has_bias() ? 1 : 0); }

Index parameter(const Layer& layer, Index unit, Index input) {
  return input == layer.n_inputs ? layer.bias_at + unit : layer.weights_at + unit * layer.n_inputs + input;
}

}  // namespace

namespace second_derivatives {

// Pairs of indices in the order in which columns stand for them.
struct Pairs {
  enum Shape { all, lower, diagonal };  // lower: first >= second

  Shape shape;
  Index n_first, n_second;

  Index size() const {
    return shape == all ? n_first * n_second : shape == lower ? n_first * (n_first + 1) / 2 : n_first;
  }

  // use(column, first, second)
  template <class Use>
  void for_each(const Use& use) const {
    Index column = 0;
    switch (shape) {
      case all:
        for (Index second = 0; second < n_second; ++second)
          for (Index first = 0; first < n_first; ++first) use(column++, first, second);
        return;
      case lower:
        for (Index first = 0; first < n_first; ++first)
          for (Index second = 0; second <= first; ++second) use(column++, first, second);
        return;
      case diagonal:
        for (; column < n_first; ++column) use(column, column, column);
        return;
    }
  }
};

// A, phi' and phi'' of every layer for a block of rows.
struct Bends {
  Bends(const Perceptron& of, Index max_rows) : network(of) {
    for (const Layer& layer : network.layers()) {
      Batch& below = A.emplace_back(max_rows, n_parameters_of_unit(layer));
      if (layer.has_bias()) std::fill_n(below.column(layer.n_inputs), max_rows, 1.0);
      slope.emplace_back(max_rows, layer.n_units);
      bend.emplace_back(max_rows, layer.n_units);
    }
    A.emplace_back(max_rows, network.n_outputs());
  }

  static Index n_columns(const Perceptron& network) {
    Index n = network.n_outputs();
    for (const Layer& layer : network.layers()) n += n_parameters_of_unit(layer) + 2 * layer.n_units;
    return n;
  }

  void run(const VectorView& theta, const MatrixView& X) {
    const kernel::Kernels& kernels = kernel::kernels();
    const Index n = X.rows();
    A[0].rows(n).leftCols(X.cols()) = X;
    for (Index l = 0; l < network.n_layers(); ++l) {
      const Layer& layer = network.layer(l);
      const kernel::ActivationKernels& phi = kernels.activations[static_cast<std::size_t>(layer.activation)];
      const double* b = layer.has_bias() ? network.bias(theta, l).data() : nullptr;
      Batch& above = A[at(l + 1)];
      multiply_by_weights(A[at(l)].view(), network.weights(theta, l), b, above.buffer(), n);
      for (Index i = 0; i < layer.n_units; ++i)
        phi.all(above.column(i), above.column(i), slope[at(l)].column(i), bend[at(l)].column(i),
                kernel::round_up(n, kernels.lanes));
    }
  }

  const Perceptron network;
  std::vector<Batch> A;  // A[l] feeds layer(l); where this has biases, a column of ones is last
  std::vector<Batch> slope, bend;
};

// Columns of a batch that stand for pairs.
struct PairColumns {
  const Batch& columns;
  Pairs pairs;
};

// A part of H: sums over n of products of a column of `left`, one of `other` and one of `right`. The left pairs are (a,
// c), a an input of layer l, and the right ones (i, d), i a unit of it. Of c and d one is the unit j of layer m, the
// other its input b.
struct Term {
  enum class OtherOfLeft { input, unit };

  Index l, m;
  const Batch &left, &other;
  Pairs left_pairs;
  OtherOfLeft other_is;
  PairColumns right;
  Matrix total;

  void add(Batch& products, Index n_rows) {
    Index first = 0;
    left_pairs.for_each([&](Index row, Index a, Index c) {
      kernel::kernels().product(left.column(a), other.column(c), products.column(row - first), n_rows);
      const Index n = row + 1 - first;
      if (n < products.n_columns() && row + 1 < total.rows()) return;
      blas::add_transposed_product(products.rows(n_rows).leftCols(n), right.columns.rows(n_rows),
                                   total.middleRows(first, n));
      first = row + 1;
    });
  }

  void add_total_to(Matrix& H, const Perceptron& network) const {
    const Layer &lower = network.layer(l), &upper = network.layer(m);
    const auto add_to = [&H](Index p, Index q, double value) { H(std::max(p, q), std::min(p, q)) += value; };
    right.pairs.for_each([&](Index column, Index i, Index d) {
      left_pairs.for_each([&](Index row, Index a, Index c) {
        const bool takes_input = other_is == OtherOfLeft::input;
        const Index b = takes_input ? c : d, j = takes_input ? d : c;
        add_to(parameter(lower, i, a), parameter(upper, j, b), total(row, column));
        if (l == m && i != j && a != b)
          add_to(parameter(lower, i, b), parameter(upper, j, a), total(row, column));
      });
    });
  }
};

}  // namespace second_derivatives

using namespace second_derivatives;

struct SecondDerivatives::Sum {
  Sum(const Perceptron& of, Index max_rows)
      : network(of),
        top(network.n_layers() - 1),
        last(last_bend(network)),
        n_rows(rows_per_batch(n_columns(), max_rows)),
        forward(network, n_rows),
        products(n_rows, products_in_tile) {
    for (Index l = 0; l <= top; ++l) {
      adjoint.emplace_back(n_rows, n_units(l));
      D.emplace_back();
      S.emplace_back();
      for (Index m = l; m <= last; ++m) D.back().emplace_back(n_rows, pairs_of_D(l, m).size());
      for (Index m = l + 1; m < top; ++m) S.back().emplace_back(n_rows, pairs_of_S(l, m).size());
      square.emplace_back(n_rows, 0 < l && l < last ? n_units(l) * n_units(l) : 0);
    }
    for (Index l = 0; l <= top; ++l) {
      for (Index m = l; m <= last; ++m)
        add_term(l, m, forward.A[at(m)], Term::OtherOfLeft::input, {of_D(l, m), pairs_of_D(l, m)});
      for (Index m = l + 1; m <= top; ++m)
        add_term(l, m, adjoint[at(m)], Term::OtherOfLeft::unit, {of_S(l, m - 1), pairs_of_S(l, m - 1)});
    }
  }

  Index n_units(Index l) const { return network.layer(l).n_units; }

  // Of the workspace, at most.
  Index n_columns() const {
    Index n = Bends::n_columns(network) + products_in_tile;
    for (Index l = 0; l <= top; ++l) {
      n += n_units(l);
      for (Index m = l; m <= last; ++m) n += n_units(l) * n_units(m);
      for (Index m = l + 1; m < top; ++m) n += n_units(l) * n_units(m);
    }
    return n;
  }

  Pairs pairs_of_D(Index l, Index m) const {
    const auto shape = l < m ? Pairs::all : l < last ? Pairs::lower : Pairs::diagonal;
    return {shape, n_units(l), n_units(m)};
  }
  Pairs pairs_of_S(Index l, Index m) const {
    return {l < m ? Pairs::all : Pairs::diagonal, n_units(l), n_units(m)};
  }
  Batch& of_D(Index l, Index m) { return D[at(l)][at(m - l)]; }
  Batch& of_S(Index l, Index m) { return l == m ? forward.slope[at(l)] : S[at(l)][at(m - l - 1)]; }

  void add_term(Index l, Index m, const Batch& other, Term::OtherOfLeft other_is, const PairColumns& right) {
    const Pairs left_pairs{l == m ? Pairs::lower : Pairs::all, forward.A[at(l)].n_columns(),
                           other.n_columns()};
    terms.push_back({.l = l,
                     .m = m,
                     .left = forward.A[at(l)],
                     .other = other,
                     .left_pairs = left_pairs,
                     .other_is = other_is,
                     .right = right,
                     .total = Matrix(left_pairs.size(), right.pairs.size())});
  }

  void clear() {
    for (Term& term : terms) term.total.setZero();
  }

  bool is_finite() const {
    return std::all_of(terms.begin(), terms.end(), [](const Term& term) {
      return std::isfinite(term.total.sum()) || term.total.allFinite();
    });
  }

  void add(const VectorView& theta, const MatrixView& X, const MatrixView& C) {
    const Index n = X.rows();
    forward.run(theta, X);
    for (Index l = top; l >= 0; --l) {
      if (l == top)
        adjoint[at(l)].rows(n) = C;
      else
        multiply_by_weights_transposed(adjoint[at(l + 1)].view(), network.weights(theta, l + 1), {},
                                       adjoint[at(l)].buffer(), n);
      if (l <= last) compute_D(l, theta, n);
      for (Index i = 0; i < n_units(l); ++i) {
        double* delta = adjoint[at(l)].column(i);
        kernel::kernels().product(forward.slope[at(l)].column(i), delta, delta, n);
      }
    }
    for (Index l = 0; l < top; ++l)
      for (Index m = l + 1; m < top; ++m) compute_S(l, m, theta, n);
    for (Term& term : terms) term.add(products, n);
  }

  // D_l,m for all m, from those of the layer above and from G_l, which is the adjoint as yet.
  void compute_D(Index l, const VectorView& theta, Index n) {
    const kernel::Kernels& kernels = kernel::kernels();
    for (Index m = l + 1; m <= last; ++m) {
      const auto W = network.weights(theta, l + 1);
      const bool of_diagonal = l + 1 == last;
      const Batch& above = !of_diagonal && m == l + 1 ? square[at(m)] : of_D(l + 1, m);
      for (Index j = 0; j < n_units(m); ++j)
        multiply_by_weights_transposed(
            {above.column(of_diagonal ? j : j * W.rows()), above.view().stride},
            {W.data() + (of_diagonal ? j * W.cols() : 0), of_diagonal ? 1 : W.rows(), W.cols()},
            forward.slope[at(l)].view(), {of_D(l, m).column(j * W.cols()), of_D(l, m).view().stride}, n);
    }
    Batch& own = of_D(l, l);
    if (l == last) {
      for (Index i = 0; i < n_units(l); ++i)
        kernels.product(forward.bend[at(l)].column(i), adjoint[at(l)].column(i), own.column(i), n);
      return;
    }
    const Batch& above = of_D(l, l + 1);
    const auto W = network.weights(theta, l + 1);
    for (Index i = 0; i < n_units(l); ++i) {
      double* row_i = own.column(i * (i + 1) / 2);
      kernels.multiply({.in = {above.column(i), n_units(l) * above.view().stride},
                        .n_terms = W.rows(),
                        .coefficients = W.data(),
                        .next_column = 1,
                        .next_term = W.cols(),
                        .start = nullptr,
                        .addend = {},
                        .factor = forward.slope[at(l)].view(),
                        .out = {row_i, own.view().stride}},
                       i + 1, n);
      kernels.add_product(forward.bend[at(l)].column(i), adjoint[at(l)].column(i),
                          own.column(i * (i + 1) / 2 + i), n);
    }
    if (l == 0) return;
    pairs_of_D(l, l).for_each([&](Index column, Index i, Index j) {
      std::copy_n(own.column(column), n, square[at(l)].column(i * n_units(l) + j));
      std::copy_n(own.column(column), n, square[at(l)].column(j * n_units(l) + i));
    });
  }

  // S_l,m from S_l,m-1, l < m.
  void compute_S(Index l, Index m, const VectorView& theta, Index n) {
    const auto W = network.weights(theta, m);
    const bool of_diagonal = m == l + 1;
    const Batch& below = of_S(l, m - 1);
    Batch& own = of_S(l, m);
    for (Index i = 0; i < n_units(l); ++i)
      kernel::kernels().multiply({.in = {below.column(i), n_units(l) * below.view().stride},
                                  .n_terms = of_diagonal ? 1 : W.cols(),
                                  .coefficients = W.data() + (of_diagonal ? i : 0),
                                  .next_column = W.cols(),
                                  .next_term = 1,
                                  .start = nullptr,
                                  .addend = {},
                                  .factor = forward.slope[at(m)].view(),
                                  .out = {own.column(i), n_units(l) * own.view().stride}},
                                 n_units(m), n);
  }

  const Perceptron network;
  const Index top, last;
  const Index n_rows;  // in a block
  Bends forward;
  Batch products;
  std::vector<Batch> adjoint;         // G, then delta
  std::vector<std::vector<Batch>> D;  // D_lm at [l][m - l]
  std::vector<std::vector<Batch>> S;  // S_lm at [l][m - l - 1]
  std::vector<Batch> square;          // D_ll with all its pairs, where the layer below wants them
  std::vector<Term> terms;
};

// A and Z as series in t at theta + t v, for a block of rows.
struct SecondDerivatives::Series {
  struct Coefficients {
    Batch of_t, of_t2;
  };

  Series(const Perceptron& network, Index max_rows)
      : n_rows(rows_per_batch(Bends::n_columns(network) + 4 * network.widest_layer() + 1, max_rows)),
        forward(network, n_rows),
        square(n_rows, 1) {
    for (Coefficients& each : series)
      each = {Batch(n_rows, network.widest_layer()), Batch(n_rows, network.widest_layer())};
  }

  // Along v, after forward.run. Returns d2 Y / dv2 / 2.
  const Batch& run(const VectorView& theta, const VectorView& v, Index n) {
    const kernel::Kernels& kernels = kernel::kernels();
    const Perceptron& network = forward.network;
    for (Index l = 0; l < network.n_layers(); ++l) {
      const Layer& layer = network.layer(l);
      Coefficients& own = series[l % 2];
      const Coefficients& below = series[(l + 1) % 2];
      const auto W = network.weights(theta, l), V = network.weights(v, l);
      const double* v_b = layer.has_bias() ? network.bias(v, l).data() : nullptr;
      multiply_by_weights(forward.A[at(l)].view(), V, v_b, own.of_t.buffer(), n);
      if (l > 0) {
        add_product_with_weights(below.of_t.view(), W, own.of_t.buffer(), n);
        multiply_by_weights(below.of_t.view(), V, nullptr, own.of_t2.buffer(), n);
        add_product_with_weights(below.of_t2.view(), W, own.of_t2.buffer(), n);
      }
      for (Index i = 0; i < layer.n_units; ++i) {
        const double* slope = forward.slope[at(l)].column(i);
        double *z_1 = own.of_t.column(i), *z_2 = own.of_t2.column(i);
        if (l > 0)
          kernels.product(slope, z_2, z_2, n);
        else
          std::fill_n(z_2, n, 0.0);
        if (bends(layer)) {
          kernels.product(z_1, z_1, square.column(0), n);
          kernels.scale(0.5, square.column(0), square.column(0), n);
          kernels.add_product(forward.bend[at(l)].column(i), square.column(0), z_2, n);
        }
        kernels.product(slope, z_1, z_1, n);
      }
    }
    return series[(network.n_layers() - 1) % 2].of_t2;
  }

  const Index n_rows;  // in a block
  Bends forward;
  Coefficients series[2];  // of a layer and of the one below
  Batch square;
};

SecondDerivatives::SecondDerivatives(const Perceptron& network, Index max_rows)
    : network_(network), max_rows_(max_rows) {}

SecondDerivatives::~SecondDerivatives() = default;
SecondDerivatives::SecondDerivatives(SecondDerivatives&&) noexcept = default;

void SecondDerivatives::expect_shapes(const VectorView& theta, const MatrixView& X) const {
  network_.expect_shapes(theta, X);
  JB_EXPECT(X.rows() <= max_rows_, "X has {} rows, prepared for {}", X.rows(), max_rows_);
}

void SecondDerivatives::prepare() {
  if (!sum_) sum_ = std::make_unique<Sum>(network_, max_rows_);
  if (!series_) series_ = std::make_unique<Series>(network_, max_rows_);
}

// Of some observations; where doubles overflow within it, of halves of them, and of one in long double.
void SecondDerivatives::add_rows(const VectorView& theta, const MatrixView& X, const MatrixView& C,
                                 Matrix& sum) {
  sum_->clear();
  for (Index row = 0; row < X.rows(); row += sum_->n_rows) {
    const Index n = std::min(sum_->n_rows, X.rows() - row);
    sum_->add(theta, X.middleRows(row, n), C.middleRows(row, n));
  }
  if (sum_->is_finite()) {
    for (const Term& term : sum_->terms) term.add_total_to(sum, network_);
  } else if (X.rows() == 1) {
    WideRow(network_, theta, X.row(0).transpose()).add_weighted_second_derivatives(C.row(0).transpose(), sum);
  } else {
    const Index half = X.rows() / 2;
    add_rows(theta, X.topRows(half), C.topRows(half), sum);
    add_rows(theta, X.bottomRows(X.rows() - half), C.bottomRows(X.rows() - half), sum);
  }
}

void SecondDerivatives::add_weighted_sum(const VectorView& theta, const MatrixView& X, const MatrixView& C,
                                         Matrix& sum) {
  expect_shapes(theta, X);
  JB_EXPECT(C.rows() == X.rows() && C.cols() == network_.n_outputs(), "C is {} x {}, want {} x {}", C.rows(),
            C.cols(), X.rows(), network_.n_outputs());
  const Index P = network_.n_params();
  JB_EXPECT(sum.rows() == P && sum.cols() == P, "the sum is {} x {}, want {} x {}", sum.rows(), sum.cols(), P,
            P);
  if (!sum_) sum_ = std::make_unique<Sum>(network_, max_rows_);
  add_rows(theta, X, C, sum);
}

void SecondDerivatives::along(const VectorView& theta, const MatrixView& X, const MatrixView& V,
                              Matrix& Y_vv) {
  expect_shapes(theta, X);
  JB_EXPECT(V.rows() == network_.n_params(), "V has {} rows, want {}", V.rows(), network_.n_params());
  const Index N = X.rows(), K = network_.n_outputs();
  Y_vv.resize(N * K, V.cols());
  if (!series_) series_ = std::make_unique<Series>(network_, max_rows_);
  for (Index row = 0; row < N; row += series_->n_rows) {
    const Index n = std::min(series_->n_rows, N - row);
    series_->forward.run(theta, X.middleRows(row, n));
    for (Index j = 0; j < V.cols(); ++j) {
      const Batch& half = series_->run(theta, V.col(j), n);
      for (Index k = 0; k < K; ++k) Y_vv.col(j).segment(k * N + row, n) = 2 * half.rows(n).col(k);
    }
  }
  std::vector<Index> overflowing;
  for (Index k = 0; k < K; ++k) append_overflowing_rows(Y_vv.middleRows(k * N, N), 0, overflowing);
  for (const Index n : overflowing) {
    const WideRow wide(network_, theta, X.row(n).transpose());
    for (Index j = 0; j < V.cols(); ++j) Y_vv(Eigen::seqN(n, K, N), j) = wide.along(V.col(j));
  }
}

}  // namespace jacobench
