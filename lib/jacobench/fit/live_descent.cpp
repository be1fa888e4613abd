#include "jacobench/fit/live_descent.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "jacobench/base/random.hpp"

namespace jacobench {
namespace {

// Units with less than this share of the penalty may be idle; the first share is taken at which S hardly rises without
// them, beside what a step lets it fall. A smaller network is worth it that has so much of the parameters.
constexpr double negligible_shares[] = {1e-6, 1e-7, 1e-8, 1e-9, 1e-10};
constexpr double negligible_rise = 0.01, worth_leaving = 0.5;

// Idle units that are pulled no stronger clearly stay idle. Units that are nearly linear share what they do with as
// many as there are, and idle ones beside them are pulled by little more or less than 1.
constexpr double weak_pull = 0.9;

// The descent goes on with all units so often, and then stays with them.
constexpr int most_wakings = 3;

// Units with less than this share of the penalty have nothing but what rounding leaves.
constexpr double share_of_nothing = 1e-24;

// The first weights of idle units let S fall by this share, as it curves; the last are so much longer.
constexpr double first_fall = 1e-10, longest = 1 << 20;

// Decides whether to leave at theta, where the equations are, and with which units.
class Leaving {
 public:
  Leaving(Residuals& residuals, DualEquations& equations, const Vector& decay)
      : network_(residuals.network()),
        residuals_(residuals),
        equations_(equations),
        decay_(decay),
        without_(residuals.n_params()),
        r_(residuals.n_rows()) {}

  bool operator()(const Vector& theta) {
    std::optional<double> fall;
    // Each hidden layer is asked once.
    std::vector<std::optional<bool>> is_at_rest(static_cast<std::size_t>(network_.n_layers() - 1));
    for (const double share : negligible_shares) {
      kept_ = units_with_share(network_, theta, decay_, share);
      for (Index l = 0; is_worth_it() && l + 1 < network_.n_layers(); ++l) {
        const auto layer = static_cast<std::size_t>(l);
        const Index n_units = network_.layer(l).n_units;
        if (std::ssize(kept_[layer]) == n_units) continue;
        if (!fall && !(fall = equations_.weigh_along_bent_steps())) return false;
        if (!is_at_rest[layer])
          is_at_rest[layer] =
              equations_.pull_on_idle(l, least_penalised(network_, decay_, l, others(kept_[layer], n_units)))
                  .strength <= weak_pull;
        if (!*is_at_rest[layer]) kept_[layer] = counted(n_units);
      }
      if (!fall || !is_worth_it()) return false;
      without_ = theta;
      make_others_idle(network_, decay_, kept_, without_);
      if (residuals_.evaluate(without_, r_.data(), nullptr) &&
          r_.squaredNorm() <= equations_.objective() + negligible_rise * *fall)
        return true;
    }
    return false;
  }

  const UnitsByLayer& kept() const { return kept_; }
  const Vector& without_others() const { return without_; }

 private:
  bool is_worth_it() const {
    return static_cast<double>(network_of(network_, kept_).n_params()) <=
           worth_leaving * static_cast<double>(network_.n_params());
  }

