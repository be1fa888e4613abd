#include "cli/fit_watch.hpp"

#include <cmath>
#include <ostream>

#include <fmt/format.h>

namespace jacobench::cli {
namespace {

constexpr auto before_first = std::chrono::seconds(3);
constexpr auto between_redraws = std::chrono::milliseconds(200);

}  // namespace

FitWatch::FitWatch(const harness::ProgressDisplay& display)
    : display_(display), start_(display.now()), next_(start_ + before_first) {}

bool FitWatch::go_on(const FitProgress& now) {
  if (const auto time = display_.now(); time >= next_) {
    next_ = time + (display_.is_terminal ? between_redraws : display_.plain_interval);
    std::string line = fmt::format("fitting: {} of {} starts, {} iterations, {}", now.n_starts_done,
                                   now.n_starts, now.n_iterations, harness::duration_text(time - start_));
    if (std::isfinite(now.objective)) line += fmt::format(", objective {:.6g}", now.objective);
    if (display_.is_terminal)
      display_.out << harness::erase_line << line.substr(0, display_.width - 1) << std::flush;
    else
      display_.out << line << '\n' << std::flush;
    has_line_ = display_.is_terminal;
  }
  return !interrupt_.signal();
}

void FitWatch::finish() {
  if (has_line_) display_.out << harness::erase_line << std::flush;
  has_line_ = false;
}

}  // namespace jacobench::cli
