// (J'J)^-1 by ceres::Covariance, in a library of its own.
//
// Plain pointers only, and a shared library that shows nothing else: Ceres' archive holds Eigen's templates compiled
// for another instruction set, with another alignment, and the linker would mix them with ours.
#pragma once

namespace jacobench::testing {

// J [n_rows x n_params], row-major; inverse [n_params x n_params]. Returns whether Ceres could compute it.
[[gnu::visibility("default")]] bool covariance_by_ceres(const double* J, int n_rows, int n_params,
                                                        double* inverse);

}  // namespace jacobench::testing
