// Arrays of doubles written row by row, as CSV or as NumPy .npy, in bounded memory.
#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

// The array to be written: its shape, first index slowest, and a name for each number of a row (all indices
// but the first).
struct ArrayHeader {
  std::vector<Index> shape;
  std::vector<std::string> names;
};

class ArrayWriter {
 public:
  virtual ~ArrayWriter() = default;

  // Whole rows, one after the other: as many numbers each as the header has names.
  virtual void write_rows(std::span<const double> rows) = 0;
};

// CSV: a line of names before the first row, then one line a row, each number in the shortest form that reads back to
// the same bits.
std::unique_ptr<ArrayWriter> make_csv_writer(std::ostream& out, const ArrayHeader& header);

// NumPy's format 1.0, little-endian doubles in C order; numpy.load reads it. The names are not part of it.
// Source: NumPy Enhancement Proposal 1.
std::unique_ptr<ArrayWriter> make_npy_writer(std::ostream& out, const ArrayHeader& header);

}  // namespace jacobench
