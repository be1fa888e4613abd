#include "cli/command_line.hpp"

#include <exception>
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "options/message.hpp"
#include "options/print.hpp"

namespace jacobench::cli {
namespace {

// The name of the command that the first argument means: --help and --version are commands as well.
std::string command_name(const std::string& first_argument) {
  if (first_argument == "--help" || first_argument == "-h") return "help";
  if (first_argument == "--version") return "version";
  return first_argument;
}

int dispatch(std::span<const std::string> arguments, std::ostream& out,
             const harness::ProgressDisplay& display, std::span<const harness::ExperimentInfo> experiments,
             std::optional<std::size_t> width) {
  if (arguments.empty()) throw InputError("no command is given; see jacobench help");
  const Command& command = command_named(command_name(arguments.front()));
  return command.run({arguments.subspan(1), experiments, out, display.out, display, width});
}

}  // namespace

int run_command_line(std::span<const std::string> arguments, std::ostream& out,
                     const harness::ProgressDisplay& display,
                     std::span<const harness::ExperimentInfo> experiments, std::optional<std::size_t> width) {
  std::ostream& err = display.out;
  try {
    return dispatch(arguments, out, display, experiments, width);
  } catch (const InputError& error) {
    harness::print(err, "jacobench: {}\n", harness::one_line(error.what()));
    return wrong_input;
  } catch (const std::exception& error) {
    harness::print(err, "jacobench: {} (this is a bug in jacobench)\n", harness::one_line(error.what()));
    return bug;
  } catch (...) {
    harness::print(err, "jacobench: an unknown error (this is a bug in jacobench)\n");
    return bug;
  }
}

}  // namespace jacobench::cli
