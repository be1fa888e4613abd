// Whether a fit has settled.
#pragma once

namespace jacobench {

// What a fit has left undone: the Newton step that would come next, d, by the second derivatives of S at theta.
// The rule by which a fit is judged: it has settled if no linear function of theta, be it a parameter or a linearised
// prediction, would move by more than a twentieth of its standard error.
struct Remaining {
  double fall;  // of S, as the step's quadratic model predicts it, in units of s^2
  double
      move;  // the most that any linear function would move, in its standard errors: sqrt(d' (J'J + K) d) / s

  static constexpr double settled_move = 0.05;
  bool is_settled() const { return move <= settled_move; }
};

}  // namespace jacobench
