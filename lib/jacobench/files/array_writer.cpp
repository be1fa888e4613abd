#include "jacobench/files/array_writer.hpp"

#include <bit>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"

namespace jacobench {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the .npy writer writes numbers as they are in memory");

class CsvWriter final : public ArrayWriter {
 public:
  CsvWriter(std::ostream& out, const ArrayHeader& header) : out_(out), n_columns_(header.names.size()) {
    for (const std::string& name : header.names) names_ += (names_.empty() ? "" : ",") + csv_cell(name);
    names_ += '\n';
  }

  // The names stand before the first row, so that nothing is printed where there is none.
  void write_rows(std::span<const double> rows) override {
    out_ << names_;
    names_.clear();
    for (; !rows.empty(); rows = rows.subspan(n_columns_))
      out_ << fmt::format("{}\n", fmt::join(rows.first(n_columns_), ","));
  }

 private:
  std::ostream& out_;
  std::size_t n_columns_;
  std::string names_;
};

class NpyWriter final : public ArrayWriter {
 public:
  NpyWriter(std::ostream& out, const ArrayHeader& header) : out_(out) {
    constexpr std::size_t alignment = 64, preamble = 10;  // magic, version and length take ten bytes
    std::string text = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}",
                                   fmt::join(header.shape, ", "));
    text.append((2 * alignment - (preamble + text.size() + 1) % alignment) % alignment, ' ');
    text += '\n';
    const std::size_t length = text.size();
    JB_EXPECT(length < 65536, "a header of {} bytes", length);
    out_ << "\x93NUMPY" << '\x01' << '\x00' << static_cast<char>(length % 256)
         << static_cast<char>(length / 256) << text;
  }

  void write_rows(std::span<const double> rows) override {
    out_.write(reinterpret_cast<const char*>(rows.data()), static_cast<std::streamsize>(rows.size_bytes()));
  }

 private:
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<ArrayWriter> make_csv_writer(std::ostream& out, const ArrayHeader& header) {
  return std::make_unique<CsvWriter>(out, header);
}

std::unique_ptr<ArrayWriter> make_npy_writer(std::ostream& out, const ArrayHeader& header) {
  return std::make_unique<NpyWriter>(out, header);
}

}  // namespace jacobench
