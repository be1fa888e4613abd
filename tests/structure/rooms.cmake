# The rooms of the house, in the order of the drawing in CONTRIBUTING.md, and what each may include.

# Those of lib/jacobench: each may include itself and those before it.
set(layers base kernel network jacobian verification fit inference files)

# Those of experiments, and what each may include beside itself (a regular expression).
set(experiments accuracy activations speed solvers coverage)
set(rooms_of_experiments options study networks peers run report ${experiments} cli)
set(may_include_options "nothing")
set(may_include_study "options")
set(may_include_networks "options|study")
set(may_include_peers "nothing")
set(may_include_run "options|study|networks")
set(may_include_report "options|study|networks|run")
foreach(experiment IN LISTS experiments)
  set(may_include_${experiment} "options|study|networks|peers|run|report")
endforeach()
# `list` shows the tables of the coverage experiment.
set(may_include_cli "options|study|networks|peers|run|report|coverage")
