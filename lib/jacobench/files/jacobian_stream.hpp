// The Jacobian, or the values, of a model at the rows of a data file: computed and written a batch of
// observations at a time, so that memory does not grow with the file.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "jacobench/files/array_writer.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/verification/promise.hpp"

namespace jacobench {

struct JacobianRequest {
  const StrategyInfo* strategy;
  StrategyOptions options;
  Wrt wrt = Wrt::parameters;
  bool certify = false;  // hold every entry against the 50-digit reference; costs some microseconds an entry
};

// What the reference says of a whole file's Jacobian (measures as in verification/comparison.hpp).
struct Certificate {
  double max_scaled = 0;  // in units of 2^-53
  double max_relative_to_row = 0;
  PromiseOutcome promise = PromiseOutcome::not_promised;  // broken where any row breaks it
  std::string why_not_promised;                           // empty where something is promised
  std::optional<double> max_over_bound;                   // the largest error over what is promised
  Index n_overflows = 0;    // entries beyond double precision, of which nothing is certified
  std::string worst_entry;  // "row 3, y0:w1[2,0]", rows counted from 0
  double worst_computed = 0;
  double worst_reference = 0;
};

// The entry of a Jacobian in words: "row 3, y0:w1[2,0]", rows counted from 0. `row` and `column` are its place in a
// Jacobian of n_rows observations, the first of which is observation first_row.
std::string entry_name(const Perceptron& network, Wrt wrt, Index n_rows, Index row, Index column,
                       Index first_row = 0);

// One row an observation; in it, output by output, the derivatives in the order of theta or of the inputs.
// Shape [n_rows, K, P] or [n_rows, K, D]; names "y0:w1[2,3]", "y0:x2" (network/entry_names.hpp).
ArrayHeader jacobian_header(const Perceptron& network, Wrt wrt, Index n_rows);

// Writes one row for each row of `data`, whose columns are the inputs in their order, in the units of the data, each
// batch on a thread of its own beside the computation of the next; tells after each how many there are so far. A
// certificate where asked for: of the network's own entries, before they are scaled.
// Errors: InputError "row 3, y0:w1[2,0]: ..." for an entry that a double cannot hold, naming the unit that overflows
std::optional<Certificate> write_jacobian(const ScaledModel& scaled, CsvColumns& data,
                                          const JacobianRequest& request, ArrayWriter& writer,
                                          const std::function<void(Index)>& tell = {});

// Shape [n_rows, K]; names y0, y1, ...
ArrayHeader values_header(const Perceptron& network, Index n_rows);
void write_values(const ScaledModel& scaled, CsvColumns& data, ArrayWriter& writer);

}  // namespace jacobench
