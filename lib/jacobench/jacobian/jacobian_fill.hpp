// Writing one output's rows of J_y_theta for one batch.
//
// Model: column W_l(i, j) is delta_l(:, i) o A_{l-1}(:, j), column b_l(i) is delta_l(:, i), and what leads into the
//        other outputs is zero.
// Cost:  8 n_rows P bytes written
//
// A Jacobian larger than the cache is written past it (non-temporal stores): an ordinary store would first read the
// line that it is about to overwrite, and so cost twice the memory traffic or more.
// Source: Drepper (2007), "What every programmer should know about memory", sec. 6.1
#pragma once

#include "jacobench/jacobian/backward_pass.hpp"

namespace jacobench {

enum class Stores { ordinary, streaming };

// Bytes up to which a matrix that is written once, column by column, is written through the caches
// (base/caches.hpp): the last one is not its alone, and what leaves a core's own takes its time.
Index most_bytes_in_cache();

// The stores that suit a Jacobian of this many bytes.
Stores stores_for(Index bytes);

inline constexpr Index doubles_in_line = 8;  // of cache

// The doubles from p on before the next line starts.
Index doubles_to_line(const double* p);

class JacobianFill {
 public:
  JacobianFill(const Perceptron& network, Index max_rows);

  // What is to be written, and where: the batch's first row is row first_row of J_y_theta.
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

  // Other threads may see what it has written.
  void write(const Task& task) const;

 private:
  const Perceptron network_;
  Batch ones_, zeros_;
};

}  // namespace jacobench
