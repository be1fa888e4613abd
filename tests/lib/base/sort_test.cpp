#include "jacobench/base/sort.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"

namespace jacobench {
namespace {

std::vector<double> sorted(std::vector<double> numbers) {
  std::vector<double> room;
  sort_ascending(numbers, room);
  return numbers;
}

std::vector<double> sorted_by_comparison(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// Of all sizes and both signs, so that every digit differs; all of one power of two, so that few do; some more than once.
TEST(SortAscending, IsTheOrderOfComparison) {
  RandomStream stream(3, 3, 0, RandomPurpose::noise);
  for (const std::size_t n : {0, 1, 2, 3, 100, 3000}) {
    std::vector<double> of_all_sizes(n), alike(n), few(n);
    for (double& x : of_all_sizes) x = std::exp(200 * stream.normal()) * (stream.uniform() < 0.5 ? -1 : 1);
    for (double& x : alike) x = 1 + 0x1p-20 * stream.uniform();
    for (double& x : few) x = std::floor(5 * stream.normal());
    for (const auto& numbers : {of_all_sizes, alike, few})
      EXPECT_EQ(sorted(numbers), sorted_by_comparison(numbers));
  }
}

TEST(SortAscending, EndsAtTheInfinities) {
  constexpr double infinity = std::numeric_limits<double>::infinity(),
                   least = std::numeric_limits<double>::denorm_min(),
                   most = std::numeric_limits<double>::max();
  const std::vector<double> ascending{-infinity, -most, -1, -least, -0.0, 0.0, least, 1, most, infinity};
  std::vector<double> numbers = ascending;
  std::rotate(numbers.begin(), numbers.begin() + 7, numbers.end());
  std::swap(numbers[0], numbers[5]);
  numbers = sorted(numbers);
  EXPECT_EQ(numbers, ascending);
  EXPECT_TRUE(std::signbit(numbers[4]) && !std::signbit(numbers[5]));
}

}  // namespace
}  // namespace jacobench
