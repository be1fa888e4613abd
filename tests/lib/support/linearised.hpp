// What tests of the inference ask of parameters and data, in a line each: all of it through the library's own engine.
#pragma once

#include <memory>

#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/intervals.hpp"

namespace jacobench::testing {

// A fit with these parts, whether it is at a minimum or not, and its tangent. Copies share both.
class Linearised {
 public:
  explicit Linearised(Fit fit)
      : fit_(std::make_shared<const Fit>(std::move(fit))),
        tangent_(std::make_shared<Tangent>(linearise(*fit_))) {}

  // It stands for one, which whoever is given it keeps by reference.
  operator Tangent&() const& { return *tangent_; }  // NOLINT(google-explicit-constructor)
  operator Tangent&() const&& = delete;             // NOLINT(google-explicit-constructor)
  Tangent* operator->() const { return tangent_.get(); }
  const Fit& fit() const { return *fit_; }

 private:
  std::shared_ptr<const Fit> fit_;
  std::shared_ptr<Tangent> tangent_;
};

inline Linearised linearised(const Perceptron& network, const Vector& theta, const Dataset& data,
                             const Vector& decay = {}, const JacobianChoice& jacobian = {}) {
  return Linearised({.network = network, .theta = theta, .data = data, .decay = decay, .jacobian = jacobian});
}

// d Y / d theta at new points.  Shapes: X0 [M x D], result [(M K) x P]
Matrix gradients_at(const Perceptron& network, const Vector& theta, const MatrixView& X0);

// Both bands by the method of this covariance, made as it was.
Bands bands_at(const Linearised& at, const Covariance& cov, const MatrixView& X0, BandOptions options = {});

struct BootstrapOptions {
  BootstrapKind kind = BootstrapKind::residual;
  Index n_replicates = 999;
  double level = 0.95;
  std::uint64_t seed = 1;
  Index n_threads = 1;
  Index max_refit_iterations = 200;
};

// Of both intervals of one kind of bootstrap.
struct BootstrapBands {
  Matrix fit, se;
  Matrix percentile_lower, percentile_upper;
  Matrix studentised_lower, studentised_upper;
  Index n_failed, n_unsettled, n_without_se;
  std::string reason;
};
BootstrapBands bootstrap(const Linearised& at, const Covariance& cov, const MatrixView& X0,
                         const BootstrapOptions& options = {});

}  // namespace jacobench::testing
