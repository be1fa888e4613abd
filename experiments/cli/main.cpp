#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "study/experiment_table.hpp"

namespace {

// Whether standard output is a pipe that nobody reads any more: they have seen enough, and need no message.
bool reader_has_gone() {
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace jacobench;
  // A reader that has gone (| head) must not end a run: writing then fails, and that is seen below.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  const std::vector<std::string> arguments(argv + (argc > 0), argv + argc);
  const int code = cli::run_command_line(arguments, std::cout, harness::standard_error_display(),
                                         harness::experiment_table(), harness::terminal_width(STDOUT_FILENO));
  std::cout.flush();
  if (std::cout || code != cli::all_well) return code;
  if (!reader_has_gone()) std::cerr << "jacobench: standard output could not be written\n";
  return cli::wrong_input;
}
