// Units of a fit that run to infinity: the sum of squares has no minimum, and falls for ever along a way that ends in
// another function than a network. In words: which unit, and what it tends to.
//
// Model:  with the inputs standardised, z and a = phi(z) the pre-activations and values of a hidden unit at the data,
//         c_n what it contributes to a unit above, a_n times its outgoing weight less its mean:
//           step      of an activation that is flat on both sides, where the slope is above 1/1000 of the steepest at
//                     fewer observations than there are weights into the unit: the data do not tell how steep it is
//           constant  the same, and a_n does not differ
//           line      z spans less than 1/1000, and the outgoing weight is over 1000: only the slope is used
//           pair      |c| is over 100 times what all units together contribute, and that of another unit cancels it to
//                     1/20: their difference tends to a derivative of the unit's function
//           steep     weights into the unit of more than 1000
//         and of an output that is flat on both sides, as logistic is, that it is so at the data, as where two classes
//         are separated.
// Cost:   one forward pass, and O(sum of n_l^2 N) for pairs
#pragma once

#include <string>
#include <vector>

#include "jacobench/fit/fit.hpp"

namespace jacobench {

struct Runaway {
  Index layer, unit;  // both from 0
  std::string
      words;  // the subject is the unit; layers counted from 1 and units from 0, as in network/entry_names.hpp
};

// At most one of each unit. A decay excludes them, so there is none of a fit in which all weights are penalised.
std::vector<Runaway> runaways(const Fit& fit, const DatasetNames& names = {});

}  // namespace jacobench
