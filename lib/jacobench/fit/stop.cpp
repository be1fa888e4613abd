#include "jacobench/fit/stop.hpp"

#include <array>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

constexpr std::array stops{
    StopInfo{Stop::orthogonal, "orthogonal",
             "the residuals are orthogonal to the tangent plane up to rounding"},
    StopInfo{Stop::exact, "exact", "the residuals are zero up to rounding"},
    StopInfo{Stop::converged, "converged",
             "no step lowers the objective further, and the relative offset is below 0.001"},
    StopInfo{Stop::stationary, "stationary",
             "no step lowers the objective further, and its gradient vanishes; the relative offset does not, "
             "because the data hardly determine some directions"},
    StopInfo{Stop::stalled, "stalled",
             "no step lowers the objective further, though the relative offset is not small"},
    StopInfo{Stop::iteration_limit, "iteration_limit", "the iterations that were allowed are used up"},
    StopInfo{Stop::interrupted, "interrupted", "it was interrupted"},
    StopInfo{Stop::not_finite, "not_finite", "the residuals are not finite at any start"},
};

constexpr bool rows_stand_in_enum_order() {
  for (std::size_t i = 0; i < stops.size(); ++i)
    if (static_cast<std::size_t>(stops[i].stop) != i) return false;
  return true;
}
static_assert(rows_stand_in_enum_order());

}  // namespace

std::span<const StopInfo> stop_table() { return stops; }

std::string_view explanation(Stop stop) {
  const auto row = static_cast<std::size_t>(stop);
  JB_EXPECT(row < stops.size(), "stop {} is not in the table of {}", row, stops.size());
  return stops[row].summary;
}

}  // namespace jacobench
