#include "jacobench/base/sort.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace jacobench {
namespace {

constexpr int digit_bits = 11;
constexpr std::size_t n_passes = 6, n_digits = std::size_t{1} << digit_bits;  // of 64 bits

std::size_t digit(double number, std::size_t pass) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(number);
  const std::uint64_t in_order = (bits & sign) != 0 ? ~bits : bits | sign;
  return in_order >> (digit_bits * pass) & (n_digits - 1);
}

}  // namespace

void sort_ascending(std::vector<double>& numbers, std::vector<double>& room) {
  if (numbers.empty()) return;
  std::array<std::array<std::size_t, n_digits>, n_passes> counts{};
  for (const double number : numbers)
    for (std::size_t pass = 0; pass < n_passes; ++pass) ++counts[pass][digit(number, pass)];
  room.resize(numbers.size());
  for (std::size_t pass = 0; pass < n_passes; ++pass) {
    auto& places = counts[pass];
    if (places[digit(numbers.front(), pass)] == numbers.size()) continue;
    std::size_t place = 0;
    for (std::size_t& its : places) place += std::exchange(its, place);
    for (const double number : numbers) room[places[digit(number, pass)]++] = number;
    numbers.swap(room);
  }
}

}  // namespace jacobench
