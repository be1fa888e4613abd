#include "run/interrupt.hpp"

namespace jacobench::harness {
namespace {

volatile std::sig_atomic_t signal_that_came = 0;

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
  if (signal_that_came == 0) return std::nullopt;
  return signal_that_came;
}

}  // namespace jacobench::harness
