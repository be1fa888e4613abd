# The regression check: a quick study, run afresh, against its committed baseline. The factor of 10 is one decimal digit:
# the largest of many rounding errors of a numeric strategy is a matter of luck, and other machines round otherwise; what
# the analytic strategies promise has no such slack, and coverages are held within their standard errors on both sides.
# Needs PROGRAM, SOURCE, STUDY and WORK.
file(REMOVE_RECURSE ${WORK})
foreach(arguments "run;configs/${STUDY}.ini;--out;${WORK}"
                  "check;${WORK};--baseline;results/baselines/${STUDY}.json;--factor;10")
  execute_process(COMMAND ${PROGRAM} ${arguments} WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "jacobench ${arguments} exited with ${code}")
  endif()
endforeach()
