// Packs of doubles and the elementary functions on them: the one place that decides what the hot loops run on.
//
// A Pack is a vector register of SLEEF's width (8 doubles with AVX-512, 4 with AVX2) or, where SLEEF or the
// instruction set is missing, a plain double with the functions of the C++ library. Code written against this
// header uses + - * / and comparisons, which mean the same for both, and the functions below.
// Accuracy: each function within 1 ulp (erfc 1.5) as SLEEF states (Shibata and Petrogalli 2020, IEEE TPDS
//           31(6)). With the C++ library of Debian 12: within 1 ulp, but tanh 2.5 and erfc 5, which leaves gelu
//           at 3.9 of its 4 ulp.
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

namespace jacobench::simd {

#if defined(JACOBENCH_SLEEF) && defined(__AVX512F__)
using Pack = __m512d;
inline Pack load(const double* p) { return _mm512_loadu_pd(p); }
inline void store(double* p, Pack v) { _mm512_storeu_pd(p, v); }
inline void stream(double* p, Pack v) { _mm512_stream_pd(p, v); }
inline Pack broadcast(double x) { return _mm512_set1_pd(x); }
inline Pack fma(Pack a, Pack b, Pack c) { return _mm512_fmadd_pd(a, b, c); }
inline constexpr const char* name = "AVX-512 with SLEEF";
#elif defined(JACOBENCH_SLEEF)
using Pack = __m256d;
inline Pack load(const double* p) { return _mm256_loadu_pd(p); }
inline void store(double* p, Pack v) { _mm256_storeu_pd(p, v); }
inline void stream(double* p, Pack v) { _mm256_stream_pd(p, v); }
inline Pack broadcast(double x) { return _mm256_set1_pd(x); }
inline Pack fma(Pack a, Pack b, Pack c) { return _mm256_fmadd_pd(a, b, c); }
inline constexpr const char* name = "AVX2 with SLEEF";
#else
using Pack = double;
inline Pack load(const double* p) { return *p; }
inline void store(double* p, Pack v) { *p = v; }
inline void stream(double* p, Pack v) { *p = v; }
inline Pack broadcast(double x) { return x; }
inline Pack fma(Pack a, Pack b, Pack c) { return std::fma(a, b, c); }
inline constexpr const char* name = "plain C++ library";
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
inline Pack erfc(Pack x) { return JACOBENCH_SLEEF(erfc, u15)(x); }
inline Pack sin(Pack x) { return JACOBENCH_SLEEF(sin, u10)(x); }
inline Pack cos(Pack x) { return JACOBENCH_SLEEF(cos, u10)(x); }
inline Pack atan(Pack x) { return JACOBENCH_SLEEF(atan, u10)(x); }
#else
inline Pack exp(Pack x) { return std::exp(x); }
inline Pack expm1(Pack x) { return std::expm1(x); }
inline Pack log1p(Pack x) { return std::log1p(x); }
inline Pack tanh(Pack x) { return std::tanh(x); }
inline Pack erfc(Pack x) { return std::erfc(x); }
inline Pack sin(Pack x) { return std::sin(x); }
inline Pack cos(Pack x) { return std::cos(x); }
inline Pack atan(Pack x) { return std::atan(x); }
#endif

inline Pack abs(Pack x) { return x < broadcast(0.0) ? -x : x; }

// Both ends are finite, so that an infinite x may be multiplied by zero afterwards; NaN stays NaN.
inline Pack clamp(Pack x, double low, double high) {
  const Pack lo = broadcast(low), hi = broadcast(high);
  return x < lo ? lo : (x > hi ? hi : x);
}

}  // namespace jacobench::simd

#undef JACOBENCH_SLEEF
