#include "jacobench/jacobian/jacobian_fill.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "jacobench/base/caches.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {

Index doubles_to_line(const double* p) {
  return static_cast<Index>(-(reinterpret_cast<std::uintptr_t>(p) / sizeof(double)) % doubles_in_line);
}

namespace {

Index work_of_passes(const Perceptron& network) {
  Index work = 0;
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    const Index n_from_above = l + 1 == network.n_layers() ? 1 : layer.n_units;
    const auto& phi = kernel::kernels().activations[static_cast<std::size_t>(layer.activation)];
    work += layer.n_units * (kernel::work_of_sum(layer.n_inputs) + phi.work);
    if (l > 0) work += layer.n_inputs * kernel::work_of_sum(n_from_above);
  }
  return work;
}

}  // namespace

JacobianFill::JacobianFill(const Perceptron& network, Index max_rows)
    : network_(network),
      work_of_passes_(jacobench::work_of_passes(network)),
      ones_(max_rows, 1),
      zeros_(max_rows, 1) {
  ones_.rows(max_rows).setOnes();
  lines_.fill = this;
  lines_.take_run = [](kernel::LinesBeside& lines) { static_cast<Lines&>(lines).fill->take_run(); };
}

void JacobianFill::start(const Task& task) {
  task_ = &task;
  // So many inputs of a layer stay in the first-level cache, beside a column that is written, while the weights
  // from them are gone through, unit by unit.
  const Index bytes_a_column = task.n_owned * static_cast<Index>(sizeof(double));
  in_panel_ = std::max<Index>(caches().first * 3 / 4 / bytes_a_column, 1);
  at_ = {};
  begin_panel(0);
}

void JacobianFill::begin_panel(Index first_input) {
  at_.unit = 0;
  at_.first_input = first_input;
  at_.end_input = std::min(first_input + in_panel_, network_.layer(at_.layer).n_inputs);
}

void JacobianFill::advance() {
  const Layer& layer = network_.layer(at_.layer);
  if (is_at_top() && ++at_.unit < layer.n_units) return;
  if (!at_.is_bias && at_.end_input < layer.n_inputs) return begin_panel(at_.end_input);
  at_.unit = 0;
  at_.is_bias = !at_.is_bias && layer.has_bias();
  if (at_.is_bias) return;
  ++at_.layer;
  if (!is_over()) begin_panel(0);
}

kernel::LinesRun JacobianFill::columns() const {
  kernel::LinesRun run;
  put_columns(run);
  return run;
}

void JacobianFill::put_columns(kernel::LinesRun& run) const {
  const Layer& layer = network_.layer(at_.layer);
  const Batch& delta = task_->backward->delta(at_.layer);
  const Batch& inputs = task_->forward->below(at_.layer);
  const Index n_units = is_at_top() ? 1 : layer.n_units;
  const Index parameter =
      at_.is_bias ? layer.bias_at + at_.unit : layer.weights_at + at_.unit * layer.n_inputs + at_.first_input;
  run.out = &(*task_->J_y_theta)(task_->first_row, parameter);
  run.out_stride = task_->J_y_theta->outerStride();
  run.out_stride_of_a = layer.n_inputs * run.out_stride;
  run.n_in_column = n_in_column_;
  if (at_.is_bias) {
    run.a = ones_.column(0);
    run.b = delta.column(at_.unit);
    run.n_a = 1;
    run.n_b = n_units;
    run.a_stride = 0;
    run.b_stride = delta.view().stride;
  } else {
    run.a = delta.column(at_.unit);
    run.b = inputs.column(at_.first_input);
    run.n_a = n_units;
    run.n_b = at_.end_input - at_.first_input;
    run.a_stride = delta.view().stride;
    run.b_stride = inputs.view().stride;
  }
  if (is_at_top() && at_.unit != task_->output) {
    run.a = run.b = zeros_.column(0);
    run.b_stride = 0;
  }
}

void JacobianFill::write(const Task& task) {
  if (task.stores == Stores::streaming) {
    begin(task);
    write_rest();
    return finish();
  }
  const auto write_columns = kernel::kernels().write_columns;
  for (start(task); !is_over(); advance()) write_columns(columns(), rows_of_columns());
}

// Of this batch.
kernel::ColumnRows JacobianFill::rows_of_columns() const {
  return {.have_first = task_->starts_columns || !task_->batches_overlap,
          .end_as_they_begin = task_->batches_overlap,
          .n_rows = task_->n_owned,
          .most_rows = task_->n_computed};
}

