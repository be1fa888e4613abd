# Runs a script that needs numpy, with a folder to write to, and reads its rows.jsonl into `rows`; without numpy the test that
# includes this is skipped. Needs PYTHON, SOURCE and WORK.
macro(read_script_rows script)
  execute_process(COMMAND ${PYTHON} -c "import numpy, scipy" RESULT_VARIABLE code ERROR_VARIABLE error)
  if(NOT code EQUAL 0)
    message(STATUS "[  SKIPPED ] ${PYTHON} has no numpy or no scipy; scripts/setup solvers installs them")
    return()
  endif()
  file(REMOVE_RECURSE ${WORK})
  execute_process(COMMAND ${PYTHON} ${SOURCE}/scripts/${script} --out ${WORK} ${ARGN}
                  RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE error)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${script} exited with ${code}: ${error}")
  endif()
  file(STRINGS ${WORK}/rows.jsonl rows)
endmacro()
