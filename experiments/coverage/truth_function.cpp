#include "coverage/truth_function.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "jacobench/base/errors.hpp"

namespace jacobench::coverage {
namespace {

using std::numbers::pi;

double linear(std::span<const double> x) {
  double y = 1;
  for (const double x_d : x) y += x_d;
  return y;
}

double sine(std::span<const double> x) { return std::sin(pi * x[0]); }

double bump(double x, double centre, double width) { return std::exp(-std::pow((x - centre) / width, 2)); }

double two_bump(std::span<const double> x) { return bump(x[0], -0.4, 0.3) + 0.6 * bump(x[0], 0.5, 0.2); }

double friedman(std::span<const double> x) {
  const auto u = [&](std::size_t d) { return (x[d - 1] + 1) / 2; };
  return 10 * std::sin(pi * u(1) * u(2)) + 20 * std::pow(u(3) - 0.5, 2) + 10 * u(4) + 5 * u(5);
}

double step(std::span<const double> x) { return x[0] > 0 ? 1 : 0; }

constexpr TruthFunctionInfo truth_functions[] = {
    {"linear", "a plane of slope 1 in every input", "ours", 0, linear},
    {"sine", "one period of a sine along the first input", "ours", 0, sine},
    {"two_bump", "a broad high bump and a narrow low one along the first input", "ours", 0, two_bump},
    {"friedman", "five inputs: an interaction, a square and two straight lines",
     "Friedman (1991), Multivariate adaptive regression splines, Ann. Statist. 19(1), eq. 61", 5, friedman},
    {"step", "a jump from 0 to 1 along the first input", "ours", 0, step},
};

}  // namespace

std::span<const TruthFunctionInfo> truth_function_table() { return truth_functions; }

std::span<const TruthInfo> truth_table() {
  static const std::vector<TruthInfo> table = [] {
    std::vector<TruthInfo> truths{
        {"teacher", "a network, by default with the layers of the fitted one", nullptr}};
    for (const TruthFunctionInfo& function : truth_functions)
      truths.push_back({function.name, function.summary, &function});
    return truths;
  }();
  return table;
}

void check_n_inputs(const TruthFunctionInfo& truth, Index n_inputs) {
  if (n_inputs < 1)
    throw InputError("truth: {} of {} inputs is not a function; take at least 1", truth.name, n_inputs);
  if (truth.n_inputs != 0 && truth.n_inputs != n_inputs)
    throw InputError("truth: {} is a function of {} inputs, not {}; change the number of inputs or the truth",
                     truth.name, truth.n_inputs, n_inputs);
}

void evaluate(const TruthFunctionInfo& truth, const MatrixView& X, Eigen::Ref<Vector> y) {
  check_n_inputs(truth, X.cols());
  JB_EXPECT(y.size() == X.rows(), "y has {} entries for {} points", y.size(), X.rows());
  boost::container::small_vector<double, 16> x(static_cast<std::size_t>(X.cols()));
  for (Index n = 0; n < X.rows(); ++n) {
    for (Index d = 0; d < X.cols(); ++d) x[static_cast<std::size_t>(d)] = X(n, d);
    y[n] = truth.f(std::span<const double>(x.data(), x.size()));
  }
}

}  // namespace jacobench::coverage
