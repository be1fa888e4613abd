#include "jacobench/inference/multipliers.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "jacobench/base/distributions.hpp"
#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/base/statistics.hpp"

namespace jacobench {
namespace {

constexpr std::array side_choices{
    SidesInfo{Sides::both, "both", "a lower and an upper bound"},
    SidesInfo{Sides::lower, "lower", "a lower bound alone"},
    SidesInfo{Sides::upper, "upper", "an upper bound alone"},
};

constexpr std::array corrections{
    SimultaneousInfo{Simultaneous::none, "none", "each interval holds by itself"},
    SimultaneousInfo{Simultaneous::bonferroni, "bonferroni", "alpha is shared out between the intervals"},
    SimultaneousInfo{Simultaneous::scheffe, "scheffe", "all linear combinations at once"},
    SimultaneousInfo{Simultaneous::sup_t, "sup_t",
                     "the largest of the intervals' own correlated errors, simulated"},
};

// sqrt(chi2_dof / dof), by inversion: dof need not be an integer.
double scale_of_sigma(double dof, RandomStream& stream) {
  if (!std::isfinite(dof)) return 1;
  return std::sqrt(quantile(ChiSquaredDistribution(dof), stream.uniform()) / dof);
}

// The `level` quantile of what was drawn, and half the distance between the order statistics one binomial standard
// deviation to either side.
Multiplier quantile_of(std::vector<double> draws, double level) {
  std::sort(draws.begin(), draws.end());
  const auto n = static_cast<double>(draws.size());
  const auto at = [&](double rank) {
    return draws[static_cast<std::size_t>(std::clamp(std::ceil(rank) - 1, 0.0, n - 1))];
  };
  const double deviation = std::sqrt(n * level * (1 - level));
  return {at(n * level), (at(n * level + deviation) - at(n * level - deviation)) / 2};
}

}  // namespace

std::span<const SidesInfo> sides_table() { return side_choices; }
std::span<const SimultaneousInfo> simultaneous_table() { return corrections; }

void check_level(double level) {
  if (!(level > 0 && level < 1)) throw InputError("level: {} is not between 0 and 1; 0.95 is usual", level);
}

double t_quantile(double probability, double dof) {
  if (!std::isfinite(dof)) return normal_quantile(probability);
  return quantile(StudentDistribution(dof), probability);
}

double scheffe_multiplier(double level, double r, double dof) {
  if (r == 0) return 0;
  if (!std::isfinite(dof)) return std::sqrt(quantile(ChiSquaredDistribution(r), level));
  return std::sqrt(r * quantile(FisherDistribution(r, dof), level));
}

double Multipliers::of(Simultaneous simultaneous, Sides sides, double level, Index n_intervals, double r,
                       double dof) {
  const Key key{simultaneous, sides, level, n_intervals, r, dof};
  for (const auto& [known, q] : known_)
    if (known == key) return q;
  const double alpha = 1 - level, tails = sides == Sides::both ? 2 : 1;
  double q = 0;
  switch (simultaneous) {
    case Simultaneous::none:
      q = t_quantile(1 - alpha / tails, dof);
      break;
    case Simultaneous::bonferroni:
      q = t_quantile(1 - alpha / tails / static_cast<double>(n_intervals), dof);
      break;
    case Simultaneous::scheffe:
      q = scheffe_multiplier(level, r, dof);
      break;
    case Simultaneous::sup_t:
      JB_EXPECT(false, "sup_t has no multiplier without a simulation");
  }
  if (known_.size() == most_kept) known_.clear();
  known_.emplace_back(key, q);
  return q;
}

Vector JointError::se() const { return (C.rowwise().squaredNorm() + own).cwiseSqrt(); }

Multiplier sup_t_multiplier(const JointError& error, Sides sides, double level, double dof,
                            Index n_simulations, std::uint64_t seed) {
  const Vector se = error.se();
  const Vector inverse_se = (se.array() > 0).select(se.cwiseInverse(), 0);
  const Matrix C = inverse_se.asDiagonal() * error.C;
  const Vector own = inverse_se.cwiseProduct(error.own.cwiseSqrt());
  const bool has_own = !own.isZero(0);
  std::vector<double> draws;
  Vector z(C.cols()), T(C.rows());
  for (Index s = 0; s < n_simulations; ++s) {
    RandomStream stream(seed, 0, static_cast<std::uint32_t>(s), RandomPurpose::simulation);
    for (double& z_i : z) z_i = stream.normal();
    T.noalias() = C * z;
    if (has_own)
      for (Index i = 0; i < T.size(); ++i) T[i] += own[i] * stream.normal();
    const double largest = sides == Sides::both ? T.cwiseAbs().maxCoeff<Eigen::PropagateNaN>()
                                                : T.maxCoeff<Eigen::PropagateNaN>();
    draws.push_back(largest / scale_of_sigma(dof, stream));
  }
  return quantile_of(std::move(draws), level);
}

}  // namespace jacobench
