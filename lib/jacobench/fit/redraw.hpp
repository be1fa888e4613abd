// Another way out of a local minimum than another start: one hidden unit is drawn anew, all others stay.
//
// Model:  a unit is the less useful, the less of the layer above varies with it: var(a_li) |W_{l+1}(:, i)|^2 over the data.
//         Redrawn, its weights and bias are those of the drawing scheme times a spread: half of the spreads are 3, which lets the
//         unit bend somewhere within the data, the others go to ten times that, with a uniform logarithm, for steps between
//         observations that lie close together; what it feeds is set to zero, and the mean of what it fed goes to the biases
//         above, so that the objective begins near where it was.
// Cost:   a forward pass over the data
// Source: Wales and Doye (1997), J. Phys. Chem. A 101, on hopping between basins
#pragma once

#include <vector>

#include "jacobench/base/random.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {

struct HiddenUnit {
  Index layer, unit;
  double usefulness;
  double mean;  // of its activation
};

// Of one redraw.
double draw_spread(RandomStream& stream);

class UnitRedraw {
 public:
  UnitRedraw(const Perceptron& network, Index max_rows);

  Index n_units() const { return n_units_; }  // hidden ones

  // All hidden units, the least useful first.
  const std::vector<HiddenUnit>& rank(const VectorView& theta, const MatrixView& X);

  // `drawn` are parameters as a start has them, for standardised inputs as theta is.  Shapes: [P]
  void redraw(const HiddenUnit& unit, const VectorView& drawn, double spread, Vector& theta) const;

 private:
  const Perceptron network_;
  const Index n_units_;
  ForwardPass forward_;
  std::vector<HiddenUnit> units_;
};

}  // namespace jacobench
