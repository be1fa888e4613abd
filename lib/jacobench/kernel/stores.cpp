#include "jacobench/kernel/stores.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>

#include "jacobench/base/large_pages.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench::kernel {
namespace {

constexpr Index size_of_double = sizeof(double);

double seconds_of_fill(double* numbers, Index bytes, Stores stores) {
  const auto start = std::chrono::steady_clock::now();
  fill(1.0, numbers, bytes / size_of_double, stores);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The least of a few in turns, as whatever else the machine does makes a fill slower. In each turn the first one finds
// the cache as the other kind of store left it, and counts only if it is faster all the same.
Seconds seconds_of_fills(double* numbers, Index bytes) {
  constexpr int n_turns = 4, n_in_turn = 2;
  constexpr double never = std::numeric_limits<double>::infinity();
  Seconds least = {never, never};
  for (int turn = 0; turn < n_turns; ++turn) {
    for (int i = 0; i < n_in_turn; ++i)
      least.ordinary = std::min(least.ordinary, seconds_of_fill(numbers, bytes, Stores::ordinary));
    for (int i = 0; i < n_in_turn; ++i)
      least.streaming = std::min(least.streaming, seconds_of_fill(numbers, bytes, Stores::streaming));
  }
  return least;
}

Index measure() {
  const auto bytes = static_cast<std::size_t>(most_in_doubt(caches()));
  constexpr std::size_t line = most_lanes * sizeof(double);
  const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(line, bytes / line * line),
                                                           &std::free);
  if (!memory) return caches().second;
  prefer_large_pages(memory.get(), bytes);
  return largest_faster_in_cache(caches(), [&](Index of_bytes) {
    return seconds_of_fills(static_cast<double*>(memory.get()), of_bytes);
  });
}

}  // namespace

Index least_in_doubt(const Caches& caches) { return 2 * caches.second; }

Index most_in_doubt(const Caches& caches) {
  return std::max(std::min(8 * caches.second, caches.last / 4), caches.second);
}

Index largest_faster_in_cache(const Caches& caches, const std::function<Seconds(Index bytes)>& seconds_of) {
  Index largest = caches.second;
  for (Index bytes = least_in_doubt(caches); bytes <= most_in_doubt(caches); bytes *= 2) {
    const Seconds seconds = seconds_of(bytes);
    if (!(seconds.ordinary < seconds.streaming)) break;
    largest = bytes;
  }
  return largest;
}

Index most_bytes_in_cache() {
  static const Index measured = measure();
  return measured;
}

Stores stores_for(Index bytes) {
  if (bytes <= caches().second) return Stores::ordinary;
  if (bytes > most_in_doubt(caches())) return Stores::streaming;
  return bytes > most_bytes_in_cache() ? Stores::streaming : Stores::ordinary;
}

void fill(double number, double* out, Index n, Stores stores) {
  const Kernels& path = kernels();
  (stores == Stores::ordinary ? path.fill : path.stream_fill)(number, out, n);
}

}  // namespace jacobench::kernel
