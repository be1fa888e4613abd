// jacobench help [COMMAND]
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "options/print.hpp"

namespace jacobench::cli {

int help_command(const Invocation& invocation) {
  const auto operands = read_operands(invocation, "help", {});
  if (!operands) return all_well;
  if (operands->size() > 1) throw InputError("help: takes one command at most");
  if (operands->size() == 1 && operands->front() != "help") {
    const std::vector<std::string> help_option = {"--help"};
    Invocation asked = invocation;
    asked.arguments = help_option;
    return command_named(operands->front()).run(asked);
  }
  harness::print(invocation.out, "usage: jacobench COMMAND ...\n\n");
  for (const Command& command : command_table())
    harness::print(invocation.out, "  {:8} {}\n", command.name, command.summary);
  harness::print(invocation.out, "\njacobench help COMMAND says more about one of them.\n");
  return all_well;
}

}  // namespace jacobench::cli
