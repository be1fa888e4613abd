// The program's commands, called as from a shell.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "run/progress.hpp"

namespace jacobench::testing {

struct Printed {
  int code;
  std::string out, err;
};

inline Printed run_program(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const harness::ProgressDisplay display{.out = err};
  const int code = cli::run_command_line(arguments, out, display, {});
  return {code, out.str(), err.str()};
}

}  // namespace jacobench::testing
