# SLEEF (vectorised elementary functions). Without it the activations run on the plain C++ library.
find_path(SLEEF_INCLUDE_DIR sleef.h)
find_library(SLEEF_LIBRARY sleef)
if(SLEEF_INCLUDE_DIR AND SLEEF_LIBRARY)
  set(Sleef_FOUND TRUE)
  if(NOT TARGET sleef::sleef)
    add_library(sleef::sleef UNKNOWN IMPORTED)
    set_target_properties(sleef::sleef PROPERTIES IMPORTED_LOCATION ${SLEEF_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${SLEEF_INCLUDE_DIR})
  endif()
else()
  set(Sleef_FOUND FALSE)
  message(STATUS "SLEEF not found: activations use the plain C++ library")
endif()
