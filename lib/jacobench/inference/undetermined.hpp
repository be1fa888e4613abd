// The directions of parameter space that data leave open, in words.
//
// Model:  what is known to leave a direction open is tried first, each as a vector c in parameter space that is kept
//         only if J c vanishes by the rule that decides the rank: a unit that no output depends on; a unit or an input
//         that is zero or constant over the data; one that duplicates another or its negative; weights below and above
//         a unit whose activation is homogeneous (identity, relu, leaky_relu) or exp, which trade scale; a unit that is
//         saturated at almost all observations. What is left of the null space is given by the leading entries of its
//         vectors.
// Names:  layers counted from 1, units and inputs from 0, as in network/entry_names.hpp
// Cost:   O(sum of n_l^2 N) for the duplicates. Of more than 1000 open directions only the number is given
#pragma once

#include <string>
#include <vector>

#include "jacobench/inference/tangent.hpp"

namespace jacobench {

// Empty where the rank is full.
std::vector<std::string> undetermined_in_words(Tangent& at);

}  // namespace jacobench
