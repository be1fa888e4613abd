// Counter-based random streams: the same bits for the same key, with any number of threads, shards or processes.
// Source: Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC11 (Philox).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace jacobench {

// What a stream is drawn for: streams for different purposes are independent even where all else is equal.
enum class RandomPurpose : std::uint32_t {
  parameters = 1,
  inputs = 2,
  noise = 3,
  starts = 4,
  probe = 5,
  simulation = 6,
  resampling = 7,
  redraws = 8
};

// A stream of 64-bit integers; a C++ UniformRandomBitGenerator, to be fed to Boost.Random's distributions.
// Key: seed and the 64-bit name of the cell. Counter: position, replicate and purpose.
class RandomStream {
 public:
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  RandomStream(std::uint64_t seed, std::uint64_t cell, std::uint32_t replicate, RandomPurpose purpose);

  result_type operator()() {
    if (n_left_ == 0) make_blocks();
    return numbers_[--n_left_];
  }

  // Uniform on (0, 1), never 0 or 1.
  double uniform();

  // Standard normal.
  double normal();
  void fill_normal(std::span<double> numbers);  // each by normal(), in this order

 private:
  void make_blocks();

  std::array<std::uint64_t, 2> key_;
  std::array<std::uint64_t, 4> counter_;
  // Of two blocks, the first of them last: the second costs little beside the first, whose ten rounds wait for each
  // other.
  static constexpr unsigned n_blocks = 2;
  std::array<std::uint64_t, std::size_t{4} * n_blocks> numbers_;
  unsigned n_left_ = 0;
};

// The 64-bit name of a cell, from its description (FNV-1a): it does not change when other cells join a study.
std::uint64_t cell_number(std::string_view description);

}  // namespace jacobench
