// The activations over arrays of doubles, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/path/activation_formulas.hpp"
#include "jacobench/kernel/path/lines_beside.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// Applies a formula to n doubles, to four packs side by side or eight: a formula is one long chain of operations, and a
// processor's window is too short to start on the next pack by itself. (GCC interleaves them where it schedules before
// it allocates registers, as kernels.cpp asks.) The last, partial pack goes through a buffer and the same formula, so
// that the bits of a result do not depend on where in the array it stands. After each group of packs something else
// may be done.
inline constexpr int side_by_side = 4;

// The longest chains that call nothing go eight side by side: tanh with its slope takes 0.77 of the time of four on
// AVX-512, on AVX2 0.88 (both on a Zen 5). Beside lines that are written four do better: what goes between them is
// waited for as well.
template <class Formula>
inline constexpr int packs_at_once = side_by_side;
template <>
inline constexpr int packs_at_once<Logistic> = 8;
template <>
inline constexpr int packs_at_once<Tanh> = 8;
template <>
inline constexpr int packs_at_once<Gaussian> = 8;

template <class Formula>
constexpr bool has_usual_range = requires {
  Formula::most_usual;
};

// Calls store_jet(jet, at, count) for so many doubles from z on, which stand at `at`; count is not more than n packs.
template <class Formula, Order order, Range range, int n, class Store>
[[gnu::always_inline]] inline void apply(const double* z, Index at, Index count, Store store_jet) {
  Jet jets[n];
#pragma GCC unroll 8
  for (int k = 0; k < n; ++k) {
    if constexpr (has_usual_range<Formula>)
      jets[k] = Formula::template at<order, range>(load(z + k * lanes));
    else
      jets[k] = Formula::template at<order>(load(z + k * lanes));
  }
#pragma GCC unroll 8
  for (int k = 0; k < n; ++k)
    if (const Index left = count - k * lanes; left > 0)
      store_jet(jets[k], at + k * lanes, left < lanes ? left : lanes);
}

// Not more than so many packs.
template <class Formula, Order order, int n, class Store>
[[gnu::noinline]] void apply_to_rest(const double* z, Index at, Index count, Store store_jet) {
  double buffer[n * lanes] = {};
  for (Index k = 0; k < count; ++k) buffer[k] = z[k];
  apply<Formula, order, Range::all, n>(buffer, at, count, store_jet);
}

// Whole packs, one of which is not in the usual range: by itself, as what is inlined beside it would wait.
template <class Formula, Order order, int n, class Store>
[[gnu::noinline]] void apply_in_whole_range(const double* z, Index at, Store store_jet) {
  apply<Formula, order, Range::all, n>(z, at, n * lanes, store_jet);
}

// Of whole packs, by what suffices for all of them.
template <class Formula, Order order, int n, class Store>
[[gnu::always_inline]] inline void apply_in_range(const double* z, Index at, Store store_jet) {
  if constexpr (has_usual_range<Formula>) {
    Pack sizes[n];
    for (int k = 0; k < n; ++k) sizes[k] = abs(load(z + k * lanes));
    if (are_all_at_most(sizes, Formula::most_usual))
      apply<Formula, order, Range::usual, n>(z, at, n * lanes, store_jet);
    else
      apply_in_whole_range<Formula, order, n>(z, at, store_jet);
  } else {
    apply<Formula, order, Range::all, n>(z, at, n * lanes, store_jet);
  }
}

