// What peers have in common that compute one observation at a time, as programs for automatic differentiation do.
#pragma once

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::peers {

class RowwiseEvaluator : public Evaluator {
 public:
  RowwiseEvaluator(const Perceptron& network, Index max_rows);

  EvaluationCounts counts() const override { return counts_; }

 protected:
  // Before the observations of a call: theta [P] stays where it is until the next.
  virtual void begin(const double* theta) = 0;

  // At x [D]: outputs y [K] and, unless it is null, their derivatives J [K x P], row-major.
  virtual void evaluate_row(const double* x, double* y, double* J) = 0;

  // How often the network is evaluated for one observation's derivatives.
  virtual Index evaluations() const { return 1; }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) final;

  Vector theta_, x_, y_;
  // Rows of the Jacobian are gathered until there are whole cache lines of its columns to write.
  RowMajorMatrix block_;
  EvaluationCounts counts_;
};

}  // namespace jacobench::peers
