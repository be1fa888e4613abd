// Lines of columns that are products, for the path that is being compiled: through the cache, past it, and past it
// beside what is computed.
#pragma once

#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/path/pack.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

inline Index rows_to_line(const double* out) {
  return static_cast<Index>(-(reinterpret_cast<__UINTPTR_TYPE__>(out) / sizeof(double)) % most_lanes);
}

using Write = void (*)(double* out, Pack);  // store, or stream

template <Write write>
inline void write_line(const double* a, const double* b, double* out) {
  for (Index k = 0; k < most_lanes; k += lanes) write(out + k, load(a + k) * load(b + k));
}

inline void stream_line(const double* a, const double* b, double* out) { write_line<stream>(a, b, out); }

// Whole lines, from row `begin` to before row `end`. Whole lines of a and b are read too.
template <Write write>
inline void write_lines_of(const double* a, const double* b, double* out, Index begin, Index end) {
#ifdef JACOBENCH_PATH_AVX512
  // Lines of the columns that are not lines of their sources: a load across two lines takes twice as long as another.
  if (const Index shift = (most_lanes - rows_to_line(a + begin)) % most_lanes; shift != 0) {
    Index row = begin - shift;
    const Bits from = first_of_pair(shift);
    for (Pack before = load(a + row) * load(b + row); begin != end; begin += most_lanes) {
      row += most_lanes;
      const Pack after = load(a + row) * load(b + row);
      write(out + begin, choose_of_pair(before, from, after));
      before = after;
    }
  }
#endif
  for (; begin != end; begin += most_lanes) write_line<write>(a + begin, b + begin, out + begin);
}

inline void stream_rows(const double* a, const double* b, double* out, Index begin, Index end) {
  write_lines_of<stream>(a, b, out, begin, end);
}

inline void write_rows(const double* a, const double* b, double* out, Index begin, Index end) {
  for (; begin < end; begin += lanes) {
    const Index n = end - begin < lanes ? end - begin : lanes;
    store_first(out + begin, load_first(a + begin, n) * load_first(b + begin, n), n);
  }
}

template <Write write>
inline void fill(double number, double* out, Index n) {
  const Pack pack = broadcast(number);
  const Index to_line = rows_to_line(out), first = to_line < n ? to_line : n;
  const Index after = first + (n - first) / most_lanes * most_lanes;
  for (Index i = 0; i < first; ++i) out[i] = number;
  for (Index i = first; i < after; i += lanes) write(out + i, pack);
  for (Index i = after; i < n; ++i) out[i] = number;
}

inline void stream_fill(double number, double* out, Index n) {
  fill<stream>(number, out, n);
  finish_streams();
}

// Where the rows of a column are that are written, counted from its first.
struct RowsOfColumn {
  Index first, after, end;  // of the lines, of the rows after them, and of these
};

template <bool with_lines>
inline RowsOfColumn rows_of(const double* out, const LinesRun& run, const ColumnRows& rows) {
  const Index to_line = rows_to_line(out), wanted = rows.n_rows + (rows.end_as_they_begin ? to_line : 0);
  const Index end = wanted < rows.most_rows ? wanted : rows.most_rows;
  const Index first = to_line < end ? to_line : end;
  const Index n_lines = with_lines ? (end - first) / most_lanes : run.n_in_column;
  return {.first = first, .after = first + n_lines * most_lanes, .end = end};
}

// All of these rows, or without the n_in_column lines of each column.
template <bool with_lines>
void write_columns(const LinesRun& run, const ColumnRows& rows) {
  const double* a = run.a;
  const bool are_alike = (run.out_stride | run.out_stride_of_a) % most_lanes == 0;
  RowsOfColumn at = rows_of<with_lines>(run.out, run, rows);
  for (Index u = 0; u < run.n_a; ++u, a += run.a_stride) {
    const double* b = run.b;
    double* out = run.out + u * run.out_stride_of_a;
    for (Index c = 0; c < run.n_b; ++c, b += run.b_stride, out += run.out_stride) {
      if (!are_alike) at = rows_of<with_lines>(out, run, rows);
      if (rows.have_first) write_rows(a, b, out, 0, at.first);
      if constexpr (with_lines) write_lines_of<store>(a, b, out, at.first, at.after);
      write_rows(a, b, out, at.after, at.end);
    }
  }
}

