// Writing the columns of a Jacobian: each is the elementwise product of a delta column and an activation column.
//
// A Jacobian larger than the cache is written past it (non-temporal stores): an ordinary store would first read the
// line that it is about to overwrite, and so cost twice the memory traffic or more.
// Source: Drepper (2007), "What every programmer should know about memory", sec. 6.1
#pragma once

#include "jacobench/base/matrix.hpp"

namespace jacobench {

enum class Stores { ordinary, streaming };

// The stores that suit a Jacobian of this many bytes.
Stores stores_for(Index bytes);

// out = delta o a over n rows. Any alignment; whole packs are streamed, the ends are stored as usual.
void fill_product(const double* delta, const double* a, double* out, Index n, Stores stores);

// out = delta, and out = 0.
void fill_copy(const double* delta, double* out, Index n, Stores stores);
void fill_zero(double* out, Index n, Stores stores);

// Makes streamed numbers visible to other threads; called once when all is written.
void finish_stores(Stores stores);

}  // namespace jacobench
