# The accuracy regression check: the quick study, run afresh, against its committed baseline. The factor of 10 is one
# decimal digit: the largest of many rounding errors of a numeric strategy is a matter of luck, and other machines round
# otherwise; what the analytic strategies promise has no such slack. Needs PROGRAM, SOURCE and WORK.
file(REMOVE_RECURSE ${WORK})
foreach(arguments "run;configs/quick.ini;--out;${WORK}"
                  "check;${WORK};--baseline;results/baselines/quick.json;--factor;10")
  execute_process(COMMAND ${PROGRAM} ${arguments} WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "jacobench ${arguments} exited with ${code}")
  endif()
endforeach()
