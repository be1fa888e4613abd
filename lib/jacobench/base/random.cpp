#include "jacobench/base/random.hpp"

#include <algorithm>

#include <Random123/philox.h>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>

namespace jacobench {

RandomStream::RandomStream(std::uint64_t seed, std::uint64_t cell, std::uint32_t replicate,
                           RandomPurpose purpose)
    : key_{{seed, cell}}, counter_{{0, 0, replicate, static_cast<std::uint64_t>(purpose)}}, numbers_{} {}

void RandomStream::make_blocks() {
  for (std::size_t b = n_blocks; b-- > 0; ++counter_[0]) {
    const r123::Philox4x64::ctr_type counter{{counter_[0], counter_[1], counter_[2], counter_[3]}};
    const r123::Philox4x64::ctr_type block = r123::Philox4x64()(counter, {{key_[0], key_[1]}});
    std::copy(block.begin(), block.end(), numbers_.begin() + 4 * b);
  }
  n_left_ = 4 * n_blocks;
}

double RandomStream::uniform() {
  double u = 0;
  while (u == 0) u = boost::random::uniform_01<double>{}(*this);
  return u;
}

double RandomStream::normal() { return boost::random::normal_distribution<double>{}(*this); }

void RandomStream::fill_normal(std::span<double> numbers) {
  boost::random::normal_distribution<double> normal;
  for (double& number : numbers) number = normal(*this);
}

std::uint64_t cell_number(std::string_view description) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : description) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

}  // namespace jacobench
