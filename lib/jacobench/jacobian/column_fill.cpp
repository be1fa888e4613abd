#include "jacobench/jacobian/column_fill.hpp"

#include <algorithm>
#include <cstdint>

#include "jacobench/base/simd.hpp"

namespace jacobench {
namespace {

// The number of doubles from p to the next address that a pack may be streamed to.
Index doubles_to_alignment(const double* p) {
  const auto misaligned = reinterpret_cast<std::uintptr_t>(p) % sizeof(simd::Pack) / sizeof(double);
  return misaligned == 0 ? 0 : simd::lanes - static_cast<Index>(misaligned);
}

// out[i] = scalar(i), a pack of them being pack(i).
template <class PackAt, class ScalarAt>
void fill(double* out, Index n, Stores stores, const PackAt& pack, const ScalarAt& scalar) {
  Index i = 0;
  if (stores == Stores::streaming) {
    for (const Index head = std::min(n, doubles_to_alignment(out)); i < head; ++i) out[i] = scalar(i);
    for (; i + simd::lanes <= n; i += simd::lanes) simd::stream(out + i, pack(i));
  } else {
    for (; i + simd::lanes <= n; i += simd::lanes) simd::store(out + i, pack(i));
  }
  for (; i < n; ++i) out[i] = scalar(i);
}

}  // namespace

Stores stores_for(Index bytes) {
  // Measured: up to some 10 MiB ordinary stores are as fast or faster, at 100 MiB they take three times as long.
  constexpr Index largest_in_cache = Index{32} << 20;
  return bytes > largest_in_cache ? Stores::streaming : Stores::ordinary;
}

void fill_product(const double* delta, const double* a, double* out, Index n, Stores stores) {
  fill(
      out, n, stores, [&](Index i) { return simd::load(delta + i) * simd::load(a + i); },
      [&](Index i) { return delta[i] * a[i]; });
}

void fill_copy(const double* delta, double* out, Index n, Stores stores) {
  fill(
      out, n, stores, [&](Index i) { return simd::load(delta + i); }, [&](Index i) { return delta[i]; });
}

void fill_zero(double* out, Index n, Stores stores) {
  fill(
      out, n, stores, [](Index) { return simd::broadcast(0.0); }, [](Index) { return 0.0; });
}

void finish_stores(Stores stores) {
  if (stores == Stores::streaming) simd::finish_streams();
}

}  // namespace jacobench
