// The kernels of fits in lanes against plain loops of one fit, to the bit: sums from the first row to the last, and
// from the first column to the last, whatever the tiles and panels they are made by.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "jacobench/base/matrix.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/line_allocator.hpp"

#include "support/vector_paths.hpp"

namespace jacobench::kernel {
namespace {

using jacobench::testing::same_bits;

using Numbers = std::vector<double, LineAllocator<double>>;

struct Shape {
  Index n_inputs, n_units;
  bool has_hidden_bias, has_output_bias;
  Index n_rows;
};

const ActivationKernels& activation() {
  return kernels().activations[static_cast<std::size_t>(Activation::tanh)];
}

LaneEquations equations_of(const Shape& shape) {
  LaneEquations equations{};
  equations.rows.n_rows = shape.n_rows;
  equations.rows.n_inputs = shape.n_inputs;
  equations.rows.n_units = shape.n_units;
  equations.rows.has_hidden_bias = shape.has_hidden_bias;
  equations.rows.has_output_bias = shape.has_output_bias;
  equations.activation = activation().all;
  return equations;
}

// Numbers of one fit.
struct OneFit {
  Vector X, y, factors, tau, step;
  Matrix E, second;
  Vector units;  // values and both derivatives

  OneFit(const Shape& shape, std::uint32_t number) {
    RandomStream stream(1, 2, number, RandomPurpose::probe);
    const auto fill = [&](Vector& v, Index n) {
      v.resize(n);
      stream.fill_normal({v.data(), static_cast<std::size_t>(n)});
    };
    fill(X, shape.n_rows * shape.n_inputs);
    fill(y, shape.n_rows);
    fill(factors, shape.n_rows);
    fill(tau, equations_of(shape).rows.n_params());
    fill(step, tau.size());
  }

  // Of what was computed.
  Vector residuals(const Shape& shape) const {
    const Index m = shape.n_units, top = m * (shape.n_inputs + (shape.has_hidden_bias ? 1 : 0));
    Vector r(shape.n_rows);
    for (Index n = 0; n < shape.n_rows; ++n) {
      double f = shape.has_output_bias ? tau[tau.size() - 1] : 0;
      for (Index j = 0; j < m; ++j) f = std::fma(tau[top + j], units[n * m + j], f);
      r[n] = (f - y[n]) * factors[n];
    }
    return r;
  }

