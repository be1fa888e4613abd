// Preparing allocates, evaluating does not.
#include <cstdlib>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"

#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using testing::Scenario;
using testing::scenarios;

// A counter that counts nothing would let every strategy pass.
TEST(AllocationCount, SeesEveryKindOfAllocation) {
  void* volatile kept = nullptr;
  EXPECT_EQ(allocations_of([&] { kept = std::malloc(10); }), 1u);
  std::free(kept);
  EXPECT_EQ(allocations_of([&] { kept = std::calloc(10, 1); }), 1u);
  EXPECT_EQ(allocations_of([&] { kept = std::realloc(kept, 1000); }), 1u);
  std::free(kept);
  EXPECT_EQ(allocations_of([&] { kept = std::aligned_alloc(64, 64); }), 1u);
  std::free(kept);
  EXPECT_EQ(allocations_of([&] { kept = ::operator new(10); }), 1u);
  ::operator delete(kept);
  EXPECT_EQ(allocations_of([&] { kept = ::operator new(64, std::align_val_t(64)); }), 1u);
  ::operator delete(kept, std::align_val_t(64));
  std::vector<double> numbers;
  EXPECT_EQ(allocations_of([&] { numbers.resize(1000); }), 1u);
  EXPECT_EQ(allocations_of([&] { numbers[0] = 1; }), 0u);
}

TEST(AllocationCount, SeesTheTemporariesOfEigenAndTheLibrary) {
  const Matrix a = Matrix::Ones(30, 30), b = Matrix::Ones(30, 30);
  Matrix c = Matrix::Zero(30, 30);
  EXPECT_GE(allocations_of([&] { c = a * b; }), 1u);
  EXPECT_EQ(allocations_of([&] { c = a + b; }), 0u);
  const Scenario& s = testing::scenario("several_outputs");
  EXPECT_GE(allocations_of([&] { evaluate(s.network, s.theta, s.X); }), 1u);
}

class Allocations : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(Each, Allocations, ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         [](const auto& test) { return test.param.name; });

TEST_P(Allocations, AnalyticStrategiesMakeNoneWhenEvaluating) {
  const Scenario& s = GetParam();
  const Index N = s.X.rows(), K = s.network.n_outputs();
  Matrix values(N, K), J_y_theta(N * K, s.network.n_params()), J_y_x(N * K, s.network.n_inputs());
  const Outputs wanted[] = {{.values = &values},
                            {.J_y_theta = &J_y_theta},
                            {.J_y_x = &J_y_x},
                            {.values = &values, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x}};
  for (const char* name : {"per_parameter", "layerwise"})
    for (Direction direction : {Direction::cheaper, Direction::forward, Direction::backward}) {
      const auto evaluator =
          find_strategy(name).make(s.network, N, {.relative_step = {}, .direction = direction});
      for (const Outputs& out : wanted)
        EXPECT_EQ(allocations_of([&] { evaluator->evaluate(s.theta, s.X, out); }), 0u)
            << name << (out.values ? " values" : "") << (out.J_y_theta ? " J_y_theta" : "")
            << (out.J_y_x ? " J_y_x" : "");
    }
}

}  // namespace
}  // namespace jacobench
