// Why a fit stopped.
#pragma once

#include <span>
#include <string_view>

namespace jacobench {

enum class Stop {
  orthogonal,  // the relative offset is at rounding level
  exact,       // the residuals are rounding errors
  converged,  // no step lowers the objective, and the relative offset is below 0.001; or it is as small as was asked for
  stationary,  // nor is there a gradient left, but some direction is hardly determined
  stalled,     // no step lowers the objective, and none of the above
  iteration_limit,
  interrupted,  // by who asked for it
  not_finite,   // the residuals at the start are not finite
};

struct StopInfo {
  Stop stop;
  std::string_view name;
  std::string_view summary;
};
std::span<const StopInfo> stop_table();

// Whether it is at a minimum as far as double precision tells.
constexpr bool is_minimum(Stop stop) {
  return stop == Stop::orthogonal || stop == Stop::exact || stop == Stop::converged ||
         stop == Stop::stationary;
}

// In words.
std::string_view explanation(Stop stop);

}  // namespace jacobench
