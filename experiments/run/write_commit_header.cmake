# Run at every build: writes the commit that is being built, and whether the tree differs from it, as a header.
# The header is rewritten only when that has changed, so that an unchanged tree compiles nothing.
#   cmake -D SOURCE=... -D HEADER=... -P write_commit_header.cmake
set(commit "unknown")
set(state "unknown")
find_program(GIT git)
if(GIT)
  # A tree that merely lies inside somebody else's repository has a prefix there, and no commit of its own.
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-prefix
                  OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE no_repository ERROR_QUIET)
  if(NOT no_repository AND prefix STREQUAL "")
    execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --verify HEAD
                    OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE no_commit ERROR_QUIET)
    execute_process(COMMAND ${GIT} -C ${SOURCE} status --porcelain
                    OUTPUT_VARIABLE changes RESULT_VARIABLE no_status ERROR_QUIET)
    if(NOT no_commit)
      set(commit "${head}")
    endif()
    if(NOT no_status)
      if(changes STREQUAL "")
        set(state "clean")
      else()
        set(state "dirty")
      endif()
    endif()
  endif()
endif()

set(text "#define JACOBENCH_COMMIT \"${commit}\"\n#define JACOBENCH_TREE_STATE \"${state}\"\n")
set(old "")
if(EXISTS ${HEADER})
  file(READ ${HEADER} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${HEADER} "${text}")
endif()
