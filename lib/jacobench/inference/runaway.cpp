#include "jacobench/inference/runaway.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"
#include "jacobench/fit/scaling.hpp"
#include "jacobench/network/activation.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {
namespace {

constexpr double flat = 1e-3;         // of the steepest slope
constexpr double large_weight = 1e3;  // where inputs and outputs have standard deviation 1
constexpr double large_share = 100;   // of what all units contribute together
constexpr double cancelled = 0.05;

// The steepest slope, and whether it is flat far out on both sides.
struct Steepness {
  double most;
  bool is_flat_outside;
};

Steepness steepness(Activation activation) {
  const Vector z = Vector::LinSpaced(65, -8, 8);
  Vector a(z.size()), d(z.size());
  info(activation).value_and_derivative(z.data(), a.data(), d.data(), z.size());
  const double most = d.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
  const std::array<double, 2> far{-60, 60};
  std::array<double, 2> value{}, slope{};
  info(activation).value_and_derivative(far.data(), value.data(), slope.data(), 2);
  return {most, std::abs(slope[0]) < flat * most && std::abs(slope[1]) < flat * most};
}

Vector less_mean(const Vector& v) { return v.array() - v.mean(); }

class RunawaySearch {
 public:
  RunawaySearch(const Fit& fit, const DatasetNames& names)
      : net_(fit.network),
        theta_(fit.theta),
        data_(fit.data),
        names_(names),
        tau_(Scaling(fit.network, fit.data.X, fit.data.Y).to_scaled(fit.theta)),
        pass_(fit.network, fit.data.n_observations()) {
    pass_.run(theta_, data_.X, 0, data_.n_observations(), Slopes::kept);
  }

  std::vector<Runaway> all() const {
    std::vector<Runaway> found;
    for (Index l = 0; l + 1 < net_.n_layers(); ++l) {
      const Steepness steep = steepness(net_.layer(l).activation);
      for (Index i = 0; i < net_.layer(l).n_units; ++i)
        if (const std::string words = words_of(l, i, steep); !words.empty())
          found.push_back({l, i, fmt::format("unit {} of layer {} {}", i, l + 1, words)});
    }
    const Index top = net_.n_layers() - 1;
    const Steepness steep = steepness(net_.layer(top).activation);
    for (Index k = 0; k < net_.layer(top).n_units; ++k)
      if (steep.is_flat_outside && has_run_off(top, k, steep))
        found.push_back(
            {top, k,
             fmt::format(
                 "output {} has gone to the ends of its range: what it is to tell apart is parted without "
                 "error, and its weights run to infinity",
                 names_.output(k))});
    return found;
  }

 private:
  Index N() const { return data_.n_observations(); }
  Vector values(Index l, Index i) const { return pass_.activation(l).rows(N()).col(i); }

  Index n_active(Index l, Index i, const Steepness& steep) const {
    return (pass_.slope(l).rows(N()).col(i).array().abs() > flat * steep.most).count();
  }

  // Flat at more observations than would tell its weights.
  bool has_run_off(Index l, Index i, const Steepness& steep) const {
    const Layer& layer = net_.layer(l);
    return n_active(l, i, steep) < std::min(layer.n_inputs + (layer.has_bias() ? 1 : 0), N());
  }

  // Where it runs to, if anywhere.
  std::string words_of(Index l, Index i, const Steepness& steep) const {
    if (steep.is_flat_outside && has_run_off(l, i, steep)) return step(l, i, n_active(l, i, steep));
    if (std::string words = line(l, i); !words.empty()) return words;
    if (std::string words = pair(l, i); !words.empty()) return words;
    const double size = net_.weights(tau_, l).row(i).norm();
    if (size > large_weight)
      return fmt::format(
          "has weights of {:.2g} into it, where inputs of standard deviation 1 take about 1: "
          "it tends to a step or a kink",
          size);
    return {};
  }

  std::string step(Index l, Index i, Index n_on_the_way) const {
    const Vector a = values(l, i);
    const double low = a.minCoeff<Eigen::PropagateNaN>(), high = a.maxCoeff<Eigen::PropagateNaN>();
    if (high - low <= flat * std::max(1.0, std::abs(high)))
      return "is saturated at all observations: it tends to a constant, which the bias above it gives as "
             "well";
    const double middle = (low + high) / 2;
    const Index n_low = (a.array() < middle).count();
    const std::string between = n_on_the_way == 0 ? "which lies anywhere between them"
                                                  : fmt::format("with {} observation{} on the way",
                                                                n_on_the_way, n_on_the_way == 1 ? "" : "s");
    if (l > 0 || net_.n_inputs() > 1)
      return fmt::format("tends to a step that parts {} of the {} observations from the others, {}",
                         std::min(n_low, N() - n_low), N(), between);
    return fmt::format("tends to a step at {}, {}", place(a, middle), between);
  }

  // Of one input, where the values pass the middle.
  std::string place(const Vector& a, double middle) const {
    std::vector<Index> order(static_cast<std::size_t>(N()));
    for (Index n = 0; n < N(); ++n) order[static_cast<std::size_t>(n)] = n;
    std::sort(order.begin(), order.end(), [&](Index m, Index n) { return data_.X(m, 0) < data_.X(n, 0); });
    std::vector<std::string> places;
    for (std::size_t m = 1; m < order.size(); ++m)
      if ((a[order[m - 1]] < middle) != (a[order[m]] < middle))
        places.push_back(fmt::format("{} between {:.6g} and {:.6g}", names_.input(0),
                                     data_.X(order[m - 1], 0), data_.X(order[m], 0)));
    return joined(places, " and ");
  }

  std::string line(Index l, Index i) const {
    const Matrix z = pass_.below(l).rows(N()) * net_.weights(theta_, l).row(i).transpose();
    const double span = z.maxCoeff<Eigen::PropagateNaN>() - z.minCoeff<Eigen::PropagateNaN>();
    const double out = net_.weights(tau_, l + 1).col(i).norm();
    if (!(span < flat && out > large_weight)) return {};
    return fmt::format(
        "tends to a straight line: its weights vanish (it spans {:.2g} over the data) while that "
        "out of it grows to {:.2g}, where outputs have standard deviation 1",
        span, out);
  }

  // What unit i contributes to unit k above it.
  Vector contribution(Index l, Index i, Index k) const {
    return net_.weights(theta_, l + 1)(k, i) * less_mean(values(l, i));
  }

  std::string pair(Index l, Index i) const {
    for (Index k = 0; k < net_.layer(l + 1).n_units; ++k) {
      const Vector own = contribution(l, i, k);
      Vector together = Vector::Zero(N());
      for (Index j = 0; j < net_.layer(l).n_units; ++j) together += contribution(l, j, k);
      const double share = own.norm() / together.norm();
      if (!(share > large_share)) continue;
      for (Index j = 0; j < net_.layer(l).n_units; ++j)
        if (j != i && (own + contribution(l, j, k)).norm() < cancelled * own.norm())
          return fmt::format(
              "cancels unit {}: each contributes {:.2g} times what all units do together, with "
              "opposite signs; their difference tends to a derivative",
              j, share);
    }
    return {};
  }

  const Perceptron& net_;
  const Vector& theta_;
  const Dataset& data_;
  const DatasetNames& names_;
  const Vector tau_;
  ForwardPass pass_;
};

}  // namespace

std::vector<Runaway> runaways(const Fit& fit, const DatasetNames& names) {
  if (!fit.theta.allFinite()) return {};
  return RunawaySearch(fit, names).all();
}

}  // namespace jacobench