  void compute(const Shape& shape) {
    const Index D = shape.n_inputs, m = shape.n_units, P = tau.size();
    const Index biases = m * D, top = biases + (shape.has_hidden_bias ? m : 0);
    E.setZero(P + 1, P + 1);
    second.setZero(P + 1, P + 1);
    Vector z(m), a(m), slope(m), bend(m), J(P + 1);
    units.resize(3 * shape.n_rows * m);
    for (Index n = 0; n < shape.n_rows; ++n) {
      const double* const x = &X[n * D];
      for (Index j = 0; j < m; ++j) {
        z[j] = shape.has_hidden_bias ? tau[biases + j] : 0;
        for (Index d = 0; d < D; ++d) z[j] = std::fma(tau[j * D + d], x[d], z[j]);
      }
      activation().all(z.data(), a.data(), slope.data(), bend.data(), m);
      for (Index j = 0; j < m; ++j) {
        units[n * m + j] = a[j];
        units[(shape.n_rows + n) * m + j] = slope[j];
        units[(2 * shape.n_rows + n) * m + j] = bend[j];
      }
      double f = shape.has_output_bias ? tau[P - 1] : 0;
      for (Index j = 0; j < m; ++j) f = std::fma(tau[top + j], a[j], f);
      const double r = (f - y[n]) * factors[n], weight = r * factors[n];
      if (shape.has_output_bias) J[P - 1] = factors[n];
      J[P] = r;
      for (Index j = 0; j < m; ++j) {
        const double v = tau[top + j], along = factors[n] * v * slope[j], e = weight * slope[j],
                     s = weight * v * bend[j];
        J[top + j] = factors[n] * a[j];
        if (shape.has_hidden_bias) {
          J[biases + j] = along;
          second(top + j, biases + j) += e;
          second(biases + j, biases + j) += s;
        }
        for (Index d = 0; d < D; ++d) {
          const Index q = j * D + d;
          J[q] = along * x[d];
          second(top + j, q) = std::fma(e, x[d], second(top + j, q));
          if (shape.has_hidden_bias) second(biases + j, q) += s * x[d];
          for (Index c = d; c < D; ++c) second(j * D + c, q) = std::fma(s * x[c], x[d], second(j * D + c, q));
        }
      }
      for (Index q = 0; q <= P; ++q)
        for (Index p = q; p <= P; ++p) E(p, q) = std::fma(J[p], J[q], E(p, q));
    }
  }
};

// J' r_dd + across J_d' r_d, the derivatives of r and J being along the step. The equations have been computed.
Vector second_along(const OneFit& fit, const Shape& shape, double across) {
  const Index D = shape.n_inputs, m = shape.n_units, N = shape.n_rows, P = fit.tau.size();
  const Index biases = m * D, top = biases + (shape.has_hidden_bias ? m : 0);
  Vector sums = Vector::Zero(P);
  for (Index n = 0; n < N; ++n) {
    const double* const x = &fit.X[n * D];
    Vector value_d(m), slope_d(m);
    double f_d = shape.has_output_bias ? fit.step[P - 1] : 0, f_dd = 0;
    for (Index j = 0; j < m; ++j) {
      double z_d = shape.has_hidden_bias ? fit.step[biases + j] : 0;
      for (Index i = 0; i < D; ++i) z_d = std::fma(fit.step[j * D + i], x[i], z_d);
      const double value = fit.units[n * m + j], slope = fit.units[(N + n) * m + j],
                   bent = fit.tau[top + j] * fit.units[(2 * N + n) * m + j] * z_d,
                   turned = fit.step[top + j] * slope;
      value_d[j] = slope * z_d;
      slope_d[j] = bent + turned;
      f_d = std::fma(fit.tau[top + j], value_d[j], std::fma(fit.step[top + j], value, f_d));
      f_dd = std::fma(bent + 2 * turned, z_d, f_dd);
    }
    const double squared = fit.factors[n] * fit.factors[n], weight = f_dd * squared,
                 weight_d = f_d * squared * across;
    if (shape.has_output_bias) sums[P - 1] += weight;
    for (Index j = 0; j < m; ++j) {
      const double value = fit.units[n * m + j], slope = fit.units[(N + n) * m + j];
      const double e = std::fma(weight_d, slope_d[j], weight * (fit.tau[top + j] * slope));
      sums[top + j] += std::fma(weight_d, value_d[j], weight * value);
      if (shape.has_hidden_bias) sums[biases + j] += e;
      for (Index i = 0; i < D; ++i) sums[j * D + i] = std::fma(e, x[i], sums[j * D + i]);
    }
  }
  return sums;
}

// x of (C L L' C) x = b.
Vector solved(const Matrix& L, const Vector& C, const Vector& b) {
  Vector x(C.size());
  for (Index q = 0; q < x.size(); ++q) {
    x[q] = b[q] * (1 / C[q]);
    for (Index k = 0; k < q; ++k) x[q] = std::fma(-L(q, k), x[k], x[q]);
    x[q] /= L(q, q);
  }
  for (Index q = x.size(); q-- > 0;) {
    for (Index p = x.size(); p-- > q + 1;) x[q] = std::fma(-L(p, q), x[p], x[q]);
    x[q] /= L(q, q);
  }
  for (Index q = 0; q < x.size(); ++q) x[q] *= 1 / C[q];
  return x;
}

struct OneFactor {
  Matrix L;
  Vector C, step;
  double least_norm, least_pivot, squares = 0, squared_length = 0;

