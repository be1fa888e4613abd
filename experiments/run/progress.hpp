// How far a run is, for people: on a terminal one line that is redrawn, elsewhere a plain line now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace jacobench::harness {

// Where progress is shown, and by which clock.
struct ProgressDisplay {
  std::ostream& out;
  bool is_terminal = false;
  std::size_t width = 80;  // of the terminal, in columns
  std::chrono::steady_clock::duration plain_interval =
      std::chrono::seconds(10);  // between plain lines, at least
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// What a terminal takes to draw its line anew.
inline constexpr std::string_view erase_line = "\r\033[K";

// The display that suits the process's standard error.
ProgressDisplay standard_error_display();

class Progress {
 public:
  // n_done: cells that earlier runs have done.
  Progress(ProgressDisplay display, std::size_t n_cells, std::size_t n_done);

  // So many cells begin to run side by side, the first of them this one.
  void cell_starts(std::string_view cell, std::size_t n_cells = 1);

  // How much of those cells is done, from 0 to 1. What they begin with, the work of earlier runs, is the
  // first that is shown of them.
  void show_fraction(double fraction);

  // One of them is done.
  void cell_ends();

  // A line of its own, which stays.
  void say(std::string_view message);

  // How many cells are done, and in what time, as a last line.
  void finish();

 private:
  void show(std::chrono::steady_clock::duration interval);
  std::string state() const;

  ProgressDisplay display_;
  std::size_t n_cells_, n_earlier_, n_done_;
  std::chrono::steady_clock::time_point start_, last_shown_;

  // Of the cells that are running.
  std::string running_;
  std::size_t n_running_ = 0;
  std::optional<double> fraction_;
  double cells_done_earlier_;  // by earlier runs, parts of cells included
};

// 4.2 s, 1 min 20 s, 3 h 5 min.
std::string duration_text(std::chrono::duration<double> duration);

}  // namespace jacobench::harness
