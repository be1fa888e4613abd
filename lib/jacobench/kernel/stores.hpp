// Whether a matrix that is written once goes through the caches or past them: by what this machine does faster.
//
// An ordinary store first reads the line that it is about to overwrite, and leaves it in a cache: in the last level that
// costs more on some processors than to write past all of them (non-temporal stores), and less on others. Which it
// is from which size on is measured, once in a process and only when a size is asked for that one could doubt.
// Source: Drepper (2007), "What every programmer should know about memory", sec. 6.1
#pragma once

#include <functional>

#include "jacobench/base/caches.hpp"
#include "jacobench/base/matrix.hpp"

namespace jacobench::kernel {

enum class Stores { ordinary, streaming };

// The stores that suit a matrix of this many bytes.
// Cost: the first time that one is larger than a core's own cache, some milliseconds and most_in_doubt() bytes
Stores stores_for(Index bytes);

// Bytes up to which stores_for() takes ordinary ones.
Index most_bytes_in_cache();

// A number into n doubles in the order of their addresses.
void fill(double number, double* out, Index n, Stores stores);

// The sizes that are tried: from twice a core's own cache, which it does not share, to where the last level, which it
// does, is mostly the others'.
Index least_in_doubt(const Caches& caches);
Index most_in_doubt(const Caches& caches);

// What a fill takes by stores of each kind.
struct Seconds {
  double ordinary;
  double streaming;
};

// The largest size of these, doubling, up to which all take less time by ordinary stores, or a core's own cache where
// the first does not.
Index largest_faster_in_cache(const Caches& caches, const std::function<Seconds(Index bytes)>& seconds_of);

}  // namespace jacobench::kernel
