// Another way out of a local minimum than another start: hidden units that do little are drawn anew, all others stay.
//
// Model:  a unit is the less useful, the less of the layer above varies with it: var(a_li) |W_{l+1}(:, i)|^2 over the
//         data. It is idle where that is less than a hundredth of the mean of its layer.
//         Redrawn, it is one of 20 candidates, each with a probability in proportion to what it promises: with delta
//         half the gradient of the objective by what the layer above sees, |sum_n delta_n (a_n - mean a)|^2 / sum_n
//         (a_n - mean a)^2. For one hidden layer and one output that is the squared correlation with the residuals.
//         Weights and bias of a candidate are those of the drawing scheme times a spread: half of the spreads are 3,
//         which lets the unit bend somewhere within the data, the others go to ten times that, with a uniform
//         logarithm, for steps between observations that lie close together. What the unit fed is taken out but for its
//         mean, which goes to the biases above; what it feeds now is set down the gradient, as far as a parabola of the
//         objective says, and of several units each is chosen for what those before it leave.
// Shapes: tau [P], in the units of the residuals
// Cost:   rank: a forward pass over the data. redraw: for each unit three of these, a pass down, and 20 candidates on
//         all data
// Source: Wales and Doye (1997), J. Phys. Chem. A 101, on hopping between basins; Fahlman and Lebiere (1990), NIPS 2,
//         on candidates; Mallat and Zhang (1993), IEEE Trans. Signal Process. 41, on taking them one by one
#pragma once

#include <span>
#include <vector>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/initialisation.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/jacobian/backward_pass.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {

struct HiddenUnit {
  Index layer, unit;
  double usefulness;
  double mean;  // of its activation
};

// Of one candidate.
double draw_spread(RandomStream& stream);

// An index with a probability in proportion to its share; the shares are not negative.
Index draw_in_proportion(const Vector& shares, RandomStream& stream);

class UnitRedraw {
 public:
  // All are kept by reference. The standardisation is that of drawn parameters where tau is in the user's units, and
  // null where it is in standardised ones.
  UnitRedraw(Residuals& residuals, const InitialisationInfo& scheme, const Scaling* standardisation);

  Index n_units() const { return n_units_; }  // hidden ones

  // All hidden units at tau, the least useful first.
  const std::vector<HiddenUnit>& rank(const Vector& tau);

  // How many of the ranked units from this one on are idle units of one layer; one at least.
  std::size_t n_idle_from(std::size_t first) const;

  // Ranked units of one layer.
  void redraw(std::span<const HiddenUnit> units, RandomStream& stream, Vector& tau);

 private:
  void add_to_fed(const HiddenUnit& unit, const VectorView& fed, double mean, Vector& tau) const;
  void draw_candidates(Index layer, RandomStream& stream);
  void score_candidates(Index layer, const Vector& tau);
  void add_to_scores(Index layer, Index n_rows);
  void feed(const HiddenUnit& unit, Index candidate, Vector& tau);

  Residuals& residuals_;
  const Perceptron& network_;
  const InitialisationInfo& scheme_;
  const Scaling* const standardisation_;
  const Index n_units_;
  ForwardPass forward_;
  BackwardPass backward_;
  std::vector<HiddenUnit> units_;
  Vector drawn_, r_, fed_;
  Matrix gradient_;              // half of that of the objective by the outputs  [N x K]
  std::vector<Matrix> weights_;  // of candidates for a unit of each layer  [candidates x inputs of the layer]
  Matrix z_, a_;                 // of candidates, over one block of rows
  std::vector<Matrix>
      delta_a_;  // sum_n delta_n (a_n - mean a)', delta of the layer above  [its units x candidates]
  std::vector<Vector> delta_1_;               // sum_n delta_n
  Vector biases_, means_, squares_, scores_;  // of candidates; squares: sum_n a_n^2
};

}  // namespace jacobench
