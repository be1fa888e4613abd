// Who waits for a fit: sees how far it is once it takes over half a second on a terminal, some seconds elsewhere, and
// may end it by SIGINT or SIGTERM, which leaves the best so far.
#pragma once

#include <optional>

#include "jacobench/fit/fit.hpp"

#include "run/interrupt.hpp"
#include "run/progress.hpp"

namespace jacobench::cli {

class FitWatch {
 public:
  explicit FitWatch(const harness::ProgressDisplay& display);

  // For FitOptions::go_on: on a terminal one line that is redrawn, elsewhere a plain line now and then.
  bool go_on(const FitProgress& now);

  // Takes the line away.
  void finish() { line_.clear(); }

  std::optional<int> signal() const { return interrupt_.signal(); }

 private:
  harness::StatusLine line_;
  harness::InterruptGuard interrupt_;
};

}  // namespace jacobench::cli
