// The laws of the noise by their names, which a test knows to be there, and their integrals.
#pragma once

#include "coverage/noise_law.hpp"
#include "support/named.hpp"

namespace jacobench::coverage {

inline const NoiseLawInfo& find_noise_law(std::string_view name) {
  return testing::named(noise_law_table(), name);
}

struct LawIntegrals {
  double F, H;
};

// At one z.
inline LawIntegrals integrals_at(const NoiseLawInfo& law, double z) {
  LawIntegrals its{};
  law.integrals({&z, 1}, &its.F, &its.H);
  return its;
}

}  // namespace jacobench::coverage
