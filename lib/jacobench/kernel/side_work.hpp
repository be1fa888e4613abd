// Work that one computation lets go on inside another.
//
// Filling a Jacobian waits for memory, computing the next batch waits for arithmetic. A core does both at once, but
// only so long as its line fill buffers take to drain: some 16 lines, 40 ns. So the kernels of a batch stop after
// every few dozen instructions and let the fill of the batch before advance by a few lines. (Measured: bursts of 16
// lines hide the arithmetic between them, bursts of 64 hide none of it.)
#pragma once

namespace jacobench {

class SideWork {
 public:
  virtual ~SideWork() = default;
  virtual void advance() = 0;
};

}  // namespace jacobench