  // `longer` where there is one: the squared length is of its step.
  OneFactor(const OneFit& fit, bool has_second, const Vector* longer = nullptr)
      : L(fit.E), C(fit.E.diagonal().head(fit.tau.size()).cwiseSqrt()), step(fit.tau.size()) {
    const Index P = fit.tau.size();
    least_norm = least_pivot = std::numeric_limits<double>::infinity();
    for (const double norm : C)
      if (!(norm >= least_norm)) least_norm = norm;
    if (has_second) L += fit.second;
    const Vector by = C.cwiseInverse();
    for (Index q = 0; q < P; ++q)
      for (Index p = q; p <= P; ++p) L(p, q) = L(p, q) * by[q] * (p < P ? by[p] : 1);
    for (Index q = 0; q < P; ++q) {
      for (Index p = q; p <= P; ++p)
        for (Index k = 0; k < q; ++k) L(p, q) = std::fma(-L(p, k), L(q, k), L(p, q));
      L(q, q) = std::sqrt(L(q, q));
      if (!(L(q, q) >= least_pivot)) least_pivot = L(q, q);
      for (Index p = q + 1; p <= P; ++p) L(p, q) *= 1 / L(q, q);
      squares = std::fma(L(P, q), L(P, q), squares);
    }
    for (Index q = P; q-- > 0;) {
      step[q] = L(P, q);
      for (Index p = q + 1; p < P; ++p) step[q] = std::fma(-L(p, q), step[p], step[q]);
      step[q] /= L(q, q);
    }
    for (Index q = 0; q < P; ++q) step[q] = -step[q] / C[q];
    if (!longer) return;
    for (Index q = 0; q < P; ++q) {
      double sum = 0;
      for (Index p = q; p < P; ++p) sum = std::fma(L(p, q), C[p] * (*longer)[p], sum);
      squared_length = std::fma(sum, sum, squared_length);
    }
  }
};

class InLanes {
 public:
  InLanes(const LaneKernels& kernels, const Shape& shape)
      : kernels_(kernels), shape_(shape), W_(kernels.n_lanes), P_(equations_of(shape).rows.n_params()) {
    for (Index lane = 0; lane < W_; ++lane) fits_.emplace_back(shape, static_cast<std::uint32_t>(lane));
    const auto make = [&](Numbers& numbers, Index n) { numbers.assign(static_cast<std::size_t>(n * W_), 0); };
    for (Numbers* matrix : {&E_, &second_, &damped_, &L_[0], &L_[1]}) make(*matrix, (P_ + 1) * (P_ + 1));
    for (Numbers* vector : {&C_, &by_C_, &step_[0], &step_[1], &sums_, &solution_[0], &solution_[1]})
      make(*vector, P_);
    make(units_, lane_units_size(equations_of(shape).rows));
    for (Numbers* scalar :
         {&least_norm_, &least_pivot_[0], &least_pivot_[1], &squares_[0], &squares_[1], &length_})
      make(*scalar, 1);
  }

  void expect_what_plain_loops_give() {
    expect_equations(nullptr);
    expect_equations(units_.data());
    for (const bool is_together : {false, true}) expect_factors(is_together);
    expect_second_along();
    expect_damped();
  }

 private:
  Numbers interleaved(Vector OneFit::*which) const {
    const Index n = (fits_.front().*which).size();
    Numbers all(static_cast<std::size_t>(n * W_));
    for (Index i = 0; i < n; ++i)
      for (Index lane = 0; lane < W_; ++lane)
        at(all, i, lane) = (fits_[static_cast<std::size_t>(lane)].*which)[i];
    return all;
  }

  void expect_equations(double* units) {
    LaneEquations equations = equations_of(shape_);
    const Numbers X = interleaved(&OneFit::X), y = interleaved(&OneFit::y),
                  factors = interleaved(&OneFit::factors), tau = interleaved(&OneFit::tau);
    Numbers workspace(static_cast<std::size_t>(equations.lane_workspace() * W_));
    equations.rows.X = X.data();
    equations.rows.y = y.data();
    equations.rows.factors = factors.data();
    equations.rows.tau = tau.data();
    equations.E = E_.data();
    equations.second = second_.data();
    equations.units = units;
    equations.workspace = workspace.data();
    for (int time = 0; time < 2; ++time) kernels_.equations(equations);
    for (Index lane = 0; lane < W_; ++lane) {
      OneFit& fit = fits_[static_cast<std::size_t>(lane)];
      fit.compute(shape_);
      for (Index q = 0; q <= P_; ++q)
        for (Index p = q; p <= P_; ++p) {
          expect_same(at(E_, entry(p, q), lane), fit.E(p, q), "E", p, q);
          expect_same(at(second_, entry(p, q), lane), fit.second(p, q), "second", p, q);
        }
      for (Index i = 0; units && i < fit.units.size(); ++i)
        expect_same(at(units_, i, lane), fit.units[i], "units", i);
    }
  }

