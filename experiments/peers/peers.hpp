// How each peer is made, by the files of their names; a library's is declared whether or not it is there.
#pragma once

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::peers {

using MakeEvaluator = std::unique_ptr<Evaluator>(const Perceptron& network, Index max_rows,
                                                 const StrategyOptions& options);

MakeEvaluator make_plain_loop, make_complex_step, make_eigen_autodiff, make_ceres_jets, make_adolc,
    make_cppad, make_sacado, make_stan_math, make_slicot;

}  // namespace jacobench::peers
