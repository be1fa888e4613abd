#include "peers/peer_table.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"

namespace jacobench::peers {

std::string why_not_written(const Perceptron& network) {
  for (const Layer& layer : network.layers())
    if (layer.activation != Activation::identity && layer.activation != Activation::tanh &&
        layer.activation != Activation::logistic)
      return "the peers are written for tanh, logistic and identity";
  return {};
}

namespace {

// The Debian packages that the peers' libraries are in; "" where the project needs the library anyway.
constexpr char none[] = "", adolc[] = "libadolc-dev", cppad[] = "r-cran-tmb",
               sacado[] = "libtrilinos-sacado-dev", stan[] = "r-cran-stanheaders", slicot[] = "libslicot-dev";

template <const char* package, bool is_built>
std::string why_not(const Perceptron& network, Wrt wrt) {
  if (!is_built)
    return fmt::format("{} was not there when the program was configured (scripts/setup peers)", package);
  return wrt == Wrt::parameters ? why_not_written(network) : "the peers are written for parameters";
}

template <bool is_built>
std::string why_not_slicot(const Perceptron& network, Wrt wrt) {
  std::string reason = why_not<slicot, is_built>(network, wrt);
  if (!reason.empty()) return reason;
  const bool suits = network.n_layers() == 2 && network.n_outputs() == 1 &&
                     network.layer(0).activation == Activation::tanh &&
                     network.layer(1).activation == Activation::identity && network.layer(0).has_bias() &&
                     network.layer(1).has_bias();
  return suits ? "" : "NF01BY is for one layer of tanh units and one output";
}

std::optional<double> promise(const Perceptron&, double, double) { return promised_error; }

constexpr StrategyInfo row(std::string_view name, std::string_view summary, MakeEvaluator* make,
                           std::string (*reason)(const Perceptron&, Wrt)) {
  return {.name = name,
          .summary = summary,
          .summation = PathSummation::differences,
          .default_relative_step = {},
          .numeric_promise = promise,
          .make = make,
          .why_not = reason};
}

constexpr bool has_adolc = JACOBENCH_HAS_ADOLC, has_cppad = JACOBENCH_HAS_CPPAD,
               has_sacado = JACOBENCH_HAS_SACADO, has_stan = JACOBENCH_HAS_STAN_MATH,
               has_slicot = JACOBENCH_HAS_SLICOT;

constexpr StrategyInfo table[] = {
    row("plain_loop", "backpropagation, an observation at a time, as a user would write it", make_plain_loop,
        why_not<none, true>),
    row("slicot", "SLICOT's NF01BY: one layer of tanh units, by hand in Fortran",
        has_slicot ? make_slicot : nullptr, why_not_slicot<has_slicot>),
    row("adolc", "ADOL-C, reverse mode: one tape, its inputs parameters", has_adolc ? make_adolc : nullptr,
        why_not<adolc, has_adolc>),
    row("cppad", "CppAD, reverse mode: one recording, optimised", has_cppad ? make_cppad : nullptr,
        why_not<cppad, has_cppad>),
    row("sacado", "Sacado, reverse mode (Rad)", has_sacado ? make_sacado : nullptr,
        why_not<sacado, has_sacado>),
    row("stan_math", "Stan Math, reverse mode: nested tapes", has_stan ? make_stan_math : nullptr,
        why_not<stan, has_stan>),
    row("ceres_jets", "Ceres Jets, forward mode, 8 parameters at a time", make_ceres_jets,
        why_not<none, true>),
    row("eigen_autodiff", "Eigen's AutoDiffScalar, forward mode, all parameters at once", make_eigen_autodiff,
        why_not<none, true>),
    row("complex_step", "imaginary steps of 1e-40, one parameter at a time", make_complex_step,
        why_not<none, true>),
};

}  // namespace

std::span<const StrategyInfo> peer_table() { return table; }

std::span<const StrategyInfo> strategies_and_peers() {
  static const std::vector<StrategyInfo> all = [] {
    std::vector<StrategyInfo> rows(strategy_table().begin(), strategy_table().end());
    rows.insert(rows.end(), std::begin(table), std::end(table));
    return rows;
  }();
  return all;
}

}  // namespace jacobench::peers