void JacobianFill::begin(const Task& task) {
  start(task);
  // All rows of J at once: nothing comes after that they could be written beside.
  if (task.n_owned == task.J_y_theta->outerStride() && task.n_owned >= doubles_in_line) {
    for (; !is_over(); advance()) kernel::kernels().stream_stretch(columns(), task.n_owned);
    return forget_rest();
  }
  if (task.goes_round) {
    begin_round();
    return take_run();
  }
  shares_lines_ = false;
  n_in_column_ = lines_in_column();
  const bool starts_a_line = task.batches_overlap
                                 ? !task.starts_columns
                                 : doubles_to_line(&(*task.J_y_theta)(task.first_row, 0)) == 0;
  has_ends_ = !starts_a_line || n_in_column_ * doubles_in_line != task.n_owned;
  take_run();
}

void JacobianFill::begin_round() {
  const Index n_left = task_->J_y_theta->rows() - task_->first_row;  // of each column
  has_ends_ = false;
  shares_lines_ = n_left <= task_->n_owned;
  constexpr Index most_before_line = doubles_in_line - 1;
  const Index n_before = task_->batches_overlap && shares_lines_ ? most_before_line : 0;
  n_in_column_ = std::max<Index>(std::min(n_left, task_->n_owned) - n_before, 0) / doubles_in_line;
  if (!shares_lines_) return;
  // The rows of the first column that come before its first line.
  double* out = task_->J_y_theta->data();
  const kernel::LinesRun first = columns();
  kernel::kernels().product(first.a + n_left, first.b + n_left, out, doubles_to_line(out));
}

// The columns whose product this parameter's is.
std::pair<const double*, const double*> JacobianFill::source_of(Index parameter) const {
  const ParameterPlace place = network_.place_of(parameter);
  const double* delta = task_->backward->delta(place.layer).column(place.unit);
  if (place.is_bias()) return {ones_.column(0), delta};
  return {delta, task_->forward->below(place.layer).column(place.input)};
}

// Lines that all columns have.
Index JacobianFill::lines_in_column() const {
  constexpr Index most_before_line = doubles_in_line - 1;
  if (task_->batches_overlap)
    return std::max<Index>(std::min(task_->n_owned, task_->n_computed - most_before_line), 0) /
           doubles_in_line;
  const bool all_are_alike = task_->J_y_theta->outerStride() % doubles_in_line == 0;
  const Index before =
      all_are_alike ? doubles_to_line(&(*task_->J_y_theta)(task_->first_row, 0)) : most_before_line;
  return std::max<Index>(task_->n_owned - before, 0) / doubles_in_line;
}

void JacobianFill::write_shared(const kernel::LinesRun& columns) {
  const Matrix& J = *task_->J_y_theta;
  kernel::LinesRun run = columns;
  for (run.n_a = 1; run.out < columns.out + columns.n_a * columns.out_stride_of_a;
       run.out += run.out_stride_of_a) {
    const Index next = (run.out - &J(task_->first_row, 0)) / J.outerStride() + run.n_b;
    kernel::SharedLines shared{.n_rows = J.rows() - task_->first_row, .next_a = nullptr, .next_b = nullptr};
    if (next < network_.n_params()) std::tie(shared.next_a, shared.next_b) = source_of(next);
    kernel::kernels().stream_shared(run, shared);
    run.a += run.a_stride;
  }
}

void JacobianFill::take_run() {
  lines_.n_b_done = 0;
  lines_.n_columns = 0;
  while (lines_.n_columns == 0 && !is_over()) {
    kernel::LinesRun& run = lines_.run;
    put_columns(run);
    if (has_ends_) kernel::kernels().write_ends(run, rows_of_columns());
    if (shares_lines_) write_shared(run);
    if (n_in_column_ > 0) lines_.n_columns = run.n_a * run.n_b;
    advance();
  }
}

kernel::LinesBeside* JacobianFill::beside(Index work) {
  if (lines_.n_columns == 0) return nullptr;
  lines_.columns_a_multiply_add = static_cast<double>(network_.n_params()) / static_cast<double>(work);
  lines_.n_due = 0;
  return &lines_;
}

void JacobianFill::write_rest() { kernel::kernels().stream_all(lines_); }

void JacobianFill::finish() { kernel::kernels().finish_streams(); }

}  // namespace jacobench
