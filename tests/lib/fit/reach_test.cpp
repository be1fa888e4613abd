#include "jacobench/fit/reach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jacobench {
namespace {

using enum Activation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> lines_of(Activation top, std::initializer_list<double> values) {
  Dataset data{Matrix::Zero(static_cast<Index>(values.size()), 1), Matrix(values.size(), 1)};
  std::copy(values.begin(), values.end(), data.Y.data());
  return out_of_reach(Perceptron(1, {{2, tanh}, {1, top}}), data, {.outputs = {"load"}});
}

TEST(Reach, TargetsThatAnOutputNeverTakesAreNamedWithItsRange) {
  EXPECT_THAT(
      lines_of(logistic, {180, 0.5, 1960}),
      ElementsAre(HasSubstr("load: runs from 0.5 to 1960, and a logistic output from 0 to 1: 2 of 3")));
  EXPECT_THAT(lines_of(logistic, {-0.9, 0.9}), ElementsAre(HasSubstr("1 of 2 observations")));
  EXPECT_THAT(lines_of(tanh, {-1.5, 1.5}), ElementsAre(HasSubstr("from -1 to 1")));
  EXPECT_THAT(lines_of(relu, {-1, 3}), ElementsAre(HasSubstr("from 0 to inf")));
  EXPECT_THAT(lines_of(exp, {-1, 3}), ElementsAre(HasSubstr("from 0 to inf")));
  // the least value of silu is -0.27846
  EXPECT_THAT(lines_of(silu, {-0.3, 3}), ElementsAre(HasSubstr("from -0.2785 to inf")));
}

// The ends of a range, which outputs come as near to as one likes, are within reach.
TEST(Reach, NothingIsSaidWithin) {
  EXPECT_THAT(lines_of(logistic, {0, 0.3, 1}), IsEmpty());
  EXPECT_THAT(lines_of(silu, {-0.278, 1e9}), IsEmpty());
  EXPECT_THAT(lines_of(identity, {-1e300, 1e300}), IsEmpty());
}

}  // namespace
}  // namespace jacobench