// What is to be done comes by reference: a copy of what was stored field by field would wait for all lines that were
// written before (lib/CMakeLists.txt).
template <class Formula, Order order, int at_once, class Store, class Between>
[[gnu::noinline]] void for_each_pack(const double* z, Index n, const Store& store_jet, Between& do_between) {
  Index i = 0;
  for (; i + at_once * lanes <= n; i += at_once * lanes) {
    apply_in_range<Formula, order, at_once>(z + i, i, store_jet);
    do_between();
  }
  if (at_once > side_by_side && i + side_by_side * lanes <= n) {
    apply_in_range<Formula, order, side_by_side>(z + i, i, store_jet);
    i += side_by_side * lanes;
  }
  if (n - i > side_by_side * lanes)
    apply_to_rest<Formula, order, at_once>(z + i, i, n - i, store_jet);
  else if (n - i > lanes)
    apply_to_rest<Formula, order, side_by_side>(z + i, i, n - i, store_jet);
  else if (i < n)
    apply_to_rest<Formula, order, 1>(z + i, i, n - i, store_jet);
}

inline void store_first(Pack pack, double* out, Index n) {
  if (n == lanes) return store(out, pack);
  double buffer[lanes];
  store(buffer, pack);
  for (Index k = 0; k < n; ++k) out[k] = buffer[k];
}

inline void do_nothing() {}

template <class Formula>
void value(const double* z, double* a, Index n) {
  for_each_pack<Formula, Order::value, packs_at_once<Formula>>(
      z, n, [&](const Jet& jet, Index at, Index count) { store_first(jet.value, a + at, count); },
      do_nothing);
}

// So many multiply-adds take about as long as a formula and its derivative.
template <class Formula>
inline constexpr Index work_of = 48;
template <>
inline constexpr Index work_of<Identity> = 0;
template <>
inline constexpr Index work_of<Relu> = 0;
template <>
inline constexpr Index work_of<LeakyRelu> = 0;

template <class Formula, int at_once, class Between>
void value_and_derivative_of(const double* z, double* a, double* d, Index n, Between& do_between) {
  for_each_pack<Formula, Order::first, at_once>(
      z, n,
      [&](const Jet& jet, Index at, Index count) {
        store_first(jet.value, a + at, count);
        store_first(jet.first, d + at, count);
      },
      do_between);
}

template <class Formula>
void value_and_derivative(const double* z, double* a, double* d, Index n) {
  value_and_derivative_of<Formula, packs_at_once<Formula>>(z, a, d, n, do_nothing);
}

// After every few packs whole columns are written, as many as are due.
template <class Formula>
void of_batch(const BatchActivation& batch) {
  constexpr Index work = work_of<Formula>;
  // Columns without a gap are one.
  const bool is_one = batch.A.stride == batch.n_rows && batch.D.stride == batch.n_rows;
  const Index n_columns = is_one ? 1 : batch.n_columns;
  const Index n_rows = is_one ? batch.n_rows * batch.n_columns : batch.n_rows;
  LinesBeside* const beside = batch.beside;
  const auto stream_due = [beside] {
    stream_columns(*beside, columns_for(*beside, side_by_side * lanes * work, beside->n_columns));
  };
  for (Index c = 0; c < n_columns; ++c) {
    double *const a = batch.A.data + c * batch.A.stride, *const d = batch.D.data + c * batch.D.stride;
    if (work > 0 && beside && beside->n_columns > 0)
      value_and_derivative_of<Formula, side_by_side>(a, a, d, n_rows, stream_due);
    else
      value_and_derivative<Formula>(a, a, d, n_rows);
  }
}

template <class Formula>
void all(const double* z, double* a, double* d, double* d2, Index n) {
  for_each_pack<Formula, Order::second, packs_at_once<Formula>>(
      z, n,
      [&](const Jet& jet, Index at, Index count) {
        store_first(jet.value, a + at, count);
        store_first(jet.first, d + at, count);
        store_first(jet.second, d2 + at, count);
      },
      do_nothing);
}

inline void normal(const double* z, double* distribution, double* density, Index n) {
  value_and_derivative<Normal>(z, distribution, density, n);
}

template <class Formula>
constexpr ActivationKernels kernels_of() {
  return {value<Formula>, value_and_derivative<Formula>, all<Formula>, of_batch<Formula>, work_of<Formula>};
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
