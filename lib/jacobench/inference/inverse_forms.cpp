#include "jacobench/inference/inverse_forms.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/dual_factor.hpp"
#include "jacobench/fit/matrix_free_factor.hpp"

namespace jacobench {
namespace {

class DualForms final : public InverseForms {
 public:
  explicit DualForms(const Fit& like)
      : factor_(like.network, like.decay, like.data.n_observations()), points_(like.network, block) {}

  bool move_to(const Vector& theta, const Matrix& X, const RowMap& rows) override {
    theta_ = theta;
    trace_.reset();
    hat_.resize(0, 0);
    return factor_.move_to(theta, X, rows) && factor_.determines_free() && factor_.factorise(0, 0);
  }

  double accuracy() const override { return factor_.rounding(); }

  const HatTrace& trace_h() override {
    if (!trace_) trace_ = HatTrace{factor_.trace_h()};
    return *trace_;
  }

  const Matrix* hat() override {
    if (hat_.size() == 0) hat_ = factor_.hat();
    return &hat_;
  }

  double log_determinant() const override { return factor_.log_determinant(); }

  bool at_points(const MatrixView& X0, Matrix& W, Vector& forms) override {
    points_.move_to(theta_, X0);
    factor_.inverse_at(points_, W, forms);
    return true;
  }

  bool solve(const Vector& g, Vector& d, Vector& w) override {
    factor_.solve(g, d);
    factor_.times(d, w);
    return true;
  }

  bool has_parameters() const override { return true; }

  void of_parameters(Index first, Index n, Matrix& W, Vector& forms) override {
    factor_.inverse_of_parameters(first, n, W, forms);
  }

 private:
  DualFactor factor_;
  HeldProducts points_;
  Vector theta_;
  std::optional<HatTrace> trace_;
  Matrix hat_;
};

class MatrixFreeForms final : public InverseForms {
 public:
  explicit MatrixFreeForms(const Fit& like)
      : network_(like.network),
        K_(like.decay),
        factor_(network_, K_, like.data.n_observations()),
        point_(network_, 1) {}

  bool move_to(const Vector& theta, const Matrix& X, const RowMap& rows) override {
    theta_ = theta;
    X_ = X;
    row_map_ = rows;
    trace_.reset();
    factor_.move_to(theta, X, rows);
    return true;
  }

  double accuracy() const override { return accuracy_of_widths; }

  const HatTrace& trace_h() override {
    if (!trace_) trace_ = trace_of_hat(network_, K_, theta_, X_, row_map_);
    return *trace_;
  }

  const Matrix* hat() override { return nullptr; }
  double log_determinant() const override { return std::numeric_limits<double>::quiet_NaN(); }

  bool at_points(const MatrixView& X0, Matrix& W, Vector& forms) override {
    const Index M = X0.rows(), K = network_.n_outputs();
    W.resize(row_map_.n_rows(), M * K);
    forms.resize(M * K);
    bool is_accurate = true;
    Vector g, d, w;
    for (Index m = 0; m < M; ++m) {
      point_.move_to(theta_, X0.row(m));
      for (Index k = 0; k < K; ++k) {
        point_.transposed_times(Matrix(Matrix::Identity(K, K).row(k)), g);
        is_accurate = solve(g, d, w) && is_accurate;
        W.col(k * M + m) = w;
        forms[k * M + m] = g.dot(d);
      }
    }
    return is_accurate;
  }

  bool solve(const Vector& g, Vector& d, Vector& w) override {
    return factor_.solve(g, accuracy_of_widths, d, w);
  }

  bool has_parameters() const override { return false; }
  void of_parameters(Index, Index, Matrix&, Vector&) override {
    JB_EXPECT(has_parameters(), "each parameter takes a system of equations");
  }

 private:
  static constexpr double accuracy_of_widths = 1e-8;

  const Perceptron network_;
  const Vector K_;
  MatrixFreeFactor factor_;
  HeldProducts point_;
  Vector theta_;
  Matrix X_;
  RowMap row_map_;
  std::optional<HatTrace> trace_;
};

}  // namespace

std::unique_ptr<InverseForms> InverseForms::make(StepForm form, const Fit& like) {
  const auto n_penalised = static_cast<double>((like.decay.array() > 0).count());
  if (!are_possible(form, static_cast<double>(like.n_params()), n_penalised,
                    static_cast<double>(like.n_values())))
    return nullptr;
  if (form == StepForm::dual) return std::make_unique<DualForms>(like);
  return std::make_unique<MatrixFreeForms>(like);
}

bool InverseForms::are_possible(StepForm form, double n_params, double n_penalised, double n_values) {
  if (n_penalised == 0) return false;
  return (form == StepForm::dual && n_params - n_penalised <= n_values) ||
         (form == StepForm::matrix_free && n_params == n_penalised);
}

}  // namespace jacobench
