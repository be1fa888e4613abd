# The table in the README is what the committed result gives, to the character. Needs PROGRAM and SOURCE.
execute_process(COMMAND ${PROGRAM} table results/quick WORKING_DIRECTORY ${SOURCE}
                OUTPUT_VARIABLE table RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "jacobench table results/quick failed")
endif()
file(READ ${SOURCE}/README.md readme)
string(FIND "${readme}" "${table}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "README.md does not show the table of results/quick as it is; scripts/update_readme does")
endif()
