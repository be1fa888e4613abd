#include "jacobench/files/jacobian_stream.hpp"

#include <algorithm>
#include <cmath>
#include <future>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/entry_names.hpp"
#include "jacobench/network/wide_row.hpp"

namespace jacobench {
namespace {

std::string column_name(const Perceptron& network, Wrt wrt, Index column) {
  return wrt == Wrt::parameters ? parameter_name(network, column) : input_name(column);
}

// As many observations as fit into 16 MiB of Jacobian, at least one.
Index rows_at_a_time(Index numbers_in_a_row) {
  constexpr Index doubles = (Index{16} << 20) / static_cast<Index>(sizeof(double));
  return std::clamp<Index>(doubles / numbers_in_a_row, 1, 4096);
}

void keep_worst(std::optional<Certificate>& certificate, const PromiseVerdict& verdict,
                const Perceptron& network, Wrt wrt, Index first_row, Index n_rows) {
  const ErrorSummary& errors = verdict.errors;
  if (!certificate) {
    certificate.emplace();
    certificate->max_scaled = -1;
    certificate->max_over_bound = errors.max_over_bound;
    certificate->why_not_promised = verdict.why_not_promised;
  }
  certificate->promise = std::max(certificate->promise, verdict.outcome);
  certificate->n_overflows += errors.n_overflows;
  certificate->max_relative_to_row = std::max(certificate->max_relative_to_row, errors.max_relative_to_row);
  if (errors.max_over_bound)
    certificate->max_over_bound = std::max(*certificate->max_over_bound, *errors.max_over_bound);
  if (errors.max_scaled <= certificate->max_scaled) return;
  certificate->max_scaled = errors.max_scaled;
  certificate->worst_entry =
      entry_name(network, wrt, n_rows, errors.worst_row, errors.worst_column, first_row);
  certificate->worst_computed = errors.worst_computed;
  certificate->worst_reference = errors.worst_reference;
}

// Row n are rows n, N + n, ... of M [(N K) x C], one after the other. By tiles that stay in the cache.
void lay_out_by_rows(const Matrix& M, Index K, std::vector<double>& rows) {
  constexpr Index tile = 32;
  const Index N = M.rows() / K, C = M.cols();
  rows.resize(static_cast<std::size_t>(M.size()));
  for (Index k = 0; k < K; ++k)
    for (Index c = 0; c < C; c += tile)
      for (Index n = 0; n < N; n += tile) {
        const Index n_rows = std::min(tile, N - n), n_columns = std::min(tile, C - c);
        for (Index i = n; i < n + n_rows; ++i)
          for (Index j = c; j < c + n_columns; ++j)
            rows[static_cast<std::size_t>((i * K + k) * C + j)] = M(k * N + i, j);
      }
}

// Rows that are written on a thread of their own while the next ones are computed.
class RowsBeside {
 public:
  explicit RowsBeside(ArrayWriter& writer) : writer_(writer) {}

  // Of the next batch, to be filled in.
  std::vector<double>& next() { return rows_[is_second_]; }

  // Begins to write them; those before them are written then. Throws what writing those has thrown.
  void write() {
    finish();
    writing_ = std::async(std::launch::async, [this, &rows = next()] { writer_.write_rows(rows); });
    is_second_ = !is_second_;
  }

  void finish() {
    if (writing_.valid()) writing_.get();
  }