// The columns of one `a`.
inline void stream_stretch_of(const LinesRun& run, const double* a, double* out, Index n_rows) {
  const double* b = run.b;
  Index begin = rows_to_line(out);  // of the first line in the column
  write_rows(a, b, out, 0, begin);
  for (Index c = 0; c < run.n_b; ++c, b += run.b_stride, out += n_rows) {
    const Index end = begin + (n_rows - begin) / most_lanes * most_lanes, n_left = n_rows - end;
    stream_rows(a, b, out, begin, end);
    if (c + 1 == run.n_b) return write_rows(a, b, out, end, n_rows);
    begin = n_left > 0 ? most_lanes - n_left : 0;
    if (n_left == 0) continue;
      // The line that the next column shares.
#ifdef JACOBENCH_PATH_AVX512
    const Index last = n_rows - most_lanes;
    stream(out + end, choose_of_pair(load(a + last) * load(b + last), first_of_pair(most_lanes - n_left),
                                     load(a) * load(b + run.b_stride)));
#else
    alignas(most_lanes * sizeof(double)) double line[most_lanes];
    write_rows(a + end, b + end, line, 0, n_left);
    write_rows(a, b + run.b_stride, line + n_left, 0, begin);
    for (Index k = 0; k < most_lanes; k += lanes) stream(out + end + k, load(line + k));
#endif
  }
}

inline void stream_stretch(const LinesRun& run, Index n_rows) {
  for (Index u = 0; u < run.n_a; ++u)
    stream_stretch_of(run, run.a + u * run.a_stride, run.out + u * run.out_stride_of_a, n_rows);
}

// A line whose first n_rows are those of a o b, and the others those of next_a o next_b.
inline void stream_line_of_two(const double* a, const double* b, const double* next_a, const double* next_b,
                               double* out, Index n_rows) {
  for (Index k = 0; k < most_lanes; k += lanes) {
    const Index left = n_rows - k, n = left < 0 ? 0 : (left < lanes ? left : lanes);
    const Pack first = load_first(a + k, n) * load_first(b + k, n);
    const Pack others = without_first(load(next_a + k) * load(next_b + k), n);
    stream(out + k,
           __builtin_bit_cast(Pack, __builtin_bit_cast(Bits, first) | __builtin_bit_cast(Bits, others)));
  }
}

inline void stream_shared(const LinesRun& run, const SharedLines& shared) {
  const double* b = run.b;
  double* out = run.out;
  for (Index c = 0; c < run.n_b; ++c, b += run.b_stride, out += run.out_stride) {
    const bool is_last = c + 1 == run.n_b;
    const double* const next_a = is_last ? shared.next_a : run.a;
    const double* const next_b = is_last ? shared.next_b : b + run.b_stride;
    Index row = rows_to_line(out) + run.n_in_column * most_lanes;
    if (!next_a) return write_rows(run.a, b, out, row, shared.n_rows);
    for (; row < shared.n_rows; row += most_lanes)
      stream_line_of_two(run.a + row, b + row, next_a + row, next_b + row, out + row, shared.n_rows - row);
  }
}

// How many columns go beside the next multiply-adds: at most `most`, and what is due beyond that goes beside what comes
// next.
inline Index columns_for(LinesBeside& lines, Index multiply_adds, Index most) {
  lines.n_due += lines.columns_a_multiply_add * static_cast<double>(multiply_adds);
  const auto due = static_cast<Index>(lines.n_due);
  const Index n = due < most ? due : most;
  lines.n_due -= static_cast<double>(n);
  return n;
}

