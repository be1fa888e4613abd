// jacobench evaluate MODEL.json DATA.csv [--out FILE]
#include "jacobench/base/errors.hpp"
#include "jacobench/files/jacobian_stream.hpp"

#include "cli/command.hpp"
#include "cli/csv_options.hpp"
#include "cli/model_data.hpp"

namespace jacobench::cli {

int evaluate_command(const Invocation& invocation) {
  std::optional<std::string> out;
  std::optional<std::vector<std::string>> inputs;
  harness::OptionTable options;
  CsvDialect dialect;
  options.add("inputs",
              "columns of the data that are the inputs, in their order; auto: x0, x1, ..., or all" +
                  std::string(names_help),
              inputs, harness::value_or("auto", harness::list_of(harness::text())));
  add_csv_options(options, dialect);
  options.add("out", std::string(array_output_help), out, harness::value_or("-", harness::text()));
  const auto operands = read_operands(invocation, "evaluate", {&options});
  if (!operands) return all_well;
  if (operands->size() != 2)
    throw InputError("evaluate: needs a model file and a data file (see jacobench help evaluate)");

  ModelData data = read_model_data(invocation, operands->at(0), operands->at(1), inputs, dialect);
  write_array(out, invocation.out, values_header(data.scaled.model.network, data.n_rows), *operands,
              [&](ArrayWriter& writer) { write_values(data.scaled, data.inputs, writer); });
  return all_well;
}

}  // namespace jacobench::cli
