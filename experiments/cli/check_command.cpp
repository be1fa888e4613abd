// jacobench check RESULT --baseline FILE [--factor 2 | --exact] [--update]
#include <filesystem>
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"
#include "report/check.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

void print_lines(std::ostream& out, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) harness::print(out, "{}\n", one_line(line));
}

int say_whether_it_holds(const std::vector<std::string>& problems, const StoredResult& result,
                         std::ostream& out) {
  print_lines(out, problems);
  if (problems.empty())
    harness::print(out, "all {} cells hold\n", result.rows.size());
  else
    harness::print(out, "{} problems in {} cells\n", problems.size(), result.rows.size());
  return problems.empty() ? all_well : not_all_well;
}

int update(const std::string& file, const StoredResult& result, const Invocation& invocation) {
  Output output("baseline", file, {}, invocation.out);
  std::ostream& out = output.is_standard_output() ? invocation.err : invocation.out;
  const std::vector<std::string> problems = problems_of(result);
  if (!problems.empty()) {
    print_lines(out, problems);
    harness::print(out, "{} is not updated: {} problems in the result\n", file, problems.size());
    return not_all_well;
  }
  const bool has_baseline = output.is_regular() && std::filesystem::exists(file);
  const Baseline before = has_baseline ? read_baseline(file) : Baseline{};
  const Baseline now = baseline_of(result);
  const std::vector<std::string> lines = changes(before, now);
  if (!lines.empty() || !has_baseline) {
    output.stream() << to_baseline_text(now);
    output.commit();
  }
  print_lines(out, lines);
  harness::print(out, "{}: {} changes, {} cells\n", file, lines.size(), now.cells.size());
  return all_well;
}

}  // namespace

int check_command(const Invocation& invocation) {
  std::string baseline;
  double factor = 2;
  bool wants_exact = false, wants_update = false;
  OptionTable own;
  own.add("baseline", "file of the figures to hold the result against", baseline, text());
  own.add("factor", "how many times the baseline's figure is still good", factor, real_number(1, 1e6));
  own.add_flag("exact", "hold every figure of the baseline to the bit, instead", wants_exact);
  own.add_flag("update",
               "write the baseline from this result instead, and say what changes; to -: it is printed, and "
               "the changes go to standard error",
               wants_update);
  const auto operands = read_operands(invocation, "check", {&own});
  if (!operands) return all_well;
  if (operands->size() != 1)
    throw InputError("check: one result is wanted: jacobench check RESULT --baseline FILE");
  if (baseline.empty())
    throw InputError("check: --baseline is missing: jacobench check RESULT --baseline FILE");

  const StoredResult result = read_result(operands->front(), invocation.experiments, invocation.err);
  if (wants_update) return update(baseline, result, invocation);
  const Baseline before = read_baseline(baseline);
  return say_whether_it_holds(
      wants_exact ? problems_to_the_bit(before, result) : problems_against(before, result, factor), result,
      invocation.out);
}

}  // namespace jacobench::cli
