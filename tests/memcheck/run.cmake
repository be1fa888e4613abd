# Every command of the program under valgrind, on small inputs: an error is a read of memory that nothing was written to, which
# AddressSanitizer does not see. Needs PROGRAM, SOURCE, WORK and VALGRIND.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

set(found_by_valgrind 99)

# Runs the program on the arguments after the exit code that it is to end with, and on the file `input`.
set(input /dev/null)
function(run wanted)
  execute_process(
    COMMAND ${VALGRIND} --quiet --error-exitcode=${found_by_valgrind} ${PROGRAM} ${ARGN}
    WORKING_DIRECTORY ${WORK} INPUT_FILE ${input} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT code EQUAL wanted)
    string(REPLACE ";" " " arguments "${ARGN}")
    message(FATAL_ERROR "jacobench ${arguments}: exit code ${code}, want ${wanted}\n${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

set(rat42 ${SOURCE}/configs/rat42)
run(0 fit ${rat42}/rat42.csv --outputs yield --from ${rat42}/start.json --starts 2 --decay 0 --out fit.json
    --diagnostics d.csv)
run(0 fit ${rat42}/rat42.csv --outputs yield --hidden 1 --starts 2 --decay 0.01 --decay_biases yes --out decayed.json)
run(0 fit ${rat42}/rat42.csv --outputs yield --hidden 1 --starts 2)

# Bands by every method of the table; those that need a decay have their reason, and exit code 1.
run(0 list interval_methods)
string(REGEX MATCHALL "\n +[a-z][a-z0-9_]+ " methods "${out}")
list(TRANSFORM methods STRIP)
list(JOIN methods "," methods)
run(1 interval fit.json --grid_points 2 --replicates 39 --method ${methods} --kind mean,prediction)
run(1 interval decayed.json --grid_points 2 --replicates 39 --method ${methods} --kind mean,prediction)
run(0 interval fit.json --grid_points 2 --simultaneous sup_t --input_noise 0.5)

file(WRITE ${WORK}/points.csv "x0\n1\n2\n")
foreach(strategy IN ITEMS per_parameter layerwise ceres_forward ceres_central ceres_ridders)
  run(0 jacobian ${rat42}/start.json points.csv --strategy ${strategy} --out J.csv)
endforeach()
run(0 evaluate ${rat42}/start.json points.csv --out y.csv)

run(0 run ${SOURCE}/configs/coverage_quick.ini --network.hidden 3 --replicates.number 10 --out coverage)
run(0 run ${SOURCE}/configs/quick.ini --network.hidden 3 --data.rows 4 --out accuracy)
run(0 check accuracy --baseline baseline.json --update)
run(0 check accuracy --baseline baseline.json)
run(0 table accuracy)
run(0 run ${SOURCE}/configs/speed_quick.ini --network.hidden 3 --data.rows 4 --out speed)
run(0 compare speed speed --force)
run(0 join accuracy speed)
run(0 report accuracy speed --out report.html)
run(0 report fit.json --figure bands --out bands.svg)
set(input ${WORK}/messages.jsonl)
file(WRITE ${input} [=[{"id": 0, "kind": "evaluate", "module": "mlp", "function": "jacobian", "input": ]=]
     [=[{"x": [[1, 2]], "layers": [{"activation": "tanh", "weights": [[1, 2]], "bias": [0]}]}}]=])
run(0 gradbench)
set(input /dev/null)
run(0 list)
run(0 version)
run(0 help fit)
