# SLEEF (vectorised elementary functions that are the same on all processors).
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Sleef sleef::sleef sleef.h sleef "")
if(NOT Sleef_FOUND)
  message(FATAL_ERROR "SLEEF is needed and was not found (Debian: libsleef-dev); scripts/setup installs it")
endif()
