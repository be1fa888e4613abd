#include "run/interrupt.hpp"

#include <atomic>

namespace jacobench::harness {
namespace {

// An atomic that never waits is allowed in a handler, and, other than a volatile sig_atomic_t, to threads: the
// signal may reach any of them.
std::atomic<int> signal_that_came = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void note(int signal) { signal_that_came = signal; }

}  // namespace

InterruptGuard::InterruptGuard() {
  signal_that_came = 0;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

std::optional<int> InterruptGuard::signal() const {
  const int signal = signal_that_came;
  if (signal == 0) return std::nullopt;
  return signal;
}

}  // namespace jacobench::harness
