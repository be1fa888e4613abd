// What `jacobian` and `evaluate` share: a model, a data file whose columns are its inputs, and where the
// numbers go.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jacobench/files/array_writer.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"

#include "cli/command.hpp"

namespace jacobench::cli {

struct ModelData {
  ScaledModel scaled;
  Index n_rows;
  CsvColumns inputs;
};

// Reads the model, and the data file once to its end, so that whatever is wrong with either is known before
// anything is written. The inputs are the columns named; else x0, x1, ... where the file has all of them; else
// all columns of a file that has as many as the network has inputs and none of these names. Rows that are left out
// for a missing value are counted in a message.
// Errors: InputError
ModelData read_model_data(const Invocation& invocation, const std::filesystem::path& model_file,
                          const std::filesystem::path& data_file,
                          const std::optional<std::vector<std::string>>& input_columns,
                          const CsvDialect& dialect);

// Help of the option that names what write_array writes.
inline constexpr std::string_view array_output_help =
    "file to write, .csv or .npy by its ending; a pipe or device of another name gets CSV; -: CSV is printed";

// What an array takes as a file, in bytes: as .npy; as CSV at least, and about what it usually does.
struct ArraySize {
  double least, usual;
};
ArraySize size_of(const ArrayHeader& header, const std::optional<std::string>& file);

// Calls `write` with a writer to the Output of this name, or to `out` where there is none: .npy by its ending,
// else CSV, which a regular file is to end in .csv for. `inputs` are the files being read.
// Errors: InputError where the file cannot be written, has another ending, is one of the inputs, or has no room on its
//         disk
void write_array(const std::optional<std::string>& file, std::ostream& out, const ArrayHeader& header,
                 const std::vector<std::string>& inputs, const std::function<void(ArrayWriter&)>& write);

}  // namespace jacobench::cli
