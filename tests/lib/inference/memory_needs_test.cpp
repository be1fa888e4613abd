// The memory that is announced, held against what the heap grows by.
#include "jacobench/inference/memory_needs.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/covariance.hpp"

namespace jacobench {
namespace {

double bytes_in_use() {
  const auto heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

struct Problem {
  const char* what;
  Index n_inputs, n_hidden, n_observations;
  double decay;
};

// Where the figures are tens of megabytes, so that what stays in the cache does not count. A fit holds what is announced; of a tangent,
// workspaces that are given back are in it, too.
TEST(MemoryNeeds, AreThoseOfAFitAndOfItsTangent) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's heap is not the machine's";
#endif
  for (const Problem& problem :
       {Problem{"rows outnumber parameters", 9, 60, 3000, 0}, Problem{"with a decay", 9, 60, 3000, 0.1},
        Problem{"n x n", 300, 8, 600, 0.1}}) {
    SCOPED_TRACE(problem.what);
    const Perceptron network(problem.n_inputs,
                             {{problem.n_hidden, Activation::tanh}, {1, Activation::identity}});
    RandomStream stream(1, 0, 0, RandomPurpose::noise);
    Dataset data{Matrix(problem.n_observations, problem.n_inputs), Matrix(problem.n_observations, 1)};
    for (double& x : data.X.reshaped()) x = stream.normal();
    for (double& y : data.Y.reshaped()) y = stream.normal();
    const Vector decay =
        problem.decay > 0 ? equal_decay(network, problem.decay, DecayOf::weights_and_biases) : Vector();
    const ProblemSize size(network, data.n_values(), decay);
    const double before = bytes_in_use();
    Fitter fitter(network, data, {.n_starts = 1, .n_redraws = 0, .decay = decay, .max_iterations = 2});
    const Fit fitted = fitter.fit(data);
    const double of_fit = bytes_in_use() - before;
    EXPECT_LE(of_fit, 1.1 * memory_of_fit(size, 1));
    EXPECT_GE(of_fit, memory_of_fit(size, 1) / 2);
    const double before_tangent = bytes_in_use();
    Tangent at = linearise(fitted);
    const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
    const double of_tangent = bytes_in_use() - before_tangent;
    EXPECT_LE(of_tangent, 1.1 * memory_of_inference(size)) << name_of(cov.status());
    EXPECT_GE(of_tangent, memory_of_inference(size) / 4);
  }
}

}  // namespace
}  // namespace jacobench
