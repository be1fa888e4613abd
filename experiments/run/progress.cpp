#include "run/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "options/value_text.hpp"

namespace jacobench::harness {
namespace {

constexpr auto between_redraws = std::chrono::milliseconds(100);

constexpr auto between_ticks = std::chrono::seconds(1);
constexpr std::size_t clock_width = 8;  // 0:00:00 and a blank

// State and cell in so many columns. What is left out is the beginning of the cell's name: cells that follow each other
// differ at its end.
std::string fitted(const std::string& state, std::string_view cell, std::size_t width) {
  constexpr std::string_view dots = "...";
  if (state.size() + cell.size() <= width) return state + std::string(cell);
  if (state.size() + dots.size() >= width) return state.substr(0, width);
  const std::size_t n_kept = width - state.size() - dots.size();
  return state + std::string(dots) + std::string(cell.substr(cell.size() - n_kept));
}

std::string rate_text(double per_second) {
  if (per_second >= 1) return fmt::format("{:.{}f}/s", per_second, per_second < 10 ? 1 : 0);
  if (per_second * 60 >= 1) return fmt::format("{:.1f}/min", per_second * 60);
  return fmt::format("{:.2g}/h", per_second * 3600);
}

}  // namespace

std::optional<std::size_t> terminal_width(int file_descriptor) {
  if (::isatty(file_descriptor) != 1) return {};
  if (const char* columns = std::getenv("COLUMNS"))
    if (const long n = std::strtol(columns, nullptr, 10); n > 0) return static_cast<std::size_t>(n);
  winsize size{};
  const bool is_known = ::ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : ProgressDisplay::usual_width;
}

ProgressDisplay standard_error_display() {
  const std::optional<std::size_t> width = terminal_width(STDERR_FILENO);
  return {.out = std::cerr,
          .is_terminal = width.has_value(),
          .ticks = true,
          .width = width.value_or(ProgressDisplay::usual_width)};
}

StatusLine::StatusLine(const ProgressDisplay& display) : display_(display), start_(display_.now()) {
  if (display_.is_terminal && display_.ticks && !display_.is_quiet) ticker_ = std::thread([this] { tick(); });
}

StatusLine::~StatusLine() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  if (ticker_.joinable()) ticker_.join();
}

std::size_t StatusLine::room() const {
  return display_.is_terminal ? display_.width - std::min(display_.width, clock_width + 1)
                              : std::string::npos;
}

bool StatusLine::is_due(std::chrono::steady_clock::duration after) const {
  if (display_.is_quiet) return false;
  return !last_shown_ ||
         display_.now() - *last_shown_ >= (display_.is_terminal ? after : display_.plain_interval);
}

void StatusLine::show(const std::string& text) {
  last_shown_ = display_.now();
  if (display_.is_quiet) return;
  if (!display_.is_terminal) return say(text);
  const std::lock_guard lock(mutex_);
  display_.out << erase_line;
  draw_clock();
  display_.out << text.substr(0, room()) << std::flush;
  has_line_ = true;
}

// Allocates nothing, as experiments count allocations while it ticks.
void StatusLine::draw_clock() {
  char text[clock_width + 16];
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed()).count();
  const auto end =
      fmt::format_to_n(text, sizeof text, "{}:{:02}:{:02} ", seconds / 3600, seconds / 60 % 60, seconds % 60);
  display_.out.write(text, static_cast<std::streamsize>(std::min(end.size, display_.width - 1)));
}

void StatusLine::tick() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, between_ticks, [this] { return is_ending_; })) {
    if (!has_line_) continue;
    display_.out << '\r';
    draw_clock();
    display_.out << std::flush;
  }
}

void StatusLine::say(std::string_view message) {
  const std::lock_guard lock(mutex_);
  if (display_.is_terminal) display_.out << erase_line;
  display_.out << message << '\n' << std::flush;
  has_line_ = false;
}

void StatusLine::clear() {
  const std::lock_guard lock(mutex_);
  if (has_line_) display_.out << erase_line << std::flush;
  has_line_ = false;
}

