// SIGINT and SIGTERM as a request to stop after the cell that is running.
#pragma once

#include <csignal>
#include <optional>

namespace jacobench::harness {

// While it lives, the first of these signals is noted, and a second one ends the process as it would without
// it. One at a time in a process.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // The signal that came, if one did.
  std::optional<int> signal() const;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

}  // namespace jacobench::harness
