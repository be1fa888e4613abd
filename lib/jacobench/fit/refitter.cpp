#include "jacobench/fit/refitter.hpp"

#include <limits>

#include "jacobench/base/errors.hpp"

namespace jacobench {

Refitter::Refitter(const Perceptron& network, const Dataset& like, RefitOptions options)
    : options_(std::move(options)),
      scaling_(network, like.X, like.Y),
      residuals_(network, like, options_.decay, scaling_, options_.jacobian),
      polisher_(residuals_),
      tau_(network.n_params()),
      best_{Vector(network.n_params()), 0, Stop::not_finite, 0} {}

const Refit& Refitter::refit(const Dataset& data, const MatrixView& starts) {
  JB_EXPECT(starts.rows() == tau_.size() && starts.cols() > 0, "starts are {} x {}, want {} x 1 or more",
            starts.rows(), starts.cols(), tau_.size());
  residuals_.set_data(data);
  double lowest = std::numeric_limits<double>::infinity();
  best_.stop = Stop::not_finite;
  best_.n_iterations = 0;
  for (Index s = 0; s < starts.cols(); ++s) {
    tau_ = starts.col(s);
    scaling_.make_scaled(tau_);
    const Polished polished = polisher_.polish(
        tau_, {.max_iterations = options_.max_iterations, .relative_offset = options_.relative_offset});
    best_.n_iterations += polished.n_iterations;
    if (!(polished.objective < lowest)) continue;
    lowest = polished.objective;
    best_.theta = tau_;
    best_.stop = polished.stop;
  }
  best_.objective = lowest * residuals_.unit() * residuals_.unit();
  if (best_.is_finite()) scaling_.make_user(best_.theta);
  return best_;
}

}  // namespace jacobench