 private:
  ArrayWriter& writer_;
  std::vector<double> rows_[2];
  bool is_second_ = false;
  std::future<void> writing_;  // the last, so that it ends before what it writes
};

// Refuses the first entry of M [(N K) x .] that a double cannot hold, before anything of the batch is written.
// `name` makes the name of an entry from its row and column.
template <class Name>
void expect_finite(const Model& model, const Matrix& X, const Matrix& M, const Name& name) {
  std::vector<Index> rows;
  append_overflowing_rows(M, 0, rows);
  if (rows.empty()) return;
  const Index row = rows.front();
  Index column = 0;
  while (std::isfinite(M(row, column))) ++column;
  const std::string overflow =
      WideRow(model.network, model.theta, X.row(row % X.rows()).transpose()).overflow();
  throw InputError(
      "{}: is beyond the range of double precision{}; scale the inputs, or leave out that row, counted "
      "from 0",
      name(row, column), overflow.empty() ? "" : fmt::format(" ({})", overflow));
}

}  // namespace

std::string entry_name(const Perceptron& network, Wrt wrt, Index n_rows, Index row, Index column,
                       Index first_row) {
  return fmt::format("row {}, {}:{}", first_row + row % n_rows, output_name(row / n_rows),
                     column_name(network, wrt, column));
}

ArrayHeader jacobian_header(const Perceptron& network, Wrt wrt, Index n_rows) {
  ArrayHeader header{.shape = {n_rows, network.n_outputs(), n_columns(network, wrt)}, .names = {}};
  for (Index k = 0; k < network.n_outputs(); ++k)
    for (Index c = 0; c < n_columns(network, wrt); ++c)
      header.names.push_back(output_name(k) + ":" + column_name(network, wrt, c));
  return header;
}

std::optional<Certificate> write_jacobian(const ScaledModel& scaled, CsvColumns& data,
                                          const JacobianRequest& request, ArrayWriter& writer,
                                          const std::function<void(Index)>& tell) {
  const Model& model = scaled.model;
  const Perceptron& network = model.network;
  const Index K = network.n_outputs(), C = n_columns(network, request.wrt);
  const Index max_rows = rows_at_a_time(K * C);
  const auto evaluator = request.strategy->make(network, max_rows, request.options);
  std::optional<Certificate> certificate;
  Matrix J;  // of a batch: its pages are the same for all
  RowsBeside rows(writer);
  for (Index first_row = 0;;) {
    const Matrix X = scaled.inputs.of(data.read(max_rows));
    const Index N = X.rows();
    if (N == 0) {
      rows.finish();
      return certificate;
    }
    J.resize(N * K, C);
    Outputs out;
    (request.wrt == Wrt::parameters ? out.J_y_theta : out.J_y_x) = &J;
    evaluator->evaluate(model.theta, X, out);
    expect_finite(model, X, J,
                  [&](Index r, Index c) { return entry_name(network, request.wrt, N, r, c, first_row); });
    if (request.certify) {
      const Wanted wanted = request.wrt == Wrt::parameters ? Wanted::parameters : Wanted::inputs;
      const Reference reference = compute_reference(network, model.theta, X, wanted);
      const JacobianOrigin origin{.strategy = *request.strategy,
                                  .relative_step = request.options.relative_step,
                                  .steepness = {},
                                  .network = network,
                                  .theta = model.theta,
                                  .X = X,
                                  .wrt = request.wrt};
      keep_worst(certificate, hold_to_promise(origin, J, reference), network, request.wrt, first_row, N);
    }
    if (!scaled.outputs.is_identity())
      for (Index k = 0; k < K; ++k) J.middleRows(k * N, N) *= scaled.outputs.scale[k];
    if (request.wrt == Wrt::inputs && !scaled.inputs.is_identity()) J *= scaled.inputs.scale.asDiagonal();
    lay_out_by_rows(J, K, rows.next());
    rows.write();
    first_row += N;
    if (tell) tell(first_row);
  }
}

ArrayHeader values_header(const Perceptron& network, Index n_rows) {
  ArrayHeader header{.shape = {n_rows, network.n_outputs()}, .names = {}};
  for (Index k = 0; k < network.n_outputs(); ++k) header.names.push_back(output_name(k));
  return header;
}

void write_values(const ScaledModel& scaled, CsvColumns& data, ArrayWriter& writer) {
  std::vector<double> rows;
  for (Index first_row = 0;;) {
    const Matrix X = data.read(4096);
    if (X.rows() == 0) return;
    const Matrix Y = evaluate(scaled, X);
    expect_finite(scaled.model, scaled.inputs.of(X), Y,
                  [&](Index r, Index c) { return fmt::format("row {}, {}", first_row + r, output_name(c)); });
    first_row += X.rows();
    lay_out_by_rows(Y, 1, rows);
    writer.write_rows(rows);
  }
}

}  // namespace jacobench
