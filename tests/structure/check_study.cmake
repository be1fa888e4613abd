# The regression check: a quick study, run afresh, against its committed baseline: with ARGUMENTS "--exact" every figure to
# the bit; coverages, which go through BLAS, within their standard errors on both sides.
# Needs PROGRAM, SOURCE, STUDY, ARGUMENTS and WORK; the vector path is that of JACOBENCH_VECTOR_PATH.
execute_process(COMMAND ${PROGRAM} version RESULT_VARIABLE code ERROR_VARIABLE error OUTPUT_VARIABLE output)
if(NOT code EQUAL 0)
  if(error MATCHES "cannot run here")
    message(STATUS "[  SKIPPED ] ${error}")
    return()
  endif()
  message(FATAL_ERROR "jacobench version exited with ${code}: ${error}")
endif()
file(REMOVE_RECURSE ${WORK})
foreach(arguments "run;configs/${STUDY}.ini;--out;${WORK}"
                  "check;${WORK};--baseline;results/baselines/${STUDY}.json;${ARGUMENTS}")
  execute_process(COMMAND ${PROGRAM} ${arguments} WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "jacobench ${arguments} exited with ${code}")
  endif()
endforeach()