inline void go_to_next_run_after(LinesBeside& lines) {
  if (lines.n_columns == 0) lines.take_run(lines);
}

// The columns of a run, one at a time. It keeps its place in registers, and calls nothing: what is computed beside it
// stays in registers too. It gives its place back when it is gone.
class ColumnWriter {
 public:
  explicit ColumnWriter(LinesBeside& lines)
      : lines_(lines),
        b_(lines.run.b + lines.n_b_done * lines.run.b_stride),
        out_(lines.run.out + lines.n_b_done * lines.run.out_stride),
        n_left_(lines.run.n_b - lines.n_b_done) {}
  ColumnWriter(const ColumnWriter&) = delete;
  ColumnWriter& operator=(const ColumnWriter&) = delete;
  ~ColumnWriter() { lines_.n_b_done = lines_.run.n_b - n_left_; }

  void write_column() {
    LinesRun& run = lines_.run;
    const double* const a = run.a;
    const Index at = rows_to_line(out_), end = at + run.n_in_column * most_lanes;
    for (Index row = at; row != end; row += most_lanes) stream_line(a + row, b_ + row, out_ + row);
    b_ += run.b_stride;
    out_ += run.out_stride;
    if (--n_left_ > 0) return;
    n_left_ = run.n_b;
    run.a += run.a_stride;
    b_ = run.b;
    out_ = run.out += run.out_stride_of_a;
  }

 private:
  LinesBeside& lines_;
  const double* b_;
  double* out_;
  Index n_left_;  // of the columns of this `a`
};

template <int n_lines>
inline constexpr int packs_in_lines = static_cast<int>(most_lanes / lanes) * n_lines;

// Columns of one `a`, which stays in registers.
template <int n_lines>
inline void stream_columns_of(const LinesRun& run, const double* b, double* out, Index n) {
  constexpr int n_packs = packs_in_lines<n_lines>;
  const Index at = rows_to_line(out);
  Pack a[n_packs];
#pragma GCC unroll 16
  for (int k = 0; k < n_packs; ++k) a[k] = load(run.a + at + k * lanes);
  for (; n > 0; --n, b += run.b_stride, out += run.out_stride)
#pragma GCC unroll 16
    for (int k = 0; k < n_packs; ++k) stream(out + at + k * lanes, a[k] * load(b + at + k * lanes));
}

// Columns of one `a`, the next n.
inline void stream_columns_of(const LinesBeside& lines, Index n) {
  const LinesRun& run = lines.run;
  const double* b = run.b + lines.n_b_done * run.b_stride;
  double* out = run.out + lines.n_b_done * run.out_stride;
  constexpr int most_packs = 8;  // half of the registers of AVX2
  if (run.out_stride % most_lanes == 0) {
    if constexpr (packs_in_lines<4> <= most_packs)
      if (run.n_in_column == 4) return stream_columns_of<4>(run, b, out, n);
    if constexpr (packs_in_lines<8> <= most_packs)
      if (run.n_in_column == 8) return stream_columns_of<8>(run, b, out, n);
  }
  for (; n > 0; --n, b += run.b_stride, out += run.out_stride) {
    const Index at = rows_to_line(out);
    stream_rows(run.a, b, out, at, at + run.n_in_column * most_lanes);
  }
}

// The next n columns, or as many as there are.
inline void stream_columns(LinesBeside& lines, Index n) {
  while (n > 0 && lines.n_columns > 0) {
    LinesRun& run = lines.run;
    const Index of_a = run.n_b - lines.n_b_done, n_now = n < of_a ? n : of_a;
    stream_columns_of(lines, n_now);
    n -= n_now;
    lines.n_columns -= n_now;
    lines.n_b_done += n_now;
    if (n_now < of_a) return;
    lines.n_b_done = 0;
    run.a += run.a_stride;
    run.out += run.out_stride_of_a;
    go_to_next_run_after(lines);
  }
}

inline void stream_all(LinesBeside& lines) {
  while (lines.n_columns > 0) stream_columns(lines, lines.n_columns);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
