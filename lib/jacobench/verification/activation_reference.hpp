// The activations in 50-digit arithmetic, in their textbook forms, recorded so that they can be
// differentiated.
//
// Shares no formula with activation_formulas.hpp: derivatives come from the reverse sweep of the record.
#pragma once

#include <boost/multiprecision/cpp_bin_float.hpp>

#include "jacobench/network/activation.hpp"
#include "jacobench/verification/recorded_program.hpp"

namespace jacobench {

using ReferenceReal =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>, boost::multiprecision::et_off>;
using ReferenceProgram = RecordedProgram<ReferenceReal>;

// phi(z), appended to the program. z finite.
ReferenceProgram::Id record_activation(ReferenceProgram& program, Activation activation,
                                       ReferenceProgram::Id z);

}  // namespace jacobench
