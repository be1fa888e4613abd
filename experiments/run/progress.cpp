#include "run/progress.hpp"

#include <cmath>
#include <cstdint>
#include <iostream>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace jacobench::harness {
namespace {

constexpr auto between_redraws = std::chrono::milliseconds(100);

// State and cell in so many columns, as a line that wraps cannot be redrawn. What is left out is the
// beginning of the cell's name: cells that follow each other differ at its end.
std::string fitted(const std::string& state, std::string_view cell, std::size_t width) {
  constexpr std::string_view dots = "...";
  if (state.size() + cell.size() <= width) return state + std::string(cell);
  if (state.size() + dots.size() >= width) return state.substr(0, width);
  const std::size_t n_kept = width - state.size() - dots.size();
  return state + std::string(dots) + std::string(cell.substr(cell.size() - n_kept));
}

}  // namespace

ProgressDisplay standard_error_display() {
  ProgressDisplay display{.out = std::cerr, .is_terminal = ::isatty(STDERR_FILENO) == 1};
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) display.width = size.ws_col;
  return display;
}

Progress::Progress(ProgressDisplay display, std::size_t n_cells, std::size_t n_done)
    : display_(std::move(display)),
      n_cells_(n_cells),
      n_earlier_(n_done),
      n_done_(n_done),
      start_(display_.now()),
      last_shown_(start_ - display_.plain_interval),
      cells_done_earlier_(static_cast<double>(n_done)) {}

void Progress::cell_starts(std::string_view cell, std::size_t n_cells) {
  running_ = cell;
  n_running_ = n_cells;
  fraction_.reset();
  show(std::chrono::steady_clock::duration::zero());
}

void Progress::show_fraction(double fraction) {
  if (!fraction_) cells_done_earlier_ += fraction * static_cast<double>(n_running_);
  fraction_ = fraction;
  show(between_redraws);
}

void Progress::show(std::chrono::steady_clock::duration interval) {
  const auto now = display_.now();
  if (now - last_shown_ < (display_.is_terminal ? interval : display_.plain_interval)) return;
  last_shown_ = now;
  if (!display_.is_terminal) return say(state() + running_);
  display_.out << erase_line << fitted(state(), running_, display_.width - 1) << std::flush;
}

void Progress::cell_ends() {
  ++n_done_;
  --n_running_;
  fraction_.reset();
}

void Progress::say(std::string_view message) {
  if (display_.is_terminal) display_.out << erase_line;
  display_.out << message << '\n' << std::flush;
}

void Progress::finish() {
  say(fmt::format("{} of {} cells done in {}{}", n_done_, n_cells_, duration_text(display_.now() - start_),
                  n_earlier_ > 0 ? fmt::format(" ({} of them earlier)", n_earlier_) : ""));
}

// [3/24] 12 s elapsed, about 1 min 20 s left, now 40% of CELL
std::string Progress::state() const {
  const std::chrono::duration<double> elapsed = display_.now() - start_;
  std::string text = fmt::format("[{}/{}] {} elapsed, ", n_done_, n_cells_, duration_text(elapsed));
  const double cells_done =
      static_cast<double>(n_done_) + fraction_.value_or(0) * static_cast<double>(n_running_);
  if (cells_done > cells_done_earlier_) {
    const double cells_left = static_cast<double>(n_cells_) - cells_done;
    const double cells_left_per_cell_done = cells_left / (cells_done - cells_done_earlier_);
    text += fmt::format("about {} left, ", duration_text(elapsed * cells_left_per_cell_done));
  }
  return text + (fraction_ ? fmt::format("now {:.0f}% of ", 100 * *fraction_) : "now ");
}

std::string duration_text(std::chrono::duration<double> duration) {
  if (duration.count() < 10) return fmt::format("{:.1f} s", duration.count());
  const auto seconds = static_cast<std::int64_t>(std::llround(duration.count()));
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace jacobench::harness