std::string bar_text(double fraction, std::size_t width) {
  const double filled = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width);
  const auto n = static_cast<std::size_t>(filled);
  return '[' + std::string(n, '#') + std::string(width - n, '-') + ']';
}

std::string counted_text(std::string_view what, double n_done, double n_all, double earlier,
                         std::chrono::duration<double> elapsed, std::size_t room) {
  const std::size_t bar_width = room >= 100 ? 20 : 10;
  std::string text;
  if (room >= 50) text += bar_text(n_all > 0 ? n_done / n_all : 0, bar_width) + ' ';
  text += fmt::format("{:.0f}/{:.0f} {}", std::floor(n_done), n_all, what);
  const double here = n_done - earlier;
  if (here > 0 && elapsed.count() > 0)
    text += fmt::format(", {}, {} left", rate_text(here / elapsed.count()),
                        duration_text(elapsed * ((n_all - n_done) / here)));
  return text;
}

std::vector<std::string> names_in_few_words(const ColumnList& columns, const std::vector<Row>& cells) {
  std::vector<std::string> names(cells.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].role != ColumnRole::identity) continue;
    const bool differs = std::any_of(cells.begin(), cells.end(), [&](const Row& cell) {
      return cell.values[c] != cells.front().values[c];
    });
    for (std::size_t i = 0; differs && i < cells.size(); ++i)
      if (const std::string text = exact_text_for_people(cells[i].values[c]); !text.empty())
        names[i] += (names[i].empty() ? "" : " ") + text;
  }
  return names;
}

Progress::Progress(const ProgressDisplay& display, std::size_t n_cells, std::size_t n_done)
    : line_(display),
      n_cells_(n_cells),
      n_earlier_(n_done),
      n_done_(n_done),
      cells_done_earlier_(static_cast<double>(n_done)) {}

void Progress::cell_starts(std::string_view cell, std::size_t n_cells, std::string_view name) {
  running_ = cell;
  name_ = name;
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
  if (line_.is_due(interval)) line_.show(line_.display().is_terminal ? terminal_text() : plain_text());
}

void Progress::cell_ends() {
  ++n_done_;
  --n_running_;
  fraction_.reset();
}

void Progress::finish() {
  line_.clear();
  if (line_.display().is_quiet) return;
  say(fmt::format("{} of {} cells done in {}{}", n_done_, n_cells_, duration_text(line_.elapsed()),
                  n_earlier_ > 0 ? fmt::format(" ({} of them earlier)", n_earlier_) : ""));
}

double Progress::cells_done() const {
  return static_cast<double>(n_done_) + fraction_.value_or(0) * static_cast<double>(n_running_);
}

// [###-------] 3/24 cells, 4.5/min, 1 min 20 s left, 40% of NAME
std::string Progress::terminal_text() const {
  const std::string state = counted_text("cells", cells_done(), static_cast<double>(n_cells_),
                                         cells_done_earlier_, line_.elapsed(), line_.room()) +
                            (fraction_ ? fmt::format(", {:.0f}% of ", 100 * *fraction_) : ", ");
  return fitted(state, name_.empty() ? running_ : name_, line_.room());
}

// [3/24] 12 s elapsed, about 1 min 20 s left, now 40% of CELL
std::string Progress::plain_text() const {
  const std::chrono::duration<double> elapsed = line_.elapsed();
  std::string text = fmt::format("[{}/{}] {} elapsed, ", n_done_, n_cells_, duration_text(elapsed));
  if (const double here = cells_done() - cells_done_earlier_; here > 0)
    text += fmt::format("about {} left, ",
                        duration_text(elapsed * ((static_cast<double>(n_cells_) - cells_done()) / here)));
  return text + (fraction_ ? fmt::format("now {:.0f}% of ", 100 * *fraction_) : "now ") + running_;
}

std::string duration_text(std::chrono::duration<double> duration) {
  if (duration.count() < 10) return fmt::format("{:.1f} s", duration.count());
  const auto seconds = static_cast<std::int64_t>(std::llround(duration.count()));
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace jacobench::harness
