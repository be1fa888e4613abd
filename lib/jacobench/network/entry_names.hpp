// Names of the entries of a Jacobian, as they stand in tables and file headers.
//
//   y0, y1, ...     outputs, counted from 0
//   x0, x1, ...     inputs, counted from 0
//   w1[2,3], b1[2]  weight to unit 2 from input 3 of layer 1, bias of that unit: layers counted from 1 as in
//                   network/perceptron.hpp, units from 0
#pragma once

#include <string>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

std::string output_name(Index k);
std::string input_name(Index d);
std::string parameter_name(const Perceptron& network, Index p);

}  // namespace jacobench
