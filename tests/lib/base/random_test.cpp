#include "jacobench/base/random.hpp"

#include <array>
#include <cmath>
#include <set>
#include <vector>

#include <Random123/philox.h>
#include <gtest/gtest.h>

namespace jacobench {
namespace {

using Block = std::array<std::uint64_t, 4>;
using Key = std::array<std::uint64_t, 2>;

__extension__ typedef unsigned __int128 Product;

// Philox4x64-10 from its description: Salmon et al. (2011), sec. 3.3 and table 2.
Block philox(Block c, Key k) {
  for (int round = 0; round < 10; ++round) {
    const Product a = Product{0xD2E7470EE14C6C93} * c[0], b = Product{0xCA5A826395121157} * c[2];
    c = {static_cast<std::uint64_t>(b >> 64) ^ c[1] ^ k[0], static_cast<std::uint64_t>(b),
         static_cast<std::uint64_t>(a >> 64) ^ c[3] ^ k[1], static_cast<std::uint64_t>(a)};
    k = {k[0] + 0x9E3779B97F4A7C15, k[1] + 0xBB67AE8584CAA73B};
  }
  return c;
}

std::vector<std::uint64_t> first_draws(std::size_t n, std::uint64_t seed, std::uint64_t cell,
                                       std::uint32_t replicate, RandomPurpose purpose) {
  RandomStream stream(seed, cell, replicate, purpose);
  std::vector<std::uint64_t> draws;
  for (std::size_t i = 0; i < n; ++i) draws.push_back(stream());
  return draws;
}

struct KnownAnswer {
  Block counter;
  Key key;
  Block answer;
};

// The known answers published with Random123 (file kat_vectors): zeros, ones, and the digits of pi.
TEST(RandomStream, ItsGeneratorGivesThePublishedKnownAnswers) {
  const std::uint64_t ones = ~std::uint64_t{0};
  const KnownAnswer known[] = {
      {{0, 0, 0, 0},
       {0, 0},
       {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
      {{ones, ones, ones, ones},
       {ones, ones},
       {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
      {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
       {0x452821e638d01377, 0xbe5466cf34e90c6c},
       {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}}};
  for (const KnownAnswer& k : known) {
    EXPECT_EQ(philox(k.counter, k.key), k.answer);
    r123::Philox4x64::ctr_type counter{{k.counter[0], k.counter[1], k.counter[2], k.counter[3]}};
    const auto of_library = r123::Philox4x64{}(counter, {{k.key[0], k.key[1]}});
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(of_library[i], k.answer[i]);
  }
}

// The draws of a stream are part of every stored result: they may never change.
TEST(RandomStream, IsPhiloxOfPositionReplicateAndPurposeKeyedBySeedAndCell) {
  const std::uint64_t seed = 0x0123456789abcdef, cell = 0xfedcba9876543210;
  const auto draws = first_draws(28, seed, cell, 77, RandomPurpose::noise);
  for (std::uint64_t position = 0; position < 7; ++position) {
    const Block block = philox({position, 0, 77, 3}, {seed, cell});
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(draws[4 * position + i], block[3 - i]);
  }
}

TEST(RandomStream, StreamsDifferInEveryPartOfTheirKey) {
  std::set<std::uint64_t> all;
  std::size_t n = 0;
  for (std::uint64_t seed : {0u, 1u})
    for (std::uint64_t cell : {0u, 1u})
      for (std::uint32_t replicate : {0u, 1u, 4294967295u})
        for (RandomPurpose purpose :
             {RandomPurpose::parameters, RandomPurpose::inputs, RandomPurpose::noise, RandomPurpose::starts,
              RandomPurpose::probe, RandomPurpose::simulation, RandomPurpose::resampling})
          for (std::uint64_t draw : first_draws(100, seed, cell, replicate, purpose)) {
            all.insert(draw);
            ++n;
          }
  EXPECT_EQ(all.size(), n);  // two equal ones among 6000 of 2^64 have a chance of 10^-12
}

TEST(RandomStream, TwoStreamsOfOneKeyAgree) {
  EXPECT_EQ(first_draws(50, 5, 6, 7, RandomPurpose::inputs), first_draws(50, 5, 6, 7, RandomPurpose::inputs));
}

TEST(RandomStream, NormalsTogetherAreThoseOneByOne) {
  RandomStream together(1, 2, 3, RandomPurpose::probe), one_by_one(1, 2, 3, RandomPurpose::probe);
  std::vector<double> numbers(1000);
  together.fill_normal(numbers);
  for (const double number : numbers) EXPECT_EQ(number, one_by_one.normal());
  EXPECT_EQ(together(), one_by_one());
}

// Sample moments of n draws lie within 5 of their standard deviations, s / sqrt(n).
TEST(RandomStream, UniformAndNormalHaveTheirMoments) {
  RandomStream stream(1, 2, 3, RandomPurpose::probe);
  const int n = 200000;
  double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0, fourths = 0;
  for (int i = 0; i < n; ++i) {
    const double u = stream.uniform(), z = stream.normal();
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
    normal_sum += z;
    normal_squares += z * z;
    fourths += z * z * z * z;
  }
  const auto tolerance = [&](double variance) { return 5 * std::sqrt(variance / n); };
  EXPECT_NEAR(sum / n, 0.5, tolerance(1.0 / 12));
  EXPECT_NEAR(squares / n, 1.0 / 3, tolerance(4.0 / 45));  // var u^2 = 1/5 - 1/9
  EXPECT_NEAR(normal_sum / n, 0, tolerance(1));
  EXPECT_NEAR(normal_squares / n, 1, tolerance(2));
  EXPECT_NEAR(fourths / n, 3, tolerance(96));  // var z^4 = 105 - 9
}

// The published values of the 64-bit FNV-1a hash (Fowler, Noll and Vo).
TEST(CellNumber, IsFnv1a) {
  EXPECT_EQ(cell_number(""), 0xcbf29ce484222325u);
  EXPECT_EQ(cell_number("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(cell_number("foobar"), 0x85944171f73967e8u);
  EXPECT_EQ(cell_number("\xff"), 0xaf64724c8602eb6eu);  // bytes, not signed characters
}

}  // namespace
}  // namespace jacobench
