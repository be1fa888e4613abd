// Writing one output's rows of J_y_theta for one batch, at once or a little at a time.
//
// Model: column W_l(i, j) is delta_l(:, i) o A_{l-1}(:, j), column b_l(i) is delta_l(:, i), and what leads into the
//        other outputs is zero.
// Cost:  8 n_rows P bytes written; as side work (kernel/side_work.hpp) they are spread over the computation of the
//        next batch, which hides one behind the other.
//
// A Jacobian larger than the cache is written past it (non-temporal stores): an ordinary store would first read the
// line that it is about to overwrite, and so cost twice the memory traffic or more.
// Source: Drepper (2007), "What every programmer should know about memory", sec. 6.1
#pragma once

#include <array>

#include "jacobench/jacobian/backward_pass.hpp"
#include "jacobench/kernel/side_work.hpp"

namespace jacobench {

enum class Stores { ordinary, streaming };

// The stores that suit a Jacobian of this many bytes.
Stores stores_for(Index bytes);

inline constexpr Index doubles_in_line = 8;  // of cache

// The doubles from p on before the next line starts.
Index doubles_to_line(const double* p);

class JacobianFill final : public SideWork {
 public:
  JacobianFill(const Perceptron& network, Index max_rows);

  // What is to be written, and where: the batch's first row is row first_row of J_y_theta. The passes must stay as
  // they are until finish().
  struct Task {
    const ForwardPass* forward;
    const BackwardPass* backward;
    Index output;
    Matrix* J_y_theta;
    Index first_row;
    // At least one row. Where batches overlap, a column is written from its first whole line in the batch to its first whole line
    // after n_owned rows, or as far as n_computed goes; and from the start in the batch that starts the columns.
    // Where they do not, its n_owned = n_computed rows are written.
    Index n_owned;
    Index n_computed;
    bool batches_overlap;
    bool starts_columns;
    Stores stores;
  };

  // Finishes the task before.
  void begin(const Task& task);

  // Writes so much that all is written after as many calls as the last task saw.
  void advance() override;

  // Writes all that is left, and makes it visible to other threads.
  void finish();

 private:
  // What is computed while the task is pending: 0, the next output of the batch; 1, a new batch.
  std::size_t kind() const { return task_.output + 1 == network_.n_outputs(); }

  void write(Index n_lines);
  void start_panel(Index layer, Index first_input);
  void start_unit(Index unit);
  void start_column();
  void go_to_next_unit();
  bool all_is_written() const { return layer_ == network_.n_layers(); }

  const Perceptron network_;
  Batch ones_, zeros_;
  Task task_{};
  void (*product_)(const double* delta, const double* a, double* out, Index n) = nullptr;
  Index share_ = 0;                 // lines a call
  std::array<Index, 2> n_calls_{};  // in the last task of each kind

  // A panel is a few inputs of a layer that stay in the first-level cache while the weights from them are gone
  // through, unit by unit; or the layer's biases, whose one input is the constant 1.
  Index layer_;
  Index panel_begin_ = 0, panel_end_ = 0;
  Index unit_ = 0;
  // The column being written is delta_ o a_.
  Index input_ = 0;
  const double* delta_ = nullptr;
  const double* a_ = nullptr;
  Index a_stride_ = 0;
  double* out_ = nullptr;
  Index row_ = 0;  // up to here it is written
  Index end_row_ = 0;
};

}  // namespace jacobench
