# OpenBLAS through its C interface, for the matrix products that are nothing but matrix products. Without it they run
# on Eigen's own kernels.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(OpenBLAS openblas::openblas cblas.h openblas "products with the Jacobian use Eigen's own kernels"
               openblas openblas-pthread openblas-serial openblas-openmp)
