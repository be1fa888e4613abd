// Writing one output's rows of J_y_theta for one batch.
//
// Model: column W_l(i, j) is delta_l(:, i) o A_{l-1}(:, j), column b_l(i) is delta_l(:, i), and what leads into the
//        other outputs is zero.
// Cost:  8 n_rows P bytes written
//
// A Jacobian larger than the cache is written past it (kernel/stores.hpp). Such stores take their time on the way to
// memory, in which a processor can compute: what is left of a batch may be written beside the passes of the next.
#pragma once

#include <utility>

#include "jacobench/jacobian/backward_pass.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/stores.hpp"

namespace jacobench {

using kernel::Stores;

inline constexpr Index doubles_in_line = 8;  // of cache

// The doubles from p on before the next line starts.
Index doubles_to_line(const double* p);

class JacobianFill {
 public:
  JacobianFill(const Perceptron& network, Index max_rows);
  JacobianFill(const JacobianFill&) = delete;
  JacobianFill& operator=(const JacobianFill&) = delete;

  // What is to be written, and where: the batch's first row is row first_row of J_y_theta.
  struct Task {
    const ForwardPass* forward = nullptr;
    const BackwardPass* backward = nullptr;
    Index output = 0;
    Matrix* J_y_theta = nullptr;
    Index first_row = 0;
    // At least one row. Where batches overlap, a column is written from its first whole line in the batch to its first
    // whole line after n_owned rows, or as far as n_computed goes; and from the start in the batch that starts the
    // columns. Where they do not, its n_owned = n_computed rows are written.
    Index n_owned = 0;
    Index n_computed = 0;
    bool batches_overlap = false;
    bool starts_columns = false;
    // Of one output, streaming: after the last row of J the first ones come again in the batch, as far as the next
    // column's first whole line, and this batch writes the lines that two columns share. No other has the rows of a
    // column before its first whole line.
    bool goes_round = false;
    Stores stores = Stores::ordinary;
  };

  // All at once. Other threads may see what it has written.
  void write(const Task& task);

  // The same of a task that streams, in parts: from begin() to write_rest() it and its passes stay as they are. (A copy
  // of the task would wait for the lines that are on their way, as would one of a run: lib/CMakeLists.txt.) What
  // beside() returns, null where nothing is left, is for others that do so much work (kernel/kernels.hpp), and
  // write_rest() writes what they have not. Other threads may see it after finish().
  void begin(const Task& task);
  void begin(const Task&& task) = delete;
  kernel::LinesBeside* beside(Index work);
  // Of a row, forward with slopes and backward from one output.
  Index work_of_passes() const { return work_of_passes_; }
  void write_rest();
  void forget_rest() { lines_.n_columns = 0; }
  static void finish();

 private:
  // Columns of the task that are written together: those of a layer's units from a panel of inputs, or their biases. Of
  // the top layer each unit is by itself: all but one of them are zero.
  struct Place {
    Index layer, unit, first_input, end_input;
    bool is_bias;
  };
  struct Lines final : kernel::LinesBeside {
    JacobianFill* fill;
  };

  void start(const Task& task);
  bool is_over() const { return at_.layer == network_.n_layers(); }
  bool is_at_top() const { return at_.layer + 1 == network_.n_layers(); }
  void advance();
  void begin_panel(Index first_input);
  kernel::LinesRun columns() const;
  // In its place: a copy would wait for the lines that are on their way (lib/CMakeLists.txt).
  void put_columns(kernel::LinesRun& run) const;
  kernel::ColumnRows rows_of_columns() const;
  void begin_round();
  void write_shared(const kernel::LinesRun& run);
  std::pair<const double*, const double*> source_of(Index parameter) const;
  Index lines_in_column() const;
  void take_run();

  const Perceptron network_;
  const Index work_of_passes_;
  Batch ones_, zeros_;
  const Task* task_ = nullptr;
  Place at_{};
  Index in_panel_ = 1;
  Index n_in_column_ = 0;      // lines of each column of the task
  bool has_ends_ = false;      // columns of the task have more rows than their lines
  bool shares_lines_ = false;  // columns of the task end, and share lines with the next
  Lines lines_{};
};

}  // namespace jacobench
