// The inner loops, compiled once for each vector path (base/vector_path.hpp) and called through this table.
//
// A source that is compiled for one path alone (kernel/path/) includes this header and the others of kernel/ that name
// neither Eigen nor a container: a function that such a source emitted for everybody could be the one that the linker
// keeps, and would then run on processors that lack its instructions. A test reads the objects' symbols.
//
// All paths give the same bits. An array that is summed is summed in eight partial sums, entry i in sum i modulo 8,
// whatever the width of a register; what is summed in each lane for a fit of its own is summed from first to last.
#pragma once

#include "jacobench/base/activation_id.hpp"
#include "jacobench/kernel/batch_view.hpp"

namespace jacobench::kernel {

// The doubles of the widest register of any path, and of a cache line: what workspaces are padded to.
inline constexpr Index most_lanes = 8;

constexpr Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }

// Columns out = a o b of a matrix, of each a with every b; a, b and out are the first of theirs, and of a and b whole
// lines are read. Of each column so many whole lines of cache are written past it, from the first row on that starts
// one.
struct LinesRun {
  const double *a, *b;
  double* out;
  Index a_stride, b_stride;
  Index out_stride;       // from one b to the next
  Index out_stride_of_a;  // from one a to the next
  Index n_a, n_b;
  Index n_in_column;  // at least one
};

// The rows of each column of a run that are to be written: those before its first line, if they are wanted, and those
// from there up to row n_rows or, where columns end as they begin, so many rows after its first line, but not past
// most_rows.
struct ColumnRows {
  bool have_first;
  bool end_as_they_begin;
  Index n_rows;
  Index most_rows;
};

// What comes after the lines of the columns of a run of one `a` where these end after n_rows, and each is followed by
// the next without a gap: rows from n_rows on are of the next column.
struct SharedLines {
  Index n_rows;
  const double *next_a, *next_b;  // of the column after the run; null where the matrix ends
};

// Runs of columns whose lines are written beside something else that is computed, a few columns after every few
// operations: these go on while the lines are on their way to memory, if no more are under way than a processor holds
// back.
struct LinesBeside {
  LinesRun run;     // from the `a` on whose columns are being written
  Index n_b_done;   // columns of this `a` that have been written
  Index n_columns;  // left of the run
  // Puts the next run there. Where there is none, n_columns is 0.
  void (*take_run)(LinesBeside& lines);

  double columns_a_multiply_add;  // of doubles: so many columns last as long as one
  double n_due;                   // beside what has been computed, and not yet written
};

// So many multiply-adds take about as long as an entry of a product, whose sum is started and stored as well.
constexpr Index work_of_sum(Index n_terms) { return n_terms + 4; }

// An activation and its derivative over the columns of a batch: Z in A becomes phi(Z), and D phi'(Z). Beside what is
// null nothing is written.
// Shapes: A and D [n_rows x n_columns]
struct BatchActivation {
  BatchBuffer A, D;
  Index n_columns;
  Index n_rows;
  LinesBeside* beside = nullptr;
};

// One activation over n doubles; each output may be z itself.
struct ActivationKernels {
  void (*value)(const double* z, double* a, Index n);
  void (*value_and_derivative)(const double* z, double* a, double* d, Index n);
  void (*all)(const double* z, double* a, double* d, double* d2, Index n);
  void (*of_batch)(const BatchActivation& batch);
  Index work;  // so many multiply-adds take about as long as it does with its derivative
};

// out(:, c) = (start_c + addend(:, c) + sum over k of in(:, k) * coefficient[c * next_column + k * next_term]) o
// factor(:, c), summed by fused multiply-adds from k = 0 upwards. Of start and addend one at most is given.
struct BatchProduct {
  BatchView in;
  Index n_terms;
  const double* coefficients;
  Index next_column;
  Index next_term;
  const double* start;  // null: 0
  BatchView addend;     // null: 0
  BatchView factor;     // null: 1
  BatchBuffer out;
  LinesBeside* beside = nullptr;
};

// C(i, j) += sum over the rows of A_i o B_j; where C is symmetric, A being B, below the diagonal alone.
// Shapes: A [n_rows x n_of_A], B [n_rows x n_of_B], C [n_of_A x n_of_B]
struct CrossProducts {
  BatchView A, B;
  Index n_rows;
  Index n_of_A, n_of_B;
  bool is_symmetric;
  BatchBuffer C;
};

// A Pi = Q R by Householder reflections, the column with the largest norm next.
// Shapes: A [n_rows x n_columns], columns `stride` apart, becomes R and below it the reflectors without their first
//         entry, which is 1; tau [min(n_rows, n_columns)] their factors; permutation [n_columns], column k of A Pi is
//         column permutation[k] of A; the n_carried columns after those of A become Q' times themselves, by the
//         reflectors whose pivots are above rounding. Columns are padded by zeros to whole lines.
//         squares [2 n_columns] begins with the squares of the norms of the columns; its rest and reflector
//         [n_rows, padded] are workspace.
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.4.2
struct PivotedQr {
  double* A;
  Index stride;
  Index n_rows;
  Index n_columns;
  Index n_carried;
  double* tau;
  Index* permutation;
  double* squares;
  double* reflector;
};

