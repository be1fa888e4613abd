// Microbenchmarks of the library's kernels: a plain Google Benchmark program, with the usual --benchmark_* flags.
//
// Rates are counters of each row: flops for what is bound by arithmetic, bytes for what is bound by memory; the
// machine's own limits (a streaming fill, BLAS dsyrk, BLAS dgemm) are rows among the others, and so are the
// alternatives to what the library chooses: stores, their place in time, and rows of a batch (`by_batches`).
#include "jacobench/kernel/kernels.hpp"

#include <string>
#include <utility>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "jacobench/base/large_pages.hpp"
#include "jacobench/fit/dual_factor.hpp"
#include "jacobench/inference/inverse_forms.hpp"
#include "jacobench/jacobian/jacobian_fill.hpp"
#include "jacobench/jacobian/products.hpp"
#include "jacobench/kernel/blas.hpp"

#include "speed/write_limit.hpp"

namespace jacobench {
namespace {

using ::benchmark::Counter;
using ::benchmark::State;

struct Case {
  const char* name;
  Index n_inputs;
  std::vector<Index> hidden;
  Index n_rows;           // of everything but
  Index n_jacobian_rows;  // the full Jacobian, which is then beyond the cache
};

const Case cases[] = {
    {"5-10-5-1", 5, {10, 5}, 10'000, 100'000},      {"8-16x5-1", 8, {16, 16, 16, 16, 16}, 4'000, 10'000},
    {"10-50-50-1", 10, {50, 50}, 2'000, 10'000},    {"32-128-128-1", 32, {128, 128}, 500, 4'000},
    {"100-200-200-1", 100, {200, 200}, 500, 2'000},
};

Perceptron network_of(const Case& c) {
  std::vector<LayerSpec> layers;
  for (Index width : c.hidden) layers.push_back({width, Activation::tanh});
  layers.push_back({1, Activation::identity});
  return {c.n_inputs, layers};
}

struct Problem {
  explicit Problem(const Case& c) : network(network_of(c)), X(c.n_rows, c.n_inputs) {
    RandomStream stream(1, cell_number(c.name), 0, RandomPurpose::parameters);
    theta = draw_parameters(network, 1, stream);
    for (double& x : X.reshaped()) x = stream.normal();
  }

  Perceptron network;
  Vector theta;
  Matrix X;
};

void count_rate(State& state, const char* unit, double per_iteration) {
  state.counters[unit] = Counter(per_iteration, Counter::kIsIterationInvariantRate);
}

// --- Activations, a thousand numbers that stay in the first-level cache, in columns of a batch.

Batch from_minus_4_to_4() {
  Batch batch(1000, 3);
  batch.rows(1000).col(0) = Vector::LinSpaced(1000, -4, 4);
  return batch;
}

void activation_value(State& state, Activation id) {
  Batch batch = from_minus_4_to_4();
  for (auto _ : state) {
    info(id).value(batch.column(0), batch.column(1), 1000);
    ::benchmark::DoNotOptimize(batch.column(1));
  }
  count_rate(state, "values", 1000);
}

void activation_with_slope(State& state, Activation id) {
  Batch batch = from_minus_4_to_4();
  for (auto _ : state) {
    info(id).value_and_derivative(batch.column(0), batch.column(1), batch.column(2), 1000);
    ::benchmark::DoNotOptimize(batch.column(2));
  }
  count_rate(state, "values", 1000);
}

// --- Passes over one batch, in a core's own cache.

constexpr Index batch_rows = 96;

void forward_pass(State& state, const Case& c, Slopes slopes) {
  const Problem p(c);
  ForwardPass pass(p.network, batch_rows);
  for (auto _ : state) pass.run(p.theta, p.X, 0, batch_rows, slopes);
  count_rate(state, "flops", static_cast<double>(2 * batch_rows * p.network.n_params()));
}

void backward_pass(State& state, const Case& c) {
  const Problem p(c);
  ForwardPass forward(p.network, batch_rows);
  BackwardPass backward(p.network, batch_rows);
  forward.run(p.theta, p.X, 0, batch_rows, Slopes::kept);
  for (auto _ : state) backward.run_from_output(0, p.theta, forward, batch_rows);
  count_rate(state, "flops",
             static_cast<double>(2 * batch_rows * (p.network.n_params() - p.network.layer(0).n_weights())));
}

// --- A layer of n units above n over one batch, and BLAS on the same shapes.

void layer_product(State& state, Index n, bool by_blas) {
  Batch A(batch_rows, n), Z(batch_rows, n);
  A.rows(batch_rows).setConstant(0.5);
  const RowMajorMatrix W = RowMajorMatrix::Random(n, n);
  const Eigen::Map<const RowMajorMatrix> weights(W.data(), n, n);
  const Matrix W_as_columns = W, A_as_matrix = A.rows(batch_rows);
  Matrix product(batch_rows, n);
  for (auto _ : state)
    if (by_blas)
      blas::multiply_by_transposed(A_as_matrix, W_as_columns, product);
    else
      multiply_by_weights(A.view(), weights, nullptr, Z.buffer(), batch_rows);
  count_rate(state, "flops", static_cast<double>(2 * batch_rows * n * n));
}

// --- Memory: the machine's limit, and the Jacobian against it.

void write_limit(State& state, const Case& c) {
  Matrix target(c.n_jacobian_rows, network_of(c).n_params());
  prefer_large_pages(target.data(), 8 * static_cast<std::size_t>(target.size()));
  speed::fill_at_write_limit(target, 1);  // the first touch of its pages is not what is timed
  for (auto _ : state) speed::fill_at_write_limit(target, 1);
  count_rate(state, "bytes", 8.0 * static_cast<double>(target.size()));
}

void jacobian(State& state, const Case& c) {
  const Problem p(c);
  const Index n_rows = c.n_jacobian_rows;
  const Matrix X = p.X.replicate(n_rows / p.X.rows() + 1, 1).topRows(n_rows);
  Matrix J(n_rows, p.network.n_params());
  const auto layerwise = find_strategy("layerwise").make(p.network, n_rows, {});
  layerwise->evaluate(p.theta, X, {.J_y_theta = &J});  // as above
  for (auto _ : state) layerwise->evaluate(p.theta, X, {.J_y_theta = &J});
  count_rate(state, "bytes", 8.0 * static_cast<double>(J.size()));
}

// A Jacobian of so many MiB in batches of so many rows, through the cache, past it, or past it beside the computation
// of the next batch: `layerwise` takes the rows of layerwise_batch_rows, the stores of stores_for(), and of the last
// two what is faster.
enum class Writing { ordinary, streaming, beside };

void by_batches(State& state, const Case& c, Writing writing, Index mib, Index rows) {
  const Problem p(c);
  const Index P = p.network.n_params(), n_rows = std::max<Index>((mib << 20) / (8 * P) / 8 * 8, 8);
  const Matrix X = p.X.replicate(n_rows / p.X.rows() + 1, 1).topRows(n_rows);
  Matrix J(n_rows, P);
  prefer_large_pages(J.data(), 8 * static_cast<std::size_t>(J.size()));  // as `layerwise` does
  J.setZero();
  rows = std::min(rows, n_rows);
  ForwardPass forward[] = {{p.network, rows}, {p.network, rows}};
  BackwardPass backward[] = {{p.network, rows}, {p.network, rows}};
  JacobianFill fill(p.network, rows);
  JacobianFill::Task task;
  const auto run = [&](Index row, ForwardPass& up, BackwardPass& down) {
    const Index n = std::min(rows, n_rows - row);
    const bool is_beside = writing == Writing::beside;
    kernel::LinesBeside* beside = is_beside ? fill.beside(n * fill.work_of_passes()) : nullptr;
    up.run(p.theta, X, row, n, Slopes::kept, beside);
    down.run_from_output(0, p.theta, up, n, beside);
    fill.write_rest();  // of the task before
    task = {.forward = &up,
            .backward = &down,
            .output = 0,
            .J_y_theta = &J,
            .first_row = row,
            .n_owned = n,
            .n_computed = n,
            .batches_overlap = false,
            .starts_columns = true,
            .stores = writing == Writing::ordinary ? Stores::ordinary : Stores::streaming};
    if (is_beside)
      fill.begin(task);
    else
      fill.write(task);
  };
  for (auto _ : state) {
    for (Index row = 0, i = 0; row < n_rows; row += rows, ++i) run(row, forward[i % 2], backward[i % 2]);
    fill.write_rest();
    JacobianFill::finish();
  }
  count_rate(state, "bytes", 8.0 * static_cast<double>(J.size()));
}

// --- Products with the Jacobian, and what BLAS does with a Jacobian already there.

void dsyrk(State& state) {
  const Index P = 1000, n = 256;
  const Matrix J = Matrix::Random(n, P);
  Matrix gram = Matrix::Zero(P, P);
  for (auto _ : state) blas::add_gram(J, gram);
  count_rate(state, "flops", static_cast<double>(n * P * (P + 1)));
}

// Of a few columns, by the library's kernel and by BLAS.
void small_gram(State& state, Index P, bool by_blas) {
  const Index n = 256;
  const Matrix J = Matrix::Random(n, P);
  Matrix gram = Matrix::Zero(P, P);
  const kernel::CrossProducts products{.A = {J.data(), n},
                                       .B = {J.data(), n},
                                       .n_rows = n,
                                       .n_of_A = P,
                                       .n_of_B = P,
                                       .is_symmetric = true,
                                       .C = {gram.data(), P}};
  for (auto _ : state)
    if (by_blas)
      blas::add_gram_by_blas(J, gram);
    else
      kernel::kernels().add_cross_products(products);
  count_rate(state, "flops", static_cast<double>(n * P * (P + 1)));
}

// P = 1001, N = 2000.
const Case thousand_parameters{"9-25-28-1", 9, {25, 28}, 2000, 2000};

void gram(State& state) {
  const Problem p(thousand_parameters);
  const Index P = p.network.n_params();
  JacobianProducts products(p.network, p.X.rows());
  Matrix J_t_J;
  for (auto _ : state) products.gram(p.theta, p.X, J_t_J);
  count_rate(state, "flops", static_cast<double>(p.X.rows() * P * (P + 1)));
}

// Of a band at so many points, and the matrix products that it cannot do without, in blocks of as many rows.
void band_variance(State& state, const Case& c, Index n_points) {
  const Problem p(c);
  const Index P = p.network.n_params();
  const Matrix X = p.X.replicate(n_points / p.X.rows() + 1, 1).topRows(n_points);
  const Matrix T = Matrix::Identity(P, P);
  JacobianProducts products(p.network, n_points);
  Matrix variance;
  for (auto _ : state) products.row_tangent_forms(p.theta, X, T, {}, variance);
  count_rate(state, "flops", static_cast<double>(2 * n_points) * static_cast<double>(P * P));
}

void band_dgemm(State& state, const Case& c, Index n_points) {
  const Perceptron network = network_of(c);
  const Index P = network.n_params(), n = rows_in_block(network, n_points);
  const Matrix J = Matrix::Random(n, P), T = Matrix::Random(P, P);
  Matrix J_T(n, P);
  for (auto _ : state) blas::multiply(J, T, J_T);
  count_rate(state, "flops", static_cast<double>(2 * n * P * P));
}

// A band of a fit with more parameters than its 400 observations (inference/inverse_forms.hpp): two triangular
// solutions a point and the products of J K^-1 J0'; and dtrsm of the same shape.
constexpr Index n_observed = 400;

double flops_of_dual_band(const Perceptron& network, Index n_points) {
  Index n_units = network.n_inputs();
  for (const Layer& layer : network.layers()) n_units += 2 * layer.n_units;
  return 2.0 * static_cast<double>(n_observed * n_points) * static_cast<double>(n_observed + n_units);
}

void dual_band(State& state, const Case& c, Index n_points) {
  const Problem p(c);
  const Matrix X = p.X.topRows(n_observed),
               X0 = p.X.replicate(n_points / p.X.rows() + 1, 1).topRows(n_points);
  DualFactor factor(p.network, Vector::Ones(p.network.n_params()), n_observed);
  factor.move_to(p.theta, X, {.factors = Matrix::Ones(n_observed, 1)});
  factor.factorise_undamped();
  HeldProducts points(p.network, InverseForms::block);
  Matrix W;
  Vector forms;
  for (auto _ : state)
    for (Index row = 0; row < n_points; row += InverseForms::block) {
      points.move_to(p.theta, X0.middleRows(row, std::min(InverseForms::block, n_points - row)));
      factor.inverse_at(points, W, forms);
    }
  count_rate(state, "flops", flops_of_dual_band(p.network, n_points));
}

void dual_band_dtrsm(State& state) {
  const Matrix L = Matrix::Random(n_observed, n_observed) + 40 * Matrix::Identity(n_observed, n_observed);
  Matrix W = Matrix::Random(n_observed, InverseForms::block);
  for (auto _ : state) blas::solve_lower(L, W);
  count_rate(state, "flops", static_cast<double>(n_observed * n_observed * InverseForms::block));
}

void outer_gram(State& state, const Case& c) {
  const Problem p(c);
  JacobianProducts products(p.network, 500);
  Matrix J_J_t;
  products.outer_gram(p.theta, p.X.topRows(500), J_J_t);
  for (auto _ : state) products.outer_gram(p.theta, p.X.topRows(500), J_J_t);
}

// J formed and then multiplied: as a product of two matrices, or using that they are the same.
void outer_gram_of_formed(State& state, const Case& c, bool symmetric) {
  const Problem p(c);
  const Matrix X = p.X.topRows(500);
  Matrix J(500, p.network.n_params()), J_J_t(500, 500);
  const auto layerwise = find_strategy("layerwise").make(p.network, 500, {});
  layerwise->evaluate(p.theta, X, {.J_y_theta = &J});
  for (auto _ : state) {
    layerwise->evaluate(p.theta, X, {.J_y_theta = &J});
    if (symmetric)
      blas::multiply_by_own_transposed(J, J_J_t);
    else
      blas::multiply_by_transposed(J, J, J_J_t);
  }
}

void times_vector(State& state, const Case& c) {
  const Problem p(c);
  JacobianProducts products(p.network, p.X.rows());
  Matrix J_v;
  for (auto _ : state) products.times(p.theta, p.X, p.theta, J_v);
}

void transposed_times_vector(State& state, const Case& c) {
  const Problem p(c);
  const Matrix u = Matrix::Ones(p.X.rows(), 1);
  JacobianProducts products(p.network, p.X.rows());
  Vector J_t_u;
  for (auto _ : state) products.transposed_times(p.theta, p.X, u, J_t_u);
}

void register_all() {
  using ::benchmark::RegisterBenchmark;
  for (const ActivationInfo& phi : activation_table()) {
    const std::string name(phi.name);
    RegisterBenchmark(("activation/" + name).c_str(), activation_value, phi.id);
    RegisterBenchmark(("activation_with_slope/" + name).c_str(), activation_with_slope, phi.id);
  }
  RegisterBenchmark("dsyrk/P:1000", dsyrk);
  RegisterBenchmark("gram/P:1000", gram);
  for (const Index P : {3, 7, 13, 31, 64, 96, 128, 256})
    for (const bool by_blas : {false, true})
      RegisterBenchmark(fmt::format("small_gram/{}/P:{}", by_blas ? "dsyrk" : "kernel", P).c_str(),
                        small_gram, P, by_blas);
  for (const Case* c : {&thousand_parameters, &cases[0]})
    for (const Index n_points : {2000, 1'000'000}) {
      const std::string name = fmt::format("points:{}/{}", n_points, c->name);
      RegisterBenchmark(("band_variance/" + name).c_str(), band_variance, *c, n_points);
      RegisterBenchmark(("band_dgemm/" + name).c_str(), band_dgemm, *c, n_points);
    }
  RegisterBenchmark("dual_band_dtrsm/N:400", dual_band_dtrsm);
  for (const Index n_points : {2000, 1'000'000})
    RegisterBenchmark(fmt::format("dual_band/N:400/points:{}/{}", n_points, cases[4].name).c_str(), dual_band,
                      cases[4], n_points);
  for (const Index n : {10, 50, 128, 200})
    for (const bool by_blas : {false, true})
      RegisterBenchmark(fmt::format("layer_product/{}/{}", by_blas ? "dgemm" : "kernel", n).c_str(),
                        layer_product, n, by_blas);
  for (const Case& c : cases)
    for (const auto& [writing, its_name] : {std::pair{Writing::ordinary, "ordinary"},
                                            {Writing::streaming, "streaming"},
                                            {Writing::beside, "beside"}})
      for (const Index mib : {1, 4, 16, 64})
        for (const Index rows : {32, 64, 128, 1024})
          RegisterBenchmark(
              fmt::format("by_batches/{}/{}/MiB:{}/rows:{}", c.name, its_name, mib, rows).c_str(), by_batches,
              c, writing, mib, rows);
  for (const Case& c : cases) {
    const std::string name(c.name);
    RegisterBenchmark(("forward/" + name).c_str(), forward_pass, c, Slopes::none);
    RegisterBenchmark(("forward_with_slopes/" + name).c_str(), forward_pass, c, Slopes::kept);
    RegisterBenchmark(("backward/" + name).c_str(), backward_pass, c);
    RegisterBenchmark(("write_limit/" + name).c_str(), write_limit, c);
    RegisterBenchmark(("jacobian/" + name).c_str(), jacobian, c);
    RegisterBenchmark(("times/" + name).c_str(), times_vector, c);
    RegisterBenchmark(("transposed_times/" + name).c_str(), transposed_times_vector, c);
    RegisterBenchmark(("outer_gram/N:500/" + name).c_str(), outer_gram, c);
    RegisterBenchmark(("outer_gram_of_formed/dgemm/N:500/" + name).c_str(), outer_gram_of_formed, c, false);
    RegisterBenchmark(("outer_gram_of_formed/dsyrk/N:500/" + name).c_str(), outer_gram_of_formed, c, true);
  }
}

}  // namespace
}  // namespace jacobench

int main(int argc, char** argv) {
  jacobench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
