// Targets that no parameters reach, whatever the layers below do: known before anything is fitted.
//
// Model:  an output is phi(z), phi the activation of the top layer, which lies between the least and the largest value
//         of phi over all z. Of activations that turn, as silu does, these are found on a grid to 1e-5.
// Cost:   O(N K)
#pragma once

#include <string>
#include <vector>

#include "jacobench/fit/dataset.hpp"

namespace jacobench {

// A line for each output some of whose observations lie outside.
std::vector<std::string> out_of_reach(const Perceptron& network, const Dataset& data,
                                      const DatasetNames& names = {});

}  // namespace jacobench
