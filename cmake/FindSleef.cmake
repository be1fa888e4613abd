# SLEEF (vectorised elementary functions). Without it the activations run on the plain C++ library.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Sleef sleef::sleef sleef.h sleef "activations use the plain C++ library")
