# OpenBLAS through its C interface, for the matrix products that are nothing but matrix products. Without it they run
# on Eigen's own kernels.
find_path(OPENBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas openblas-pthread openblas-serial openblas-openmp)
find_library(OPENBLAS_LIBRARY openblas)
if(OPENBLAS_INCLUDE_DIR AND OPENBLAS_LIBRARY)
  set(OpenBLAS_FOUND TRUE)
  if(NOT TARGET openblas::openblas)
    add_library(openblas::openblas UNKNOWN IMPORTED)
    set_target_properties(openblas::openblas PROPERTIES IMPORTED_LOCATION ${OPENBLAS_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS_INCLUDE_DIR})
  endif()
else()
  set(OpenBLAS_FOUND FALSE)
  message(STATUS "OpenBLAS not found: products with the Jacobian use Eigen's own kernels")
endif()
