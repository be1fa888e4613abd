#include "support/ceres_covariance.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <ceres/ceres.h>

namespace jacobench::testing {
namespace {

class LinearResiduals final : public ceres::CostFunction {
 public:
  LinearResiduals(const double* J, int n_rows, int n_params) : J_(J) {
    set_num_residuals(n_rows);
    mutable_parameter_block_sizes()->push_back(n_params);
  }

  bool Evaluate(double const* const*, double* residuals, double** jacobians) const override {
    std::fill_n(residuals, num_residuals(), 0.0);
    if (jacobians && jacobians[0])
      std::copy_n(J_, num_residuals() * parameter_block_sizes()[0], jacobians[0]);
    return true;
  }

 private:
  const double* J_;
};

}  // namespace

bool covariance_by_ceres(const double* J, int n_rows, int n_params, double* inverse) {
  std::vector<double> theta(static_cast<std::size_t>(n_params));
  ceres::Problem problem;
  problem.AddResidualBlock(new LinearResiduals(J, n_rows, n_params), nullptr, theta.data());
  ceres::Covariance::Options options;
  options.algorithm_type = ceres::DENSE_SVD;
  ceres::Covariance covariance(options);
  const std::vector<std::pair<const double*, const double*>> blocks{{theta.data(), theta.data()}};
  return covariance.Compute(blocks, &problem) &&
         covariance.GetCovarianceBlock(theta.data(), theta.data(), inverse);
}

}  // namespace jacobench::testing
