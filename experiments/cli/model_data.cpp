#include "cli/model_data.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/ranges.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench::cli {
namespace {

std::vector<std::string> choose_inputs(const std::filesystem::path& data_file, const Perceptron& network,
                                       const std::optional<std::vector<std::string>>& named) {
  std::vector<std::string> columns = CsvReader(data_file).columns();
  const auto n_inputs = static_cast<std::size_t>(network.n_inputs());
  if (named) {
    if (named->size() != n_inputs)
      throw InputError("--inputs: names {} columns, the model has {} inputs; name one column an input",
                       named->size(), n_inputs);
    return *named;
  }
  if (columns.size() == n_inputs) return columns;
  std::vector<std::string> x;
  for (Index d = 0; d < network.n_inputs(); ++d) x.push_back(input_name(d));
  const bool has_all = std::all_of(x.begin(), x.end(), [&](const std::string& name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  });
  if (!has_all)
    throw InputError("{}: has {} columns ({}), the model {} inputs; say which with --inputs",
                     data_file.string(), columns.size(), fmt::join(columns, ", "), n_inputs);
  return x;
}

}  // namespace

ModelData read_model_data(const std::filesystem::path& model_file, const std::filesystem::path& data_file,
                          const std::optional<std::vector<std::string>>& input_columns) {
  Model model = read_model(model_file);
  const std::vector<std::string> inputs = choose_inputs(data_file, model.network, input_columns);
  const Index n_rows = count_csv_rows(data_file);
  if (n_rows == 0) throw InputError("{}: has no rows under its header", data_file.string());
  return {std::move(model), n_rows, CsvColumns(data_file, inputs)};
}

void write_array(const std::optional<std::string>& name, std::ostream& out, const ArrayHeader& header,
                 const std::function<void(ArrayWriter&)>& write) {
  if (!name) return write(*make_csv_writer(out, header));
  const std::string& file = *name;
  const bool is_npy = file.ends_with(".npy");
  if (!is_npy && !file.ends_with(".csv"))
    throw InputError("--out: {} ends in neither .csv nor .npy; name the format by the ending", file);
  const std::filesystem::path partial = file + ".partial";
  try {
    std::ofstream stream(partial, std::ios::binary);
    if (!stream) throw InputError("--out: {} cannot be written; check the folder", file);
    write(*(is_npy ? make_npy_writer(stream, header) : make_csv_writer(stream, header)));
    stream.close();
    if (!stream) throw InputError("--out: {} cannot be written to its end; is the disk full?", file);
    std::filesystem::rename(partial, file);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
}

}  // namespace jacobench::cli
