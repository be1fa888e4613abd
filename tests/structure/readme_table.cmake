# The fit in the README is the committed one, and its tables are what the committed results give, to the character. Needs
# PROGRAM and SOURCE.
file(READ ${SOURCE}/README.md readme)
file(READ ${SOURCE}/results/rat42/report.txt report)
string(FIND "${readme}" "${report}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "README.md does not show results/rat42/report.txt as it is; scripts/update_readme does")
endif()
foreach(command IN ITEMS "table results/quick" "table results/coverage_quick"
                         "join results/quick results/speed_quick results/coverage_quick")
  separate_arguments(arguments UNIX_COMMAND "${command}")
  execute_process(COMMAND ${PROGRAM} ${arguments} WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE table RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "jacobench ${command} failed")
  endif()
  string(FIND "${readme}" "${table}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "README.md does not show what jacobench ${command} prints; scripts/update_readme does")
  endif()
endforeach()