// The lower triangle (R^-1)', of an upper triangle R whose diagonal has no zero. Nothing is padded; what is above the
// diagonal is zero before, and after.
// Shapes: R and inverse_transposed [size x size]
struct TriangleInverse {
  BatchView R;
  Index size;
  BatchBuffer inverse_transposed;
};

// What follows is of fits side by side, n_lanes of them: number i of fit l stands at [i * n_lanes + l], and no fit
// knows of the others: its bits are the same in any lane, whatever is in the others and however many there are.

// Observations and parameters of networks with one hidden layer and one output that is the identity.
// Shapes: X [n_rows x n_inputs] row by row, y and factors [n_rows], r = (f - y) o factors, tau [P] in the order of
//         network/perceptron.hpp
struct LaneRows {
  Index n_rows, n_inputs, n_units;
  bool has_hidden_bias, has_output_bias;
  const double *X = nullptr, *y = nullptr, *factors = nullptr, *tau = nullptr;

  Index n_params() const {
    return n_units * (n_inputs + 1 + (has_hidden_bias ? 1 : 0)) + (has_output_bias ? 1 : 0);
  }
};

// So many rows of so many doubles as stay in the cache; by sixteens where they can be, whose activations are whole
// groups of packs more often than not.
constexpr Index rows_in_lane_block(Index most_doubles, Index of_row) {
  const Index n_rows = most_doubles / of_row;
  return n_rows >= 16 ? n_rows / 16 * 16 : (n_rows >= 8 ? 8 : 4);
}

// Values and both derivatives of the units, row by row, each [n_rows x n_units], one after the other; or null.
inline Index lane_units_size(const LaneRows& rows) { return 3 * rows.n_rows * rows.n_units; }

// E = [J r]'[J r], whose last row is r'J and |r|^2, and the sum of r_n d2 r_n. All sums are taken row by row.
// Shapes: E and second [(P + 1) x (P + 1)], below the diagonal. Of second, what is always 0 is not written: what two
//         units share, and the last row
struct LaneEquations {
  LaneRows rows;
  void (*activation)(const double* z, double* a, double* d, double* d2, Index n) = nullptr;
  double *E = nullptr, *second = nullptr;
  double* units = nullptr;      // where these are kept, unless it is null
  double* workspace = nullptr;  // of lane_workspace() doubles a lane

  // Of [J r], of r o factor, and of values and both derivatives of the units.
  Index of_row() const { return rows.n_params() + 2 + 3 * rows.n_units; }
  Index rows_in_block() const { return rows_in_lane_block(512, of_row()); }
  Index lane_workspace() const { return rows_in_block() * of_row(); }
};

// J = Q R by Householder reflections without pivoting, block of rows by block; T = R^-1, C the norms of the columns of
// J. What is not finite, or no inverse, is told by `squares` alone.
// Shapes: r [n_rows], R and T [P x P] row by row, with zeros below the diagonal and rows `stride` apart, C [P], squares
//         [1]
// Source: Golub and Van Loan (2013), Matrix Computations, algorithm 5.2.1
struct LaneTangent {
  LaneRows rows;
  void (*activation)(const double* z, double* a, double* d, Index n) = nullptr;
  double *r = nullptr, *R = nullptr, *T = nullptr, *C = nullptr;
  double* squares = nullptr;    // |C T|^2, Frobenius
  double* workspace = nullptr;  // of lane_workspace() doubles a lane

  // Of [J r], whose rows one lane has to the end of a pack, and of values and slopes of the units.
  Index of_row() const { return round_up(rows.n_params() + 1, most_lanes) + 2 * rows.n_units; }
  Index rows_in_block() const { return rows_in_lane_block(1024, of_row()); }
  Index stride() const { return round_up(rows.n_params(), most_lanes); }
  Index lane_workspace() const { return rows_in_block() * of_row() + stride(); }
};

// Of the rows [g f] that J and r are for factors of one and y of zero: f, and |T'g|^2, T upper triangular.
// Shapes: T as in LaneTangent, f and forms [n_rows]
struct LanePoints {
  LaneRows rows;
  void (*activation)(const double* z, double* a, double* d, Index n) = nullptr;
  const double* T = nullptr;
  double *f = nullptr, *forms = nullptr;
  double* workspace = nullptr;  // of lane_workspace() doubles a lane

  Index of_row() const { return round_up(rows.n_params() + 1, most_lanes) + 2 * rows.n_units; }
  Index rows_in_block() const { return rows_in_lane_block(512, of_row()); }
  Index stride() const { return round_up(rows.n_params(), most_lanes); }
  Index lane_workspace() const { return rows_in_block() * of_row() + 2 * stride(); }
};

