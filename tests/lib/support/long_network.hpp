// The network in 100 digits, written once more for the tests: every sum by its definition, every activation
// in its textbook form, no derivative anywhere.
//
// It shares nothing with the library but the order of theta, and is there to hold the library's own reference
// to.
#pragma once

#include <boost/multiprecision/cpp_bin_float.hpp>

#include "jacobench/network/perceptron.hpp"

namespace jacobench::testing {

using LongReal =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<100>, boost::multiprecision::et_off>;

LongReal long_activation(Activation activation, const LongReal& z);

// The outputs for one observation.
std::vector<LongReal> long_network(const Perceptron& network, const std::vector<LongReal>& theta,
                                   const std::vector<LongReal>& x);

std::vector<LongReal> to_long(const VectorView& values);

}  // namespace jacobench::testing