  // Each lane with an `across` of its own; by both factors, alone and together.
  void expect_second_along() {
    const Numbers X = interleaved(&OneFit::X), factors = interleaved(&OneFit::factors),
                  tau = interleaved(&OneFit::tau), d = interleaved(&OneFit::step);
    Numbers across(static_cast<std::size_t>(W_));
    for (Index lane = 0; lane < W_; ++lane) at(across, 0, lane) = static_cast<double>(lane % 3);
    LaneSecondAlong second{.rows = equations_of(shape_).rows};
    Numbers workspace(static_cast<std::size_t>(second.lane_workspace() * W_));
    second.rows.X = X.data();
    second.rows.factors = factors.data();
    second.rows.tau = tau.data();
    second.units = units_.data();
    second.d = d.data();
    second.sums = sums_.data();
    second.workspace = workspace.data();
    for (const bool has_across : {false, true}) {
      second.across = has_across ? across.data() : nullptr;
      for (int time = 0; time < 2; ++time) kernels_.second_along(second);
      for (Index lane = 0; lane < W_; ++lane) {
        const OneFit& fit = fits_[static_cast<std::size_t>(lane)];
        const Vector sums = second_along(fit, shape_, has_across ? at(across, 0, lane) : 0);
        for (Index q = 0; q < P_; ++q) expect_same(at(sums_, q, lane), sums[q], "second along", q);
      }
    }
    for (const bool is_together : {false, true}) {
      const LaneFactor both[] = {factor(0), factor(1)};
      for (Numbers& solution : solution_) std::fill(solution.begin(), solution.end(), 0);
      if (is_together)
        kernels_.solve_for(both, 2, sums_.data());
      else
        for (const LaneFactor& one : both) kernels_.solve_for(&one, 1, sums_.data());
      expect_solutions();
    }
  }

  void expect_solutions() {
    for (Index lane = 0; lane < W_; ++lane) {
      Vector sums(P_);
      for (Index q = 0; q < P_; ++q) sums[q] = at(sums_, q, lane);
      for (const std::size_t i : {0, 1}) {
        const OneFactor factor(fits_[static_cast<std::size_t>(lane)], i == 1);
        const Vector x = solved(factor.L, factor.C, sums);
        for (Index q = 0; q < P_; ++q) expect_same(at(solution_[i], q, lane), x[q], "solved", i, q);
      }
    }
  }

  // Each lane by numbers of its own; those that replace others in every second lane.
  void expect_damped() {
    Numbers weight(static_cast<std::size_t>(W_)), by_diagonal(weight), shift(weight), where(weight);
    for (Index lane = 0; lane < W_; ++lane) {
      at(weight, 0, lane) = lane % 3 == 0 ? 0 : 1;
      at(by_diagonal, 0, lane) = 0.3 * static_cast<double>(lane);
      at(shift, 0, lane) = 0.1 * static_cast<double>(lane + 1);
      at(where, 0, lane) = lane % 2 == 0 ? 1 : 0;
    }
    kernels_.damp({.n_params = P_,
                   .E = E_.data(),
                   .second = second_.data(),
                   .weight = weight.data(),
                   .by_diagonal = by_diagonal.data(),
                   .shift = shift.data(),
                   .damped = damped_.data()});
    Numbers replaced = E_;
    kernels_.replace(where.data(), second_.data(), replaced.data(), (P_ + 1) * (P_ + 1));
    for (Index lane = 0; lane < W_; ++lane) {
      const OneFit& fit = fits_[static_cast<std::size_t>(lane)];
      for (Index q = 0; q < P_; ++q)
        for (Index p = q; p <= P_; ++p) {
          const double sum =
              p == P_ ? fit.E(p, q) : std::fma(at(weight, 0, lane), fit.second(p, q), fit.E(p, q));
          const double diagonal = std::fma(at(by_diagonal, 0, lane), fit.E(p, q), sum) + at(shift, 0, lane);
          expect_same(at(damped_, entry(p, q), lane), p == q ? diagonal : sum, "damped", p, q);
          expect_same(at(replaced, entry(p, q), lane), lane % 2 == 0 ? fit.second(p, q) : fit.E(p, q),
                      "replaced", p, q);
        }
    }
  }

  LaneFactor factor(std::size_t i) {
    return {.n_params = P_,
            .E = E_.data(),
            .second = i == 0 ? nullptr : second_.data(),
            .C = C_.data(),
            .by_C = by_C_.data(),
            .L = L_[i].data(),
            .least_norm = least_norm_.data(),
            .least_pivot = least_pivot_[i].data(),
            .squares = squares_[i].data(),
            .step = step_[i].data(),
            .solution = solution_[i].data()};
  }

