// Named schemes that draw the parameters a fit starts from.
//
// All are for standardised inputs and outputs. One table declares them: a scheme is one formula and one row.
#pragma once

#include <span>
#include <string_view>

#include "jacobench/base/random.hpp"
#include "jacobench/network/perceptron.hpp"

namespace jacobench {

struct InitialisationInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  void (*draw)(const Perceptron& network, RandomStream& stream, Vector& theta);  // theta has its size
};

std::span<const InitialisationInfo> initialisation_table();

// Throws InputError, listing the known names, for an unknown one.
const InitialisationInfo& find_initialisation(std::string_view name);

}  // namespace jacobench
