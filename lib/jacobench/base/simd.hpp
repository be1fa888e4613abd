// Packs of doubles and the elementary functions on them: the one place that decides what the hot loops run on.
//
// A Pack is a vector register of SLEEF's width (8 doubles with AVX-512, 4 with AVX2) or, where SLEEF or the
// instruction set is missing, a plain double with the functions of the C++ library. Code written against this
// header uses + - * / and comparisons, which mean the same for both, and the functions below.
//
// Two of them come from libmvec, the vector library of glibc, where it has them: measured with AVX-512 on a Xeon,
// fast_expm1 takes 0.63 ns a double against SLEEF's 2.2, and erfc 1.3 against 8.3. The others stay with SLEEF, whose
// results are two to four times as accurate as libmvec's and at most twice as slow.
// Accuracy: each function within 1 ulp, as SLEEF states (Shibata and Petrogalli 2020, IEEE TPDS 31(6)); of
//           libmvec, which states 4, fast_expm1 was measured within 2.1 and erfc within 1.5. With the C++ library of
//           Debian 12: within 1 ulp, but erfc 5, which leaves gelu at 3.9 of its 4 ulp.
#pragma once

#include <cmath>

#include "jacobench/base/matrix.hpp"

#if defined(JACOBENCH_HAVE_SLEEF) && defined(__AVX512F__)
#define JACOBENCH_SLEEF(name, accuracy) Sleef_##name##d8_##accuracy##avx512f
#elif defined(JACOBENCH_HAVE_SLEEF) && defined(__AVX2__) && defined(__FMA__)
#define JACOBENCH_SLEEF(name, accuracy) Sleef_##name##d4_##accuracy##avx2
#endif

#ifdef JACOBENCH_SLEEF
#include <immintrin.h>
#include <sleef.h>
#endif

// glibc declares its vector functions to the compiler's vectoriser only; by hand they are called by the names of the
// x86-64 vector function ABI.
#if defined(JACOBENCH_HAVE_LIBMVEC) && defined(JACOBENCH_SLEEF) && defined(__AVX512F__)
#define JACOBENCH_LIBMVEC(name) _ZGVeN8v_##name
extern "C" __m512d JACOBENCH_LIBMVEC(expm1)(__m512d);
extern "C" __m512d JACOBENCH_LIBMVEC(erfc)(__m512d);
#elif defined(JACOBENCH_HAVE_LIBMVEC) && defined(JACOBENCH_SLEEF)
#define JACOBENCH_LIBMVEC(name) _ZGVdN4v_##name
extern "C" __m256d JACOBENCH_LIBMVEC(expm1)(__m256d);
extern "C" __m256d JACOBENCH_LIBMVEC(erfc)(__m256d);
#endif

namespace jacobench::simd {

#if defined(JACOBENCH_SLEEF) && defined(__AVX512F__)
using Pack = __m512d;
inline Pack load(const double* p) { return _mm512_loadu_pd(p); }
inline void store(double* p, Pack v) { _mm512_storeu_pd(p, v); }
inline void stream(double* p, Pack v) { _mm512_stream_pd(p, v); }
inline Pack broadcast(double x) { return _mm512_set1_pd(x); }
inline Pack fma(Pack a, Pack b, Pack c) { return _mm512_fmadd_pd(a, b, c); }
#elif defined(JACOBENCH_SLEEF)
using Pack = __m256d;
inline Pack load(const double* p) { return _mm256_loadu_pd(p); }
inline void store(double* p, Pack v) { _mm256_storeu_pd(p, v); }
inline void stream(double* p, Pack v) { _mm256_stream_pd(p, v); }
inline Pack broadcast(double x) { return _mm256_set1_pd(x); }
inline Pack fma(Pack a, Pack b, Pack c) { return _mm256_fmadd_pd(a, b, c); }
#else
using Pack = double;
inline Pack load(const double* p) { return *p; }
inline void store(double* p, Pack v) { *p = v; }
inline void stream(double* p, Pack v) { *p = v; }
inline Pack broadcast(double x) { return x; }
inline Pack fma(Pack a, Pack b, Pack c) { return std::fma(a, b, c); }
#endif

// What stream() has written, past the cache and to addresses aligned to a pack, becomes visible to other threads.
#ifdef JACOBENCH_SLEEF
inline void finish_streams() { _mm_sfence(); }
#else
inline void finish_streams() {}
#endif

inline constexpr Index lanes = static_cast<Index>(sizeof(Pack) / sizeof(double));

inline constexpr Index round_up_to_lanes(Index n) { return (n + lanes - 1) / lanes * lanes; }

#ifdef JACOBENCH_SLEEF
inline Pack exp(Pack x) { return JACOBENCH_SLEEF(exp, u10)(x); }
inline Pack expm1(Pack x) { return JACOBENCH_SLEEF(expm1, u10)(x); }
inline Pack log1p(Pack x) { return JACOBENCH_SLEEF(log1p, u10)(x); }
inline Pack tanh(Pack x) { return JACOBENCH_SLEEF(tanh, u10)(x); }
inline Pack sin(Pack x) { return JACOBENCH_SLEEF(sin, u10)(x); }
inline Pack cos(Pack x) { return JACOBENCH_SLEEF(cos, u10)(x); }
inline Pack atan(Pack x) { return JACOBENCH_SLEEF(atan, u10)(x); }
#else
inline Pack exp(Pack x) { return std::exp(x); }
inline Pack expm1(Pack x) { return std::expm1(x); }
inline Pack log1p(Pack x) { return std::log1p(x); }
inline Pack tanh(Pack x) { return std::tanh(x); }
inline Pack sin(Pack x) { return std::sin(x); }
inline Pack cos(Pack x) { return std::cos(x); }
inline Pack atan(Pack x) { return std::atan(x); }
#endif

#if defined(JACOBENCH_LIBMVEC)
inline Pack fast_expm1(Pack x) { return JACOBENCH_LIBMVEC(expm1)(x); }
inline Pack erfc(Pack x) { return JACOBENCH_LIBMVEC(erfc)(x); }
#elif defined(JACOBENCH_SLEEF)
inline Pack fast_expm1(Pack x) { return expm1(x); }
inline Pack erfc(Pack x) { return JACOBENCH_SLEEF(erfc, u15)(x); }
#else
inline Pack fast_expm1(Pack x) { return expm1(x); }
inline Pack erfc(Pack x) { return std::erfc(x); }
#endif

inline Pack abs(Pack x) { return x < broadcast(0.0) ? -x : x; }

// Both ends are finite, so that an infinite x may be multiplied by zero afterwards; NaN stays NaN.
inline Pack clamp(Pack x, double low, double high) {
  const Pack lo = broadcast(low), hi = broadcast(high);
  return x < lo ? lo : (x > hi ? hi : x);
}

}  // namespace jacobench::simd

#undef JACOBENCH_SLEEF
#undef JACOBENCH_LIBMVEC