  void expect_factors(bool is_together) {
    const LaneFactor factors[] = {factor(0), factor(1)};
    for (Numbers* numbers : {&L_[0], &L_[1], &step_[0], &step_[1]})
      std::fill(numbers->begin(), numbers->end(), 0);
    for (Index i = 0; i < 2; i += is_together ? 2 : 1) kernels_.factorise(factors + i, is_together ? 2 : 1);
    for (Index i = 0; i < 2; i += is_together ? 2 : 1) kernels_.solve(factors + i, is_together ? 2 : 1);
    kernels_.squared_length(factors[0], step_[1].data(), length_.data());
    for (Index lane = 0; lane < W_; ++lane) {
      const OneFit& fit = fits_[static_cast<std::size_t>(lane)];
      const OneFactor of_H(fit, true), of_J(fit, false, &of_H.step);
      expect_same(at(least_norm_, 0, lane), of_J.least_norm, "least norm");
      expect_same(at(length_, 0, lane), of_J.squared_length, "squared length");
      for (std::size_t i = 0; i < 2; ++i) {
        const OneFactor& of = i == 0 ? of_J : of_H;
        expect_same(at(least_pivot_[i], 0, lane), of.least_pivot, "least pivot");
        expect_same(at(squares_[i], 0, lane), of.squares, "squares");
        for (Index q = 0; q < P_; ++q) {
          expect_same(at(step_[i], q, lane), of.step[q], "step", q);
          for (Index p = q; p <= P_; ++p) expect_same(at(L_[i], entry(p, q), lane), of.L(p, q), "L", p, q);
        }
      }
    }
  }

  void expect_same(double its, double plain, const char* what, Index p = 0, Index q = 0) const {
    if (!same_bits(its, plain))
      ADD_FAILURE() << fmt::format("{}({}, {}) of {} inputs, {} units, {} lanes: {}, by plain loops {}", what,
                                   p, q, shape_.n_inputs, shape_.n_units, W_, its, plain);
  }

  double& at(Numbers& numbers, Index i, Index lane) const {
    return numbers[static_cast<std::size_t>(i * W_ + lane)];
  }
  Index entry(Index p, Index q) const { return q * (P_ + 1) + p; }

  const LaneKernels kernels_;
  const Shape shape_;
  const Index W_, P_;
  std::vector<OneFit> fits_;
  Numbers E_, second_, units_, damped_, C_, by_C_, L_[2], step_[2], least_norm_, least_pivot_[2], squares_[2],
      length_;
  Numbers sums_, solution_[2];
};

// Of every number of parameters that goes in lanes, by all combinations of biases, and rows of one block and of many.
TEST(LaneKernels, GiveWhatPlainLoopsOfOneFitGive) {
  for (const VectorPath path : jacobench::testing::runnable_vector_paths()) {
    const jacobench::testing::OnVectorPath on(path);
    for (const Index n_inputs : {1, 2, 3, 4})
      for (Index n_units = 1; n_units <= 13; ++n_units)
        for (const int biases : {0, 1, 2, 3})
          for (const Index n_rows : {3, 47}) {
            const Shape shape{n_inputs, n_units, biases % 2 == 1, biases >= 2, n_rows};
            if (equations_of(shape).rows.n_params() > 40) continue;
            InLanes(kernels().one_fit, shape).expect_what_plain_loops_give();
            InLanes(kernels().fits_side_by_side, shape).expect_what_plain_loops_give();
            if (HasFailure()) return;
          }
  }
}

// Where r = 0, J' r_dd + 2 J_d' r_d is all of the second derivative of J'r along d. Differences at h and h / 2, of which
// the error of order h^2 is taken away, leave that of h^4, 1e-12 of derivatives of sixth order, and n 2^-53 / h of
// rounding, 1e-12 of J'r_d.
TEST(LaneKernels, HaveSecondDerivativesOfTheGradient) {
  const Shape shape{2, 3, true, true, 20};
  OneFit fit(shape, 0);
  fit.compute(shape);
  const Vector residuals_at_zero = fit.residuals(shape);
  fit.y += residuals_at_zero.cwiseQuotient(fit.factors);
  fit.compute(shape);
  ASSERT_LE(fit.residuals(shape).norm(), 1e-14 * residuals_at_zero.norm());
  const Vector sums = second_along(fit, shape, 2), without = second_along(fit, shape, 0);
  ASSERT_TRUE(sums.allFinite());
  const auto gradient_at = [&](double t) {
    OneFit moved = fit;
    moved.tau += t * fit.step;
    moved.compute(shape);
    return Vector(moved.E.row(moved.tau.size()).head(moved.tau.size()));
  };
  const auto difference = [&](double h) { return Vector((gradient_at(h) + gradient_at(-h)) / (h * h)); };
  const double h = 1e-3;
  const Vector wanted = (4 * difference(h / 2) - difference(h)) / 3;
  EXPECT_LE((sums - wanted).norm(), 1e-8 * wanted.norm());
  EXPECT_GT((without - wanted).norm(), 1e-2 * wanted.norm());
}

}  // namespace
}  // namespace jacobench::kernel
