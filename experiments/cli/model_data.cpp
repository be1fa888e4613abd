#include "cli/model_data.hpp"

#include <algorithm>
#include <functional>
#include <ostream>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/network/entry_names.hpp"

#include "cli/csv_options.hpp"
#include "cli/output.hpp"
#include "options/print.hpp"

namespace jacobench::cli {
namespace {

std::vector<std::string> choose_inputs(const std::filesystem::path& data_file, const Perceptron& network,
                                       const std::optional<std::vector<std::string>>& named,
                                       const CsvDialect& dialect) {
  const auto n_inputs = static_cast<std::size_t>(network.n_inputs());
  if (named) {
    if (named->size() != n_inputs)
      throw InputError("--inputs: names {} columns, the model has {} inputs; name one column an input",
                       named->size(), n_inputs);
    return *named;
  }
  std::vector<std::string> columns = csv_columns(data_file, dialect);
  std::vector<std::string> by_name;
  for (Index d = 0; d < network.n_inputs(); ++d) by_name.push_back(input_name(d));
  const auto n_named = std::count_if(by_name.begin(), by_name.end(), [&](const std::string& name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  });
  if (static_cast<std::size_t>(n_named) == n_inputs) return by_name;
  // Names like x0 that do not name every input would say one thing and their places another.
  const bool are_all_named = std::none_of(columns.begin(), columns.end(), std::mem_fn(&std::string::empty));
  if (n_named == 0 && columns.size() == n_inputs && are_all_named) return columns;
  std::vector<std::string> shown;
  shown.reserve(columns.size());
  for (const std::string& column : columns) shown.push_back(csv_cell(column));
  throw InputError(
      "{}: the columns ({}) do not say which are the model's {} inputs; {}", data_file.string(),
      joined(shown, ", "), n_inputs,
      columns.size() == 1 ? "say what separates columns with --separator" : "name them with --inputs");
}

}  // namespace

ModelData read_model_data(const Invocation& invocation, const std::filesystem::path& model_file,
                          const std::filesystem::path& data_file,
                          const std::optional<std::vector<std::string>>& input_columns,
                          const CsvDialect& dialect) {
  ScaledModel scaled = read_scaled_model(model_file);
  CsvColumns inputs(data_file, choose_inputs(data_file, scaled.model.network, input_columns, dialect),
                    dialect);
  if (inputs.n_rows() == 0)
    throw InputError("{}: has no rows under its header; give it one row an observation", data_file.string());
  if (inputs.n_left_out() > 0)
    harness::print(invocation.err, "{}: {}\n", data_file.string(), left_out_text(inputs.n_left_out()));
  const Index n_rows = inputs.n_rows();
  return {std::move(scaled), n_rows, std::move(inputs)};
}

ArraySize size_of(const ArrayHeader& header, const std::optional<std::string>& file) {
  double n_numbers = 1;
  for (const Index n : header.shape) n_numbers *= static_cast<double>(n);
  // Of a number in its shortest form and what parts it from the next.
  constexpr double least = 2, usual = 20;
  if (file && file->ends_with(".npy")) return {sizeof(double) * n_numbers, sizeof(double) * n_numbers};
  return {least * n_numbers, usual * n_numbers};
}

void write_array(const std::optional<std::string>& name, std::ostream& out, const ArrayHeader& header,
                 const std::vector<std::string>& inputs, const std::function<void(ArrayWriter&)>& write) {
  const std::string file = name.value_or("-");
  Output output("out", file, inputs, out);
  const bool is_npy = file.ends_with(".npy");
  if (output.is_regular() && !is_npy && !file.ends_with(".csv"))
    throw InputError("--out: {} ends in neither .csv nor .npy; name the format by the ending", file);
  output.expect_room_for(size_of(header, name).least);
  write(*(is_npy ? make_npy_writer(output.stream(), header) : make_csv_writer(output.stream(), header)));
  output.commit();
}

}  // namespace jacobench::cli
