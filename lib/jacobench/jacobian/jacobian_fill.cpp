#include "jacobench/jacobian/jacobian_fill.hpp"

#include <algorithm>
#include <cstdint>

#include "jacobench/base/caches.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {

Index most_bytes_in_cache() { return std::min(8 * caches().second, caches().last / 4); }

Stores stores_for(Index bytes) {
  return bytes > most_bytes_in_cache() ? Stores::streaming : Stores::ordinary;
}

Index doubles_to_line(const double* p) {
  return static_cast<Index>(-(reinterpret_cast<std::uintptr_t>(p) / sizeof(double)) % doubles_in_line);
}

JacobianFill::JacobianFill(const Perceptron& network, Index max_rows)
    : network_(network), ones_(max_rows, 1), zeros_(max_rows, 1) {
  ones_.rows(max_rows).setOnes();
}

void JacobianFill::write(const Task& task) const {
  const kernel::Kernels& kernels = kernel::kernels();
  const auto product = task.stores == Stores::streaming ? kernels.stream_product : kernels.product;
  const auto write_column = [&](const double* delta, const double* a, Index parameter) {
    double* out = &(*task.J_y_theta)(task.first_row, parameter);
    const Index to_line = task.batches_overlap ? doubles_to_line(out) : 0;
    const Index end = std::min(task.n_owned + to_line, task.n_computed);
    const Index begin = task.starts_columns ? 0 : std::min(to_line, end);
    product(delta + begin, a + begin, out + begin, end - begin);
  };
  // So many inputs of a layer stay in the first-level cache, beside a column that is written, while the weights
  // from them are gone through, unit by unit.
  const Index bytes_a_column = task.n_owned * static_cast<Index>(sizeof(double));
  const Index in_panel = std::max<Index>(caches().first * 3 / 4 / bytes_a_column, 1);
  for (Index l = 0; l < network_.n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    const Batch& inputs = task.forward->below(l);
    const bool is_top = l + 1 == network_.n_layers();
    const auto write_unit = [&](Index unit, Index first, Index end) {
      const bool silent = is_top && unit != task.output;
      const double* delta = silent ? zeros_.column(0) : task.backward->delta(l).column(unit);
      for (Index input = first; input < end; ++input)
        write_column(delta, silent ? ones_.column(0) : inputs.column(input),
                     layer.weights_at + unit * layer.n_inputs + input);
      if (end == layer.n_inputs && layer.has_bias())
        write_column(delta, ones_.column(0), layer.bias_at + unit);
    };
    for (Index first = 0; first < layer.n_inputs; first += in_panel)
      for (Index unit = 0; unit < layer.n_units; ++unit)
        write_unit(unit, first, std::min(first + in_panel, layer.n_inputs));
  }
  if (task.stores == Stores::streaming) kernels.finish_streams();
}

}  // namespace jacobench
