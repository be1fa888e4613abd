#include "jacobench/jacobian/jacobian_fill.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
Stores stores_for(Index bytes) {
  // Measured: up to some 10 MiB ordinary stores are as fast or faster, at 100 MiB they take three times as long.
  constexpr Index largest_in_cache = Index{32} << 20;
  return bytes > largest_in_cache ? Stores::streaming : Stores::ordinary;
}

Index doubles_to_line(const double* p) {
  return static_cast<Index>(-(reinterpret_cast<std::uintptr_t>(p) / sizeof(double)) % doubles_in_line);
}

JacobianFill::JacobianFill(const Perceptron& network, Index max_rows)
    : network_(network), ones_(max_rows, 1), zeros_(max_rows, 1), layer_(network.n_layers()) {
  ones_.rows(max_rows).setOnes();
}

void JacobianFill::begin(const Task& task) {
  finish();
  task_ = task;
  const kernel::Kernels& kernels = kernel::kernels();
  product_ = task.stores == Stores::streaming ? kernels.stream_product : kernels.product;
  const Index n_calls = std::exchange(n_calls_[kind()], 0);
  const Index n_lines =
      network_.n_params() * (kernel::round_up(task.n_owned, doubles_in_line) / doubles_in_line);
  share_ = n_calls == 0 ? 0 : (n_lines + n_calls - 1) / n_calls;
  start_panel(0, 0);
}

void JacobianFill::advance() {
  if (all_is_written()) return;
  ++n_calls_[kind()];
  write(share_);
}

void JacobianFill::finish() {
  if (all_is_written()) return;
  while (!all_is_written()) write(1024);
  if (task_.stores == Stores::streaming) kernel::kernels().finish_streams();
}

void JacobianFill::write(Index n_lines) {
  while (n_lines > 0 && !all_is_written()) {
    const Index n = std::min(n_lines * doubles_in_line, end_row_ - row_);
    product_(delta_ + row_, a_ + row_, out_ + row_, n);
    n_lines -= (n + doubles_in_line - 1) / doubles_in_line;
    row_ += n;
    if (row_ < end_row_) continue;
    a_ += a_stride_;
    out_ += task_.J_y_theta->rows();
    if (++input_ < panel_end_)
      start_column();
    else
      go_to_next_unit();
  }
}

void JacobianFill::start_column() {
  const Index to_line = task_.batches_overlap ? doubles_to_line(out_) : 0;
  end_row_ = std::min(task_.n_owned + to_line, task_.n_computed);
  row_ = task_.starts_columns ? 0 : std::min(to_line, end_row_);
}

void JacobianFill::go_to_next_unit() {
  const Layer& layer = network_.layer(layer_);
  if (unit_ + 1 < layer.n_units) return start_unit(unit_ + 1);
  if (panel_end_ < layer.n_inputs + (layer.has_bias() ? 1 : 0)) return start_panel(layer_, panel_end_);
  start_panel(layer_ + 1, 0);
}

void JacobianFill::start_panel(Index layer_index, Index first_input) {
  constexpr Index doubles_in_panel = (24 << 10) / sizeof(double);
  layer_ = layer_index;
  if (all_is_written()) return;
  const Index n_inputs = network_.layer(layer_).n_inputs;
  panel_begin_ = first_input;
  panel_end_ = first_input == n_inputs
                   ? n_inputs + 1
                   : std::min(first_input + std::max<Index>(doubles_in_panel / task_.n_owned, 1), n_inputs);
  start_unit(0);
}

void JacobianFill::start_unit(Index unit) {
  const Layer& layer = network_.layer(layer_);
  unit_ = unit;
  input_ = panel_begin_;
  const bool biases = panel_begin_ == layer.n_inputs;
  const Batch& inputs = task_.forward->below(layer_);
  const bool silent = layer_ + 1 == network_.n_layers() && unit != task_.output;
  const Batch& delta = task_.backward->delta(layer_);
  delta_ = silent ? zeros_.column(0) : delta.column(unit);
  a_ = silent || biases ? ones_.column(0) : inputs.column(panel_begin_);
  a_stride_ = silent ? 0 : inputs.view().stride;
  out_ = &(*task_.J_y_theta)(
      task_.first_row, biases ? layer.bias_at + unit : layer.weights_at + unit * layer.n_inputs + input_);
  start_column();
}

}  // namespace jacobench