// C^-1 (E + second) C^-1 = L L', C the roots of the diagonal of E, its last entry 1; second may be null. The last row
// of L is that of g = J'r, L^-1 C^-1 g, and ends there. Where there is no such factor, least_pivot is not a number.
// C is made where second is null; a factor with second comes after one without of the same E.
// Shapes: E, second and L [(P + 1) x (P + 1)], C, by_C, step and solution [P], the others [1]
struct LaneFactor {
  Index n_params;
  const double *E, *second;
  double *C, *by_C;  // by_C = 1 / C
  double* L;
  double *least_norm, *least_pivot;  // of C and of the diagonal of L
  double* squares;                   // |L^-1 C^-1 g|^2
  double* step;                      // -C^-1 L'^-1 L^-1 C^-1 g
  double* solution = nullptr;        // (C L L' C)^-1 b
};

// E + weight second with by_diagonal diag E and `shift` added to the diagonal, and the last row of E.
// Shapes: E, second and damped [(P + 1) x (P + 1)], below the diagonal, weight, by_diagonal and shift [1]
struct LaneDamping {
  Index n_params;
  const double *E, *second, *weight, *by_diagonal, *shift;
  double* damped;
};

// J' r_dd + across J_d' r_d, the derivatives being along d: with across = 2 the second one of J'r but for J_dd' r.
// Where `across` is null it is 0.
// Shapes: d and sums [P], across [1]
struct LaneSecondAlong {
  LaneRows rows;                  // y is not read
  const double* units = nullptr;  // of the equations at tau
  const double *d = nullptr, *across = nullptr;
  double* sums = nullptr;
  double* workspace = nullptr;  // of lane_workspace() doubles a lane

  // Of r_dd, of r_d, of what values and slopes of the units change by, and of what is kept of the units.
  Index of_row() const { return 2 + 5 * rows.n_units; }
  Index rows_in_block() const { return rows_in_lane_block(512, of_row()); }
  Index lane_workspace() const { return rows_in_block() * of_row(); }
};

// The kernels of so many fits side by side. One factor after the other waits for its pivots; two that are made in one
// call wait together.
struct LaneKernels {
  Index n_lanes;
  void (*equations)(const LaneEquations& equations);
  void (*factorise)(const LaneFactor* factors, Index n_factors);  // one or two of the same E
  void (*solve)(const LaneFactor* factors, Index n_factors);      // makes the steps
  // |L'C d|^2
  void (*squared_length)(const LaneFactor& factor, const double* d, double* squares);
  void (*solve_for)(const LaneFactor* factors, Index n_factors, const double* b);  // makes the solutions
  void (*damp)(const LaneDamping& damping);
  void (*second_along)(const LaneSecondAlong& second);
  // n numbers of the lanes in which `where` is not zero.
  void (*replace)(const double* where, const double* from, double* to, Index n);
  void (*tangent)(const LaneTangent& tangent);
  void (*points)(const LanePoints& points);
};

struct Kernels {
  Index lanes;  // doubles in a register

  ActivationKernels activations[n_activations];  // in the order of the enumerators

  // The normal distribution and its density over n doubles; each output may be z itself.
  void (*normal)(const double* z, double* distribution, double* density, Index n);

  // n_rows rounded up to whole registers are computed.
  void (*multiply)(const BatchProduct& product, Index n_columns, Index n_rows);

  // out = a o b over n doubles of any alignment; out may be a or b.
  void (*product)(const double* a, const double* b, double* out, Index n);
  void (*add_product)(const double* a, const double* b, double* out, Index n);  // out <- fma(a, b, out)

  // A number into n doubles of any alignment, through the cache, and whole lines past it.
  void (*fill)(double number, double* out, Index n);
  void (*stream_fill)(double number, double* out, Index n);

  // Through the cache: these rows of the columns, or those of them that are not among their lines. A part of a line
  // that is streamed would be written to memory by itself, and waited for by whoever writes the rest of the line.
  void (*write_columns)(const LinesRun& run, const ColumnRows& rows);
  void (*write_ends)(const LinesRun& run, const ColumnRows& rows);
  // Columns of n_rows, at least eight, that follow each other without a gap: all lines past the cache, with those that
  // two columns share, and the ends through it.
  void (*stream_stretch)(const LinesRun& run, Index n_rows);
  // To the end of each column, with the lines that it shares with the next.
  void (*stream_shared)(const LinesRun& run, const SharedLines& shared);
  // Without anything beside. Until finish_streams() other threads may not see them.
  void (*stream_all)(LinesBeside& lines);
  void (*finish_streams)();

  double (*dot)(const double* x, const double* y, Index n);
  // The dot of each column of A [n x n_columns], `stride` apart, with itself.  Shape: squares [n_columns]
  void (*squares_of_columns)(const double* A, Index stride, Index n, Index n_columns, double* squares);
  void (*add_scaled)(double alpha, const double* x, double* y, Index n);  // y <- fma(alpha, x, y)
  void (*scale)(double factor, const double* x, double* out, Index n);    // factor x; out may be x

  void (*add_cross_products)(const CrossProducts& products);

  // Returns how many pivots are above rounding.
  Index (*pivoted_qr)(const PivotedQr& qr);
  void (*invert_triangle)(const TriangleInverse& inverse);

  LaneKernels one_fit;
  LaneKernels fits_side_by_side;  // `lanes` of them
};

// Those of the path in use.
const Kernels& kernels();

}  // namespace jacobench::kernel
