// The activations over arrays of doubles, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/path/activation_formulas.hpp"
#include "jacobench/kernel/path/lines_beside.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// Applies a formula to n doubles, to four packs side by side or more: a formula is one long chain of operations, and a
// processor's window is too short to start on the next pack by itself. (GCC interleaves them where it schedules before
// it allocates registers, as kernels.cpp asks.) The last, partial pack goes through a buffer and the same formula, so
// that the bits of a result do not depend on where in the array it stands. After each group of packs something else
// may be done.
inline constexpr int side_by_side = 4;

// The longest chains that call nothing go six side by side: on AVX-512 that takes 0.87 of the time of four, on AVX2 0.93.
template <class Formula, Order order>
inline constexpr int packs_at_once = side_by_side;
template <>
inline constexpr int packs_at_once<Tanh, Order::second> = 6;
template <>
inline constexpr int packs_at_once<Gaussian, Order::second> = 6;

template <class Formula, Order order, class Store, class Between>
void for_each_pack(const double* z, Index n, Store store_jet, Between do_between) {
  constexpr int at_once = packs_at_once<Formula, order>;
  Index i = 0;
  for (; i + at_once * lanes <= n; i += at_once * lanes) {
    Jet jets[at_once];
#pragma GCC unroll 6
    for (int k = 0; k < at_once; ++k) jets[k] = Formula::template at<order>(load(z + i + k * lanes));
#pragma GCC unroll 6
    for (int k = 0; k < at_once; ++k) store_jet(jets[k], i + k * lanes, lanes);
    do_between();
  }
  if (n - i > lanes) {
    double buffer[at_once * lanes] = {};
    for (Index k = i; k < n; ++k) buffer[k - i] = z[k];
    Jet jets[at_once];
#pragma GCC unroll 6
    for (int k = 0; k < at_once; ++k) jets[k] = Formula::template at<order>(load(buffer + k * lanes));
#pragma GCC unroll 6
    for (int k = 0; k < at_once; ++k, i += lanes)
      if (i < n) store_jet(jets[k], i, n - i < lanes ? n - i : lanes);
  } else if (i < n) {
    double buffer[lanes] = {};
    for (Index k = i; k < n; ++k) buffer[k - i] = z[k];
    store_jet(Formula::template at<order>(load(buffer)), i, n - i);
  }
}

inline void store_first(Pack pack, double* out, Index n) {
  if (n == lanes) return store(out, pack);
  double buffer[lanes];
  store(buffer, pack);
  for (Index k = 0; k < n; ++k) out[k] = buffer[k];
}

template <class Formula>
void value(const double* z, double* a, Index n) {
  for_each_pack<Formula, Order::value>(
      z, n, [&](const Jet& jet, Index at, Index count) { store_first(jet.value, a + at, count); }, [] {});
}

template <class Formula>
void value_and_derivative(const double* z, double* a, double* d, Index n, LinesBeside* beside) {
  const auto store_both = [&](const Jet& jet, Index at, Index count) {
    store_first(jet.value, a + at, count);
    store_first(jet.first, d + at, count);
  };
  const Index n_groups = n / (side_by_side * lanes);
  if (!beside || n_groups == 0) return for_each_pack<Formula, Order::first>(z, n, store_both, [] {});
  constexpr Index most_a_group = 32;
  Index n_lines = lines_for(*beside, n * work_of_activation, most_a_group * n_groups);
  const Index lines_a_group = (n_lines + n_groups - 1) / n_groups;
  for_each_pack<Formula, Order::first>(z, n, store_both, [&] {
    const Index n_now = lines_a_group < n_lines ? lines_a_group : n_lines;
    n_lines -= n_now;
    write_lines(*beside, n_now);
  });
}

template <class Formula>
void all(const double* z, double* a, double* d, double* d2, Index n) {
  for_each_pack<Formula, Order::second>(
      z, n,
      [&](const Jet& jet, Index at, Index count) {
        store_first(jet.value, a + at, count);
        store_first(jet.first, d + at, count);
        store_first(jet.second, d2 + at, count);
      },
      [] {});
}

inline void normal(const double* z, double* distribution, double* density, Index n) {
  value_and_derivative<Normal>(z, distribution, density, n, nullptr);
}

template <class Formula>
constexpr ActivationKernels kernels_of() {
  return {value<Formula>, value_and_derivative<Formula>, all<Formula>};
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
