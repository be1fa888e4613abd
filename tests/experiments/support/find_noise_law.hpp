// The laws of the noise by their names, which a test knows to be there.
#pragma once

#include "coverage/noise_law.hpp"
#include "support/named.hpp"

namespace jacobench::coverage {

inline const NoiseLawInfo& find_noise_law(std::string_view name) {
  return testing::named(noise_law_table(), name);
}

}  // namespace jacobench::coverage
