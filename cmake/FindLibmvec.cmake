# libmvec, the vector library of glibc: from version 2.35 on x86-64 it has expm1 and erfc for AVX2 and AVX-512.
# Without it these two come from SLEEF.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES mvec)
check_cxx_source_compiles("
  extern \"C\" int _ZGVdN4v_expm1(); extern \"C\" int _ZGVdN4v_erfc();
  extern \"C\" int _ZGVeN8v_expm1(); extern \"C\" int _ZGVeN8v_erfc();
  int main() { return _ZGVdN4v_expm1() + _ZGVdN4v_erfc() + _ZGVeN8v_expm1() + _ZGVeN8v_erfc(); }"
  Libmvec_FOUND)
unset(CMAKE_REQUIRED_LIBRARIES)
