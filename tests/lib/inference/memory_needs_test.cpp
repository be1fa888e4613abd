// The memory that is announced, held against what the heap grows by.
#include "jacobench/inference/memory_needs.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/output_scales.hpp"
#include "jacobench/inference/covariance.hpp"

namespace jacobench {
namespace {

double bytes_in_use() {
  const auto heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

// Of the process, what it had at most since that was reset.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return 1024 * std::stod(line.substr(line.find(':') + 1));
  return 0;
}

struct Problem {
  const char* what;
  Index n_inputs, n_hidden, n_observations;
  double decay;
};

// Where the figures are tens of megabytes, so that what stays in the cache does not count. A fit holds what is
// announced; of a tangent, workspaces that are given back are in it, too.
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
    // In so few steps no units are idle, and half of what the n x n form may take is not needed.
    EXPECT_GE(of_fit, memory_of_fit(size, 1) / (size.form == StepForm::dual ? 4 : 2));
    const double before_tangent = bytes_in_use();
    Tangent at = linearise(fitted);
    const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
    const double of_tangent = bytes_in_use() - before_tangent;
    EXPECT_LE(of_tangent, 1.1 * memory_of_inference(size, Inference::by_jacobian)) << name_of(cov.status());
    EXPECT_GE(of_tangent, memory_of_inference(size, Inference::by_jacobian) / 4);
  }
}

// What the scales of outputs are estimated from is given back at once, so that the peak counts. J is 16 MB.
TEST(MemoryNeeds, AreThoseOfOutputsWithNoiseOfTheirOwn) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's heap is not the machine's";
#endif
  constexpr Index n_rows = 20'000;
  const Perceptron network(3, {{8, Activation::tanh}, {2, Activation::identity}});
  const ProblemSize own(network, 2 * n_rows, {}),
      shared(network, 2 * n_rows, {}, StepForm::automatic, OutputNoise::shared);
  const Dataset data{Matrix::Random(n_rows, 3), Matrix::Random(n_rows, 2), {}, Vector::Ones(2)};
  const Fit fitted{.network = network, .theta = Vector::Random(network.n_params()), .data = data};
  malloc_trim(0);
  if (!(std::ofstream("/proc/self/clear_refs") << 5).flush())
    GTEST_SKIP() << "the kernel does not reset peaks";
  const double before = peak_bytes();
  ASSERT_TRUE(output_scales_of(fitted));
  const double announced = memory_of_fit(own, 1) - memory_of_fit(shared, 1), grown = peak_bytes() - before;
  EXPECT_LE(grown, 1.1 * announced);
  EXPECT_GE(grown, announced / 2);
}

// What they leave open has no n x n form: J and the penalty are factorised, P x P.
TEST(MemoryNeeds, AreThoseOfMoreFreeBiasesThanObservations) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's heap is not the machine's";
#endif
  const Perceptron network(2, {{300, Activation::tanh}, {1, Activation::identity}});
  Dataset data{Matrix::Random(50, 2), Matrix::Random(50, 1)};
  const Vector decay = equal_decay(network, 0.1, DecayOf::weights);
  const double needs = memory_of_inference(ProblemSize(network, data.n_values(), decay), Inference::usual);
  Tangent at(
      Fit{.network = network, .theta = Vector::Ones(network.n_params()), .data = data, .decay = decay});
  const Fit fit{
      .network = network, .theta = Vector::Random(network.n_params()), .data = data, .decay = decay};
  const double before = bytes_in_use();
  ASSERT_TRUE(at.move_to(fit));
  at.with_decay();
  const double grown = bytes_in_use() - before;
  EXPECT_LE(grown, 1.1 * needs);
  EXPECT_GE(grown, needs / 4);
}

// Of more parameters than observations, whose J would take 190 MB; and far more, of which the machine has neither
// matrix.
TEST(MemoryNeeds, AreThoseOfFormsWithoutJ) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's heap is not the machine's";
#endif
  const Perceptron network(300, {{100, Activation::tanh}, {1, Activation::identity}});
  RandomStream stream(1, 0, 0, RandomPurpose::noise);
  Dataset data{Matrix(800, 300), Matrix(800, 1)};
  for (double& x : data.X.reshaped()) x = stream.normal();
  for (double& y : data.Y.reshaped()) y = stream.normal();
  for (const StepForm form : {StepForm::dual, StepForm::matrix_free}) {
    const Vector decay = equal_decay(network, 100, DecayOf::weights_and_biases);
    const ProblemSize size(network, data.n_values(), decay, form);
    const double before = bytes_in_use();
    Fitter fitter(network, data,
                  {.n_starts = 1, .n_redraws = 0, .decay = decay, .max_iterations = 2, .form = form});
    const Fit fitted = fitter.fit(data);
    EXPECT_LE(bytes_in_use() - before, 1.1 * memory_of_fit(size, 1));
    const double before_tangent = bytes_in_use();
    Tangent at = linearise(fitted);
    const Covariance cov = covariance(at, {.kind = CovarianceKind::ridge});
    ASSERT_TRUE(cov.ok());
    EXPECT_LE(bytes_in_use() - before_tangent, 1.1 * memory_of_inference(size, Inference::usual));
    EXPECT_LE(memory_of_inference(size, Inference::usual),
              memory_of_inference(size, Inference::by_jacobian) / 2);
  }
}

// Beside five observations whatever a fit holds is vectors of its parameters.
TEST(MemoryNeeds, AreVectorsOfParametersBesideFewObservations) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's heap is not the machine's";
#endif
  const Perceptron network(100,
                           {{300, Activation::tanh}, {300, Activation::tanh}, {1, Activation::identity}});
  const Dataset data{Matrix::Random(5, 100), Matrix::Random(5, 1)};
  const Vector decay = equal_decay(network, 0.1, DecayOf::weights_and_biases);
  for (const StepForm form : {StepForm::dual, StepForm::matrix_free}) {
    const double needs = memory_of_fit(ProblemSize(network, data.n_values(), decay, form), 1);
    const double before = bytes_in_use();
    Fitter fitter(network, data,
                  {.n_starts = 1, .n_redraws = 0, .decay = decay, .max_iterations = 2, .form = form});
    fitter.fit(data);
    const double of_fit = bytes_in_use() - before;
    EXPECT_LE(of_fit, 1.1 * needs);
    // In so few steps no units are idle: there is no second network of the n x n form.
    EXPECT_GE(of_fit, needs / (form == StepForm::dual ? 3 : 1.5));
  }
}

TEST(MemoryNeeds, DecideTheFormWhereNoMatrixFits) {
  const Perceptron network(100,
                           {{1000, Activation::tanh}, {1000, Activation::tanh}, {1, Activation::identity}});
  const Vector decay = equal_decay(network, 1, DecayOf::weights_and_biases);
  EXPECT_EQ(ProblemSize(network, 2000, decay).form, StepForm::dual);
  EXPECT_LT(memory_of_fit(ProblemSize(network, 2000, decay), 1), 2e9);
  EXPECT_EQ(ProblemSize(network, 100'000'000, decay).form, StepForm::matrix_free);
  EXPECT_EQ(ProblemSize(network, 2000, {}).form, StepForm::matrix_free);
}

}  // namespace
}  // namespace jacobench
