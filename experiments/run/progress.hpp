// How far work is, for people: on a terminal one line that is redrawn, elsewhere a plain line now and then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "study/row.hpp"

namespace jacobench::harness {

// Where progress is shown, and by which clock.
struct ProgressDisplay {
  std::ostream& out;
  bool is_terminal = false;
  bool is_quiet = false;  // progress is not shown, messages are
  bool ticks = false;     // on a terminal: its clock goes on by itself, however long nothing is told
  static constexpr std::size_t usual_width = 80;
  std::size_t width = usual_width;  // of the terminal, in columns
  std::chrono::steady_clock::duration plain_interval =
      std::chrono::seconds(10);  // between plain lines, at least
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// What a terminal takes to draw its line anew.
inline constexpr std::string_view erase_line = "\r\033[K";

// Columns of the terminal that this is: what COLUMNS says, else what it says of itself, else 80. Empty where it is
// none.
std::optional<std::size_t> terminal_width(int file_descriptor);

// The display that suits the process's standard error.
ProgressDisplay standard_error_display();

// The line itself: on a terminal behind a clock that says how long it has been there. Safe to use while the clock
// ticks.
class StatusLine {
 public:
  explicit StatusLine(const ProgressDisplay& display);
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  const ProgressDisplay& display() const { return display_; }
  std::chrono::steady_clock::duration elapsed() const { return display_.now() - start_; }

  // What stands behind the clock may be so long.
  std::size_t room() const;

  // Whether the next line is due: so long after the last on a terminal, plain_interval elsewhere.
  bool is_due(std::chrono::steady_clock::duration after) const;

  // Redraws the line, or prints a plain one. What does not fit is cut.
  void show(const std::string& text);

  // A line of its own, which stays.
  void say(std::string_view message);

  // Takes the line away.
  void clear();

 private:
  void draw_clock();
  void tick();

  const ProgressDisplay display_;
  const std::chrono::steady_clock::time_point start_;
  std::optional<std::chrono::steady_clock::time_point> last_shown_;
  bool has_line_ = false, is_ending_ = false;
  std::mutex mutex_;  // of what is drawn
  std::condition_variable ending_;
  std::thread ticker_;
};

// [####------] of a fraction between 0 and 1, so many characters between the brackets.
std::string bar_text(double fraction, std::size_t width);

// Work that is counted: a bar, "NUMBER/ALL what", rate and time left. `earlier`: what of it was done before.
std::string counted_text(std::string_view what, double n_done, double n_all, double earlier,
                         std::chrono::duration<double> elapsed, std::size_t room);

// For each cell, in a few words, what tells it from the others: the values of its identity columns that differ between
// cells.
std::vector<std::string> names_in_few_words(const ColumnList& columns, const std::vector<Row>& cells);

class Progress {
 public:
  // n_done: cells that earlier runs have done.
  Progress(const ProgressDisplay& display, std::size_t n_cells, std::size_t n_done);

  // So many cells begin to run side by side, the first of them this one; `name` is what a terminal calls it.
  void cell_starts(std::string_view cell, std::size_t n_cells = 1, std::string_view name = {});

  // How much of those cells is done, from 0 to 1. What they begin with, the work of earlier runs, is the
  // first that is shown of them.
  void show_fraction(double fraction);

  // One of them is done.
  void cell_ends();

  // A line of its own, which stays.
  void say(std::string_view message) { line_.say(message); }

  // How many cells are done, and in what time, as a last line.
  void finish();

 private:
  void show(std::chrono::steady_clock::duration interval);
  double cells_done() const;
  std::string terminal_text() const;
  std::string plain_text() const;

  StatusLine line_;
  std::size_t n_cells_, n_earlier_, n_done_;

  // Of the cells that are running.
  std::string running_, name_;
  std::size_t n_running_ = 0;
  std::optional<double> fraction_;
  double cells_done_earlier_;  // by earlier runs, parts of cells included
};

// 4.2 s, 1 min 20 s, 3 h 5 min.
std::string duration_text(std::chrono::duration<double> duration);

}  // namespace jacobench::harness
