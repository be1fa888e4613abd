#include "study/figure.hpp"

namespace jacobench::harness {

std::vector<NamedLaw> one_power_law(const std::vector<Point>& points) {
  const std::optional<PowerLaw> law = fit_power_law(points);
  if (!law || !law->is_determined()) return {};
  return {{"", *law}};
}

}  // namespace jacobench::harness
