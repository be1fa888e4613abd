# What every target of the project is compiled with. Floating point is strict: no fast-math, and no
# contraction of a*b+c behind the author's back, so that the rounding errors are those the headers derive.
add_library(jacobench_flags INTERFACE)
target_compile_features(jacobench_flags INTERFACE cxx_std_20)
target_compile_options(jacobench_flags INTERFACE -ffp-contract=off -fno-math-errno)
# Little of the code is in a hot loop, and -O3, the default of a Release build, costs a sixth more compile time.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(jacobench_flags INTERFACE -O2)
endif()

add_library(jacobench_warnings INTERFACE)
target_compile_options(jacobench_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms of GCC 12: bug 105593 (AVX-512 intrinsics), 105651 (std::string), 107852 (Boost.Multiprecision).
  target_compile_options(jacobench_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds)
endif()
if(JACOBENCH_WERROR)
  target_compile_options(jacobench_warnings INTERFACE -Werror)
endif()
