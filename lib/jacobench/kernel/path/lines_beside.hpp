// Lines of columns that are products, for the path that is being compiled: through the cache, past it, and past it
// beside what is computed.
#pragma once

#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/path/pack.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

inline Index rows_to_line(const double* out) {
  return static_cast<Index>(-(reinterpret_cast<__UINTPTR_TYPE__>(out) / sizeof(double)) % most_lanes);
}

// Has n doubles, which are to be stored to beside lines, come into the first-level cache. Stores are done in order: one
// that waits for its line holds back the lines after it, and lines on their way to memory take the places in which it
// could wait. (On a Xeon of family 6, model 207, one store in the second level beside each line takes 4 ns, and with a
// fetch .2.)
inline void fetch_to_store(const double* out, Index n) {
  for (Index k = 0; k < n; k += most_lanes) __builtin_prefetch(out + k, 1);
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

// All of these rows, or without the n_in_column lines of each column.
template <bool with_lines>
void write_columns(const LinesRun& run, const ColumnRows& rows) {
  const double *const a = run.a, *b = run.b;
  double* out = run.out;
  for (Index c = 0; c < run.n_columns; ++c, b += run.b_stride, out += run.out_stride) {
    const Index to_line = rows_to_line(out), wanted = rows.n_rows + (rows.end_as_they_begin ? to_line : 0);
    const Index end = wanted < rows.most_rows ? wanted : rows.most_rows;
    const Index first = to_line < end ? to_line : end;
    const Index n_lines = with_lines ? (end - first) / most_lanes : run.n_in_column;
    const Index after = first + n_lines * most_lanes;
    if (rows.have_first) write_rows(a, b, out, 0, first);
    if constexpr (with_lines) write_lines_of<store>(a, b, out, first, after);
    write_rows(a, b, out, after, end);
  }
}

inline void stream_stretch(const LinesRun& run, Index n_rows) {
  const double *const a = run.a, *b = run.b;
  double* out = run.out;
  Index begin = rows_to_line(out);  // of the first line in the column
  write_rows(a, b, out, 0, begin);
  for (Index c = 0; c < run.n_columns; ++c, b += run.b_stride, out += n_rows) {
    const Index end = begin + (n_rows - begin) / most_lanes * most_lanes, n_left = n_rows - end;
    stream_rows(a, b, out, begin, end);
    if (c + 1 == run.n_columns) return write_rows(a, b, out, end, n_rows);
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
  for (Index c = 0; c < run.n_columns; ++c, b += run.b_stride, out += run.out_stride) {
    const bool is_last = c + 1 == run.n_columns;
    const double* const next_a = is_last ? shared.next_a : run.a;
    const double* const next_b = is_last ? shared.next_b : b + run.b_stride;
    Index row = rows_to_line(out) + run.n_in_column * most_lanes;
    if (!next_a) return write_rows(run.a, b, out, row, shared.n_rows);
    for (; row < shared.n_rows; row += most_lanes)
      stream_line_of_two(run.a + row, b + row, next_a + row, next_b + row, out + row, shared.n_rows - row);
  }
}

inline Index lines_of_run(const LinesBeside& lines) {
  return lines.run.n_columns * lines.run.n_in_column - lines.n_before;
}

// How many whole parts of so many lines go beside the next multiply-adds; at most `most`, and what is due beyond that
// goes beside what comes next.
inline Index parts_for(LinesBeside& lines, Index multiply_adds, Index n_in_part, Index most) {
  const auto of_part = static_cast<double>(n_in_part);
  lines.n_due += lines.lines_a_multiply_add * static_cast<double>(multiply_adds);
  const auto due = static_cast<Index>(lines.n_due / of_part);
  const Index n = due < most ? due : most;
  lines.n_due -= static_cast<double>(n) * of_part;
  return n;
}

// Of one run. It keeps its place in registers, of which a line changes one; this is why it calls nothing. It gives its
// place back when it is gone.
class LineWriter {
 public:
  explicit LineWriter(LinesBeside& lines)
      : lines_(lines), a_(lines.run.a), b_(lines.run.b), out_(lines.run.out) {
    begin_column();
    at_ += lines.n_before * most_lanes;
  }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter() {
    lines_.run.b = b_;
    lines_.run.out = out_;
    lines_.run.n_columns -= n_columns_;
    lines_.n_before = lines_.run.n_in_column - (end_ - at_) / most_lanes;
  }

  // So many of those that lines_of_run() has counted.
  void write_lines(Index n) {
    while (n > 0) {
      const Index of_column = (end_ - at_) / most_lanes, n_now = n < of_column ? n : of_column;
      stream_rows(a_, b_, out_, at_, at_ + n_now * most_lanes);
      at_ += n_now * most_lanes;
      if (at_ == end_) take_column();
      n -= n_now;
    }
  }

  // One of them, with nothing that has to be set up before.
  void write_line() {
    stream_line(a_ + at_, b_ + at_, out_ + at_);
    at_ += most_lanes;
    if (at_ == end_) take_column();
  }

 private:
  void take_column() {
    ++n_columns_;
    b_ += lines_.run.b_stride;
    out_ += lines_.run.out_stride;
    begin_column();
  }

  void begin_column() {
    at_ = rows_to_line(out_);
    end_ = at_ + lines_.run.n_in_column * most_lanes;
  }

  LinesBeside& lines_;
  const double *a_, *b_;
  double* out_;
  Index at_, end_, n_columns_ = 0;
};

// So many lines at each of n times.
template <int lines_a_time>
class Lines {
 public:
  explicit Lines(LinesBeside* lines) : writer_(*lines) {}
  void write_some() {
#pragma GCC unroll 4
    for (int i = 0; i < lines_a_time; ++i) writer_.write_line();
  }

 private:
  LineWriter writer_;
};

template <>
class Lines<0> {
 public:
  explicit Lines(LinesBeside*) {}
  void write_some() {}
};

inline void go_to_next_run_after(LinesBeside& lines) {
  if (lines.run.n_columns == 0) lines.take_run(lines);
}

inline void write_lines(LinesBeside& lines, Index n) {
  while (n > 0 && lines.run.n_columns > 0) {
    const Index of_run = lines_of_run(lines), n_now = n < of_run ? n : of_run;
    LineWriter(lines).write_lines(n_now);
    n -= n_now;
    go_to_next_run_after(lines);
  }
}

// The lines of one column, from its first on.
struct LinesColumn {
  const double *a, *b;
  double* out;
};

// Takes n columns, or as many as there are, after what is left of one that has been begun, and returns how many.
inline Index take_columns(LinesBeside& lines, Index n, LinesColumn* columns) {
  if (n > 0 && lines.n_before > 0) write_lines(lines, lines.run.n_in_column - lines.n_before);
  Index taken = 0;
  while (taken < n && lines.run.n_columns > 0) {
    LinesRun& run = lines.run;
    for (; taken < n && run.n_columns > 0; ++taken, --run.n_columns) {
      const Index to_line = rows_to_line(run.out);
      columns[taken] = {.a = run.a + to_line, .b = run.b + to_line, .out = run.out + to_line};
      run.b += run.b_stride;
      run.out += run.out_stride;
    }
    go_to_next_run_after(lines);
  }
  return taken;
}

// The lines of so many rows of each column; row and n_rows are whole lines. Inlined it would change how that is
// compiled beside which it is called.
template <Index n_rows>
[[gnu::noinline]] void stream_rows_of(const LinesColumn* columns, Index n_columns, Index row) {
  for (const LinesColumn* end = columns + n_columns; columns != end; ++columns) {
    const double *const a = columns->a + row, *const b = columns->b + row;
    double* const out = columns->out + row;
#pragma GCC unroll 4
    for (Index k = 0; k < n_rows; k += most_lanes) stream_line(a + k, b + k, out + k);
  }
}

inline void stream_all(LinesBeside& lines) {
  while (lines.run.n_columns > 0) write_lines(lines, lines_of_run(lines));
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