  const Perceptron& network_;
  Residuals& residuals_;
  DualEquations& equations_;
  const Vector& decay_;
  Vector without_, r_;
  UnitsByLayer kept_;
};

// The options for what comes after these steps.
DescentOptions after(const DescentOptions& options, const Descent& so_far) {
  DescentOptions rest = options;
  rest.max_iterations -= so_far.n_iterations;
  rest.radius = so_far.radius;
  return rest;
}

Descent joined(const Descent& first, const Descent& next) {
  Descent both = next;
  both.n_iterations += first.n_iterations;
  return both;
}

}  // namespace

LiveDescent::LiveDescent(Residuals& residuals, DualEquations& equations, Descender& descender,
                         const Vector& decay, Index n_threads)
    : residuals_(residuals),
      equations_(equations),
      descender_(descender),
      decay_(decay),
      n_threads_(n_threads) {}

Descent LiveDescent::descend(const Dataset& data, Vector& theta, const DescentOptions& options) {
  Leaving leaving(residuals_, equations_, decay_);
  Descent so_far;
  DescentOptions rest = options;
  for (int n_wakings = 0;; ++n_wakings) {
    rest.leaves_at = {};
    if (n_wakings < most_wakings) rest.leaves_at = [&](const Vector& at) { return leaving(at); };
    so_far = joined(so_far, descender_.descend(theta, rest));
    if (so_far.end == Descent::End::left) {
      theta = leaving.without_others();
      so_far = joined(so_far, descend_live(data, theta, after(options, so_far), leaving.kept()));
    }
    if (so_far.end != Descent::End::arrived || n_wakings == most_wakings) return so_far;
    const double length = wake(theta);
    if (length == 0) return so_far;
    so_far.radius = std::max(so_far.radius, length);
    rest = after(options, so_far);
  }
}

// In smaller and smaller networks.
Descent LiveDescent::descend_live(const Dataset& data, Vector& theta, const DescentOptions& options,
                                  const UnitsByLayer& kept) {
  const Perceptron& network = residuals_.network();
  LiveUnits live(network, kept);
  Descent so_far{.objective = 0, .n_iterations = 0, .end = Descent::End::left, .radius = *options.radius};
  while (so_far.end == Descent::End::left) {
    const Vector decay = live.of_live(decay_);
    Vector its_theta = live.of_live(theta);
    Residuals residuals(live.network(), data, decay);
    DualEquations equations(residuals, decay, n_threads_);
    Descender descender(residuals, equations);
    Leaving leaving(residuals, equations, decay);
    DescentOptions rest = after(options, so_far);
    rest.leaves_at = [&](const Vector& at) { return leaving(at); };
    so_far = joined(so_far, descender.descend(its_theta, rest));
    const bool has_left = so_far.end == Descent::End::left;
    live.put(has_left ? leaving.without_others() : its_theta, theta);
    if (has_left) live = LiveUnits(network, live.in_whole(leaving.kept()));
  }
  return so_far;
}

// Gives weights to units that are not at rest without, where S falls by it. Returns their length in the norm of the
// penalty.
double LiveDescent::wake(Vector& theta) {
  const Perceptron& network = residuals_.network();
  const UnitsByLayer kept = units_with_share(network, theta, decay_, share_of_nothing);
  if (network_of(network, kept).n_params() == network.n_params()) return 0;
  if (!equations_.move_to(theta) || !equations_.weigh_along_bent_steps()) return 0;
  Vector direction = Vector::Zero(theta.size());
  double squared_length = 0, curvature = 0;  // of half of S along it
  for (Index l = 0; l + 1 < network.n_layers(); ++l) {
    const std::vector<Index> idle = others(kept[static_cast<std::size_t>(l)], network.layer(l).n_units);
    if (idle.empty()) continue;
    const IdlePull pull = equations_.pull_on_idle(l, least_penalised(network, decay_, l, idle));
    if (pull.strength <= 1) continue;
    const Index n_inputs = network.layer(l).n_inputs;
    RandomStream stream(0, 0, static_cast<std::uint32_t>(l), RandomPurpose::redraws);
    for (const Index unit : idle) {
      const double length = stream.normal();
      network.weights(direction, l).row(unit) = length * pull.in.head(n_inputs).transpose();
      if (network.layer(l).has_bias()) network.bias(direction, l)[unit] = length * pull.in[n_inputs];
      network.weights(direction, l + 1).col(unit) = length * pull.out;
      squared_length += length * length;
      curvature += length * length * (pull.strength - 1) / 2;
    }
  }
  if (!(curvature > 0)) return 0;
  Vector tried, r(residuals_.n_rows());
  double lowest = equations_.objective(), longest_lower = 0;
  const double first = std::sqrt(first_fall * lowest / (2 * curvature));
  for (double t = first; t <= longest * first; t *= 2) {
    tried = theta + t * direction;
    if (!residuals_.evaluate(tried, r.data(), nullptr) || !(r.squaredNorm() < lowest)) break;
    lowest = r.squaredNorm();
    longest_lower = t;
  }
  if (!(lowest < (1 - first_fall / 2) * equations_.objective())) return 0;
  theta += longest_lower * direction;
  return longest_lower * std::sqrt(squared_length);
}

}  // namespace jacobench
