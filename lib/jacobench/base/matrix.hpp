// The matrix types of the library: column-major double, so that the observations of one column are
// contiguous.
#pragma once

#include <Eigen/Core>

static_assert(
    EIGEN_MAX_ALIGN_BYTES == 16 && EIGEN_MALLOC_ALREADY_ALIGNED == 1,
    "compile with -DEIGEN_MAX_ALIGN_BYTES=16 -DEIGEN_MALLOC_ALREADY_ALIGNED=1, as jacobench is (the CMake "
    "target "
    "jacobench::jacobench does): a matrix that one side makes and the other frees must be allocated alike");

namespace jacobench {

using Index = Eigen::Index;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Read-only views that take any contiguous-column matrix or vector without a copy.
using MatrixView = Eigen::Ref<const Matrix>;
using VectorView = Eigen::Ref<const Vector>;

// One unit of roundoff of double precision, the unit in which errors are stated.
inline constexpr double unit_roundoff = 0x1p-53;

}  // namespace jacobench
