// Goes down by steps of the n x n form, in the network of the units that the penalty leaves in use. A decay leaves few
// units of a wide network, and the cost of a step is proportional to the number of parameters.
//
// Model:  Units whose share of the penalty is negligible lose their weights where idle ones are clearly at rest
//         (fit/live_units.hpp), half of the parameters are theirs and S hardly rises by it. The descent goes on
//         without them, again and again. Second derivatives are those along bent steps (fit/step_equations.hpp). Where
//         it arrives, idle units that are not at rest get weights along the direction in which S falls, each in
//         proportion to a normal number of its own, and the descent goes on with all units
// Cost:   beside the steps, while the units that can be idle have half of the parameters, two passes over the data a
//         step and a solution of the equations; memory of the steps of the smaller network
#pragma once

#include "jacobench/fit/dual_equations.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {

class LiveDescent {
 public:
  // All are kept by reference but the decay.
  LiveDescent(Residuals& residuals, DualEquations& equations, Descender& descender, const Vector& decay,
              Index n_threads);

  // `data` are those of the residuals.
  Descent descend(const Dataset& data, Vector& theta, const DescentOptions& options);

 private:
  Descent descend_live(const Dataset& data, Vector& theta, const DescentOptions& options,
                       const UnitsByLayer& kept);
  double wake(Vector& theta);

  Residuals& residuals_;
  DualEquations& equations_;
  Descender& descender_;
  const Vector decay_;
  const Index n_threads_;
};

}  // namespace jacobench
