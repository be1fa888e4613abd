# No test takes a maximum that may pass over NaN, for an assertion on it could not fail: maxCoeff() and minCoeff() of
# Eigen are named as maxCoeff<Eigen::PropagateNaN>() only, and the maximum norm not at all. Assertions on all entries
# are in tests/lib/support/entrywise.hpp. Needs ROOT, a tree with tests/.
set(drops_nan "(max|min)Coeff *(\\(|<[^>]*Propagate(Fast|Numbers))|lpNorm *<[^>]*Infinity")

set(problems "")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/tests/*.?pp)
list(FILTER files EXCLUDE REGEX "^tests/structure/wrong_tree/")
list(SORT files)
foreach(file IN LISTS files)
  # A comment may name them.
  file(STRINGS ${ROOT}/${file} lines REGEX "^([^/]|/[^/])*(${drops_nan})")
  if(lines)
    string(APPEND problems "\n  ${file}: ${lines}")
  endif()
endforeach()

list(LENGTH files n_files)
if(n_files EQUAL 0)
  message(FATAL_ERROR "${ROOT}: no tests found")
endif()
if(problems)
  message(FATAL_ERROR "maxima that may pass over NaN:${problems}")
endif()
message(STATUS "${n_files} files, none of which takes a maximum that may pass over NaN")
