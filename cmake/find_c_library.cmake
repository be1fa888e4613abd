# Finds a C library that has no CMake package by one header and its file: find_c_library(NAME TARGET HEADER FILE WITHOUT)
# sets NAME_FOUND and, in capitals, NAME_INCLUDE_DIR and NAME_LIBRARY, and makes the imported target. Where it is not
# found, a line says what is done WITHOUT it. Further arguments are folders to look for the header in.
function(find_c_library name target header file without)
  string(TOUPPER ${name} prefix)
  find_path(${prefix}_INCLUDE_DIR ${header} PATH_SUFFIXES ${ARGN})
  find_library(${prefix}_LIBRARY ${file})
  if(NOT (${prefix}_INCLUDE_DIR AND ${prefix}_LIBRARY))
    set(${name}_FOUND FALSE PARENT_SCOPE)
    message(STATUS "${name} not found: ${without}")
    return()
  endif()
  set(${name}_FOUND TRUE PARENT_SCOPE)
  if(NOT TARGET ${target})
    add_library(${target} UNKNOWN IMPORTED)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${${prefix}_LIBRARY}"
                          INTERFACE_INCLUDE_DIRECTORIES "${${prefix}_INCLUDE_DIR}")
  endif()
endfunction()
