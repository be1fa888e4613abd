#include "jacobench/network/entry_names.hpp"

#include <fmt/format.h>

namespace jacobench {

std::string output_name(Index k) { return fmt::format("y{}", k); }

std::string input_name(Index d) { return fmt::format("x{}", d); }

std::string parameter_name(const Perceptron& network, Index p) {
  const ParameterPlace place = network.place_of(p);
  if (place.is_bias()) return fmt::format("b{}[{}]", place.layer + 1, place.unit);
  return fmt::format("w{}[{},{}]", place.layer + 1, place.unit, place.input);
}

}  // namespace jacobench
