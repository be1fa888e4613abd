#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/conformal.hpp"

namespace jacobench {
namespace {

constexpr const char* split_name = "split_conformal";

Index n_scored(Index n_observations) { return n_observations / 2; }

// The fit to the first half may know nothing of the second: it starts from drawn parameters, not from the estimate.
LeftOut leave_out_half(Tangent& at, const IntervalOptions& options, std::uint64_t seed) {
  const Fit& fit = at.fit();
  std::vector<Index> fitted = shuffled(at.n_observations(), seed, split_name);
  LeftOut left_out;
  left_out.rows.assign(fitted.end() - n_scored(at.n_observations()), fitted.end());
  left_out.fit_of.assign(left_out.rows.size(), 0);
  fitted.resize(fitted.size() - left_out.rows.size());
  const Dataset half = fit.data.rows(fitted);
  Fitter fitter(fit.network, half,
                {.n_starts = options.n_starts,
                 .seed = seed,
                 .decay = fit.decay,
                 .max_iterations = options.max_refit_iterations,
                 .relative_offset = 1e-7,
                 .jacobian = fit.jacobian,
                 .n_threads = options.n_threads});
  const Fit& again = fitter.fit(half);
  left_out.theta = again.theta;
  left_out.refits = {1, again.has_settled() ? 0 : 1};
  return left_out;
}

}  // namespace

IntervalMethod split_conformal_method() {
  IntervalMethod method =
      conformal_method(split_name, "a fit to half of the data, and the sizes of its errors in the other half",
                       "f_T(x0) -+ q(R), R_i = |y_i - f_T(x_i)| of the other half", leave_out_half,
                       "Lei et al. (2018), JASA 113(523)");
  method.exact_coverage = [](Index n_observations, double level) {
    return split_conformal_coverage(n_scored(n_observations), level);
  };
  return method;
}

}  // namespace jacobench
