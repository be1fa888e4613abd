// Packs of doubles and the elementary functions on them, for the path that is being compiled.
//
// A Pack is a register of 8 doubles (AVX-512) or 4 (AVX2), or a plain double with std::fma, which uses nothing of any
// processor. Code written against this header uses + - * / and comparisons, which mean the same for all three, and the
// functions below. All paths give the same bits.
//
// The elementary functions are those of SLEEF whose results do not depend on the path ("finz": deterministic, with
// fused multiply-add), but for exp_of_minus below.
// Accuracy: each within 1 ulp, as SLEEF states (Shibata and Petrogalli 2020, IEEE TPDS 31(6)).
#pragma once

#include "jacobench/kernel/batch_view.hpp"

#if defined(JACOBENCH_PATH_AVX512) || defined(JACOBENCH_PATH_AVX2)
#include <immintrin.h>
#include <sleef.h>
#endif

namespace jacobench::kernel::JACOBENCH_PATH {

#if defined(JACOBENCH_PATH_AVX512)
#define JACOBENCH_SLEEF(name) Sleef_finz_##name##d8_u10avx512f
using Pack = __m512d;
inline constexpr Index lanes = 8;
using Bits = __m512i;
inline Pack load(const double* p) { return _mm512_loadu_pd(p); }
inline void store(double* p, Pack v) { _mm512_storeu_pd(p, v); }
inline void stream(double* p, Pack v) { _mm512_stream_pd(p, v); }
inline Pack broadcast(double x) { return _mm512_set1_pd(x); }
inline Pack fma(Pack a, Pack b, Pack c) { return _mm512_fmadd_pd(a, b, c); }
inline Pack min(Pack a, Pack b) { return _mm512_maskz_min_pd(0xff, a, b); }  // a < b ? a : b
inline void finish_streams() { _mm_sfence(); }
// Entries n to n + 7 of two packs, the first and the second.
inline Bits first_of_pair(Index n) {
  return _mm512_set1_epi64(n) + _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
}
inline Pack choose_of_pair(Pack first, Bits from, Pack second) {
  return _mm512_permutex2var_pd(first, from, second);
}
inline __mmask8 first_lanes(Index n) { return static_cast<__mmask8>((1u << n) - 1); }
inline Pack load_first(const double* p, Index n) { return _mm512_maskz_loadu_pd(first_lanes(n), p); }
inline void store_first(double* p, Pack v, Index n) { _mm512_mask_storeu_pd(p, first_lanes(n), v); }
inline Pack without_first(Pack v, Index n) {
  return _mm512_mask_mov_pd(v, first_lanes(n), _mm512_setzero_pd());
}
#elif defined(JACOBENCH_PATH_AVX2)
#define JACOBENCH_SLEEF(name) Sleef_finz_##name##d4_u10avx2
using Pack = __m256d;
inline constexpr Index lanes = 4;
using Bits = __m256i;
inline Pack load(const double* p) { return _mm256_loadu_pd(p); }
inline void store(double* p, Pack v) { _mm256_storeu_pd(p, v); }
inline void stream(double* p, Pack v) { _mm256_stream_pd(p, v); }
inline Pack broadcast(double x) { return _mm256_set1_pd(x); }
inline Pack fma(Pack a, Pack b, Pack c) { return _mm256_fmadd_pd(a, b, c); }
inline Pack min(Pack a, Pack b) { return _mm256_min_pd(a, b); }  // a < b ? a : b
inline void finish_streams() { _mm_sfence(); }
inline Bits first_lanes(Index n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
inline Pack load_first(const double* p, Index n) { return _mm256_maskload_pd(p, first_lanes(n)); }
inline void store_first(double* p, Pack v, Index n) { _mm256_maskstore_pd(p, first_lanes(n), v); }
inline Pack without_first(Pack v, Index n) {
  return _mm256_andnot_pd(_mm256_castsi256_pd(first_lanes(n)), v);
}
#else
#define JACOBENCH_SLEEF(name) scalar_functions.name
using Pack = double;
inline constexpr Index lanes = 1;
using Bits = long long;
inline Pack load(const double* p) { return *p; }
inline void store(double* p, Pack v) { *p = v; }
inline void stream(double* p, Pack v) { *p = v; }
inline Pack broadcast(double x) { return x; }
inline Pack fma(Pack a, Pack b, Pack c) { return __builtin_fma(a, b, c); }
inline Pack min(Pack a, Pack b) { return a < b ? a : b; }
inline void finish_streams() {}
inline Pack load_first(const double* p, Index n) { return n > 0 ? *p : 0; }
inline void store_first(double* p, Pack v, Index n) {
  if (n > 0) *p = v;
}
inline Pack without_first(Pack v, Index n) { return n > 0 ? 0 : v; }

// SLEEF's plain C, with fused multiply-add where the processor has it.
struct ScalarFunctions {
  double (*exp)(double);
  double (*expm1)(double);
  double (*log1p)(double);
  double (*tanh)(double);
  double (*sin)(double);
  double (*cos)(double);
  double (*atan)(double);
};
extern const ScalarFunctions scalar_functions;
#endif

// Whether all are at most so large; NaN is not.
template <int n>
inline bool are_all_at_most(const Pack (&x)[n], double most) {
#if defined(JACOBENCH_PATH_AVX512)
  __mmask8 are = 0xff;
  for (int k = 0; k < n; ++k) are = _mm512_mask_cmp_pd_mask(are, x[k], broadcast(most), _CMP_LE_OQ);
  return are == 0xff;
#elif defined(JACOBENCH_PATH_AVX2)
  Pack are = _mm256_cmp_pd(x[0], broadcast(most), _CMP_LE_OQ);
  for (int k = 1; k < n; ++k) are = _mm256_and_pd(are, _mm256_cmp_pd(x[k], broadcast(most), _CMP_LE_OQ));
  return _mm256_movemask_pd(are) == 0xf;
#else
  bool are = true;
  for (int k = 0; k < n; ++k) are = are && x[k] <= most;
  return are;
#endif
}

// Of the first n lanes, 0 <= n <= lanes: load_first reads them alone and has zeros in the others, store_first writes
// them alone, and without_first has zeros in them.

// The sum of eight numbers: of halves, quarters and eighths that lie so far apart.
#if defined(JACOBENCH_PATH_AVX512)
inline double sum_of_eight(const Pack (&v)[1]) {
  const Pack halves = v[0] + _mm512_maskz_shuffle_f64x2(0xff, v[0], v[0], 0x4e);
  const Pack quarters = halves + _mm512_maskz_shuffle_f64x2(0xff, halves, halves, 0xb1);
  return quarters[0] + quarters[1];
}
#elif defined(JACOBENCH_PATH_AVX2)
inline double sum_of_eight(const Pack (&v)[2]) {
  const __m256d halves = v[0] + v[1];
  const __m128d quarters = _mm256_castpd256_pd128(halves) + _mm256_extractf128_pd(halves, 1);
  return quarters[0] + quarters[1];
}
#else
inline double sum_of_eight(const Pack (&v)[8]) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}
#endif

inline Pack exp(Pack x) { return JACOBENCH_SLEEF(exp)(x); }
inline Pack expm1(Pack x) { return JACOBENCH_SLEEF(expm1)(x); }
inline Pack log1p(Pack x) { return JACOBENCH_SLEEF(log1p)(x); }
inline Pack tanh(Pack x) { return JACOBENCH_SLEEF(tanh)(x); }
inline Pack sin(Pack x) { return JACOBENCH_SLEEF(sin)(x); }
inline Pack cos(Pack x) { return JACOBENCH_SLEEF(cos)(x); }
inline Pack atan(Pack x) { return JACOBENCH_SLEEF(atan)(x); }
#undef JACOBENCH_SLEEF

inline Pack abs(Pack x) {
  return __builtin_bit_cast(Pack, __builtin_bit_cast(Bits, x) & ~__builtin_bit_cast(Bits, broadcast(-0.0)));
}

// magnitude >= 0 with the sign of x.
inline Pack with_sign(Pack magnitude, Pack x) {
  const Bits sign = __builtin_bit_cast(Bits, broadcast(-0.0)) & __builtin_bit_cast(Bits, x);
  return __builtin_bit_cast(Pack, __builtin_bit_cast(Bits, magnitude) | sign);
}

// NaN stays NaN.
inline Pack at_most(Pack x, double high) { return min(broadcast(high), x); }

// Both ends are finite, so that an infinite x may be multiplied by zero afterwards; NaN stays NaN.
inline Pack clamp(Pack x, double low, double high) {
  const Pack lo = broadcast(low), hi = broadcast(high);
  return x < lo ? lo : (x > hi ? hi : x);
}

// c_0 + c_1 x + ... + c_(n-1) x^(n-1): the even powers from x^2 up and the odd ones from x^3 up by Horner's rule side
// by side, which a processor finishes in half the time of one chain; the first two terms, the largest, are added last.
template <int n>
[[gnu::always_inline]] inline Pack polynomial(const double (&c)[n], Pack x) {
  static_assert(n > 4);
  const Pack square = x * x;
  Pack last = broadcast(c[n - 1]), other = broadcast(c[n - 2]);
  for (int k = n - 3; k >= 2; k -= 2) {
    last = fma(last, square, broadcast(c[k]));
    if (k > 2) other = fma(other, square, broadcast(c[k - 1]));
  }
  const bool last_is_even = n % 2 == 1;
  const Pack rest = last_is_even ? fma(other, x, last) : fma(last, x, other);
  return fma(broadcast(c[1]), x, square * rest) + broadcast(c[0]);
}

// 2^lift exp(-x) and exp(-x) - 1 for 0 <= x <= 700 + lift log 2, lift being 0 or, where exp(-x) is lost beside 1, more;
// NaN stays NaN.
//
// Model:    -x = k log 2 + r, |r| <= log(2) / 2, s = 2^(k + lift);  exp(-x) - 1 = (s - 1 + s r) + s (r^2 P(r)), P the
//           polynomial of degree 10 that agrees with (exp(r) - 1 - r) / r^2 at the zeros of a Chebyshev polynomial:
//           what is left is 0.008 2^-53 of exp(r) - 1, rounded coefficients included. log 2 is taken in two parts, the
//           first of 32 bits, so that the product of it and k is exact; what the sum in brackets and r lose in rounding
//           is carried along.
// Accuracy: each within 1 ulp: half an ulp of the last sum, and less than another of r^2 P, which is at most 0.2 of r.
struct ExpOfMinus {
  Pack value;
  Pack rest;  // what `value` has lost in its last roundings
  Pack minus_one;
};

// Always inlined: as a function it would be called for one pack after the other.
[[gnu::always_inline]] inline ExpOfMinus exp_of_minus(Pack x, Pack lift) {
  constexpr double P[] = {0x1.0000000000000p-1,  0x1.5555555555557p-3,  0x1.5555555555556p-5,
                          0x1.11111111100dfp-7,  0x1.6c16c16c162d6p-10, 0x1.a01a01abe6323p-13,
                          0x1.a01a01a6d7831p-16, 0x1.71de0237484cdp-19, 0x1.27e4db67ac2b0p-22,
                          0x1.af4ddda1c08cdp-26, 0x1.1f72fc83bcbc7p-29};
  // Added to a small number, it leaves the nearest integer in the lowest bits.
  const Pack round = broadcast(0x1.8p52);
  const Pack shifted = fma(x, broadcast(-0x1.71547652b82fep+0), round);
  const Pack k = shifted - round;
  const Pack r_high = fma(k, broadcast(-0x1.62e42feep-1), -x);
  const Pack k_low = k * broadcast(0x1.a39ef35793c76p-33);
  const Pack r = r_high - k_low;
  const Pack rest_of_r = (r_high - r) - k_low;
  // k + lift added to the exponent of 1, bit by bit.
  const Pack s = __builtin_bit_cast(
      Pack, (__builtin_bit_cast(Bits, shifted + lift) << 52) + __builtin_bit_cast(Bits, broadcast(1.0)));
  const Pack tail = fma(r * r, polynomial(P, r), rest_of_r);
  const Pack s_minus_1 = s - broadcast(1.0);
  const Pack s_r = s * r;
  const Pack sum = s_minus_1 + s_r;
  const Pack rest_of_sum = (s_minus_1 - sum) + s_r;
  const Pack q = r + tail;
  const Pack value = fma(s, q, s);
  return {.value = value,
          .rest = fma(s, q, s - value) + s * ((r - q) + tail),
          .minus_one = sum + fma(s, tail, rest_of_sum)};
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
