#include "cli/fit_watch.hpp"

#include <cmath>

#include <fmt/format.h>

namespace jacobench::cli {
namespace {

constexpr auto before_first = std::chrono::milliseconds(500);
constexpr auto before_first_plain_line = std::chrono::seconds(3);
constexpr auto between_redraws = std::chrono::milliseconds(200);

}  // namespace

FitWatch::FitWatch(const harness::ProgressDisplay& display) : line_(display) {}

bool FitWatch::go_on(const FitProgress& now) {
  const bool is_terminal = line_.display().is_terminal;
  if (line_.elapsed() >= (is_terminal ? before_first : before_first_plain_line) &&
      line_.is_due(between_redraws)) {
    std::string text = "fitting: ";
    if (is_terminal)
      text += harness::counted_text("starts", static_cast<double>(now.n_starts_done),
                                    static_cast<double>(now.n_starts), 0, line_.elapsed(), line_.room());
    else
      text += fmt::format("{} of {} starts, {}", now.n_starts_done, now.n_starts,
                          harness::duration_text(line_.elapsed()));
    text += fmt::format(", {} iterations", now.n_iterations);
    if (std::isfinite(now.objective)) text += fmt::format(", objective {:.6g}", now.objective);
    line_.show(text);
  }
  return !interrupt_.signal();
}

}  // namespace jacobench::cli
