#include "speed/write_limit.hpp"

#include <algorithm>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "jacobench/base/parallel.hpp"
#include "jacobench/jacobian/jacobian_fill.hpp"

namespace jacobench::speed {
namespace {

constexpr double number = 1.5;

// Whole lines from an address that starts one.
void stream_lines(double* begin, double* end) {
#if defined(__AVX512F__)
  for (const __m512d pack = _mm512_set1_pd(number); begin < end; begin += 8) _mm512_stream_pd(begin, pack);
  _mm_sfence();
#elif defined(__AVX__)
  for (const __m256d pack = _mm256_set1_pd(number); begin < end; begin += 4) _mm256_stream_pd(begin, pack);
  _mm_sfence();
#elif defined(__SSE2__)
  for (const __m128d pack = _mm_set1_pd(number); begin < end; begin += 2) _mm_stream_pd(begin, pack);
  _mm_sfence();
#else
  std::fill(begin, end, number);
#endif
}

void fill(double* begin, double* end, Stores stores) {
  if (stores == Stores::ordinary) return std::fill(begin, end, number);
  double* first_line = std::min(begin + doubles_to_line(begin), end);
  double* last_line = first_line + (end - first_line) / doubles_in_line * doubles_in_line;
  std::fill(begin, first_line, number);
  stream_lines(first_line, last_line);
  std::fill(last_line, end, number);
}

}  // namespace

void fill_at_write_limit(Matrix& target, Index n_threads) {
  const Index size = target.size();
  const Stores stores = stores_for(size * static_cast<Index>(sizeof(double)));
  parallel_for(n_threads, n_threads, [&](Index t) {
    fill(target.data() + size * t / n_threads, target.data() + size * (t + 1) / n_threads, stores);
  });
}

}  // namespace jacobench::speed
