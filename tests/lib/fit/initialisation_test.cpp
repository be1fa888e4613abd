#include "jacobench/fit/initialisation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

using enum Activation;

Vector draw(std::string_view scheme, const Perceptron& network, std::uint32_t replicate = 0) {
  RandomStream stream(7, 0, replicate, RandomPurpose::starts);
  Vector theta(network.n_params());
  find_initialisation(scheme).draw(network, stream, theta);
  return theta;
}

TEST(Initialisation, EverySchemeIsReproducibleAndFinite) {
  const Perceptron network(3, {{5, tanh}, {4, tanh, Bias::none}, {2, identity}});
  for (const InitialisationInfo& scheme : initialisation_table()) {
    const Vector theta = draw(scheme.name, network);
    EXPECT_EQ(theta.size(), network.n_params());
    EXPECT_TRUE(theta.allFinite()) << scheme.name;
    EXPECT_EQ(theta, draw(scheme.name, network)) << scheme.name;
    EXPECT_NE(theta, draw(scheme.name, network, 1)) << scheme.name;
  }
  EXPECT_THROW(find_initialisation("best"), InputError);
}

// Root mean square of 40 000 weights from 100 units into 400: within 5 standard errors, 5 / sqrt(8e4) for the normal
// distribution, whose fourth moment is the largest here.
TEST(Initialisation, WeightsHaveTheVarianceThatTheSchemeNames) {
  const Perceptron wide(100, {{400, tanh}, {1, identity}});
  const auto rms = [&](std::string_view scheme) {
    return draw(scheme, wide).head(40000).norm() / std::sqrt(40000.0);
  };
  const double tolerance = 5 / std::sqrt(8e4);
  EXPECT_NEAR(rms("lecun") / std::sqrt(1.0 / 100), 1, tolerance);
  EXPECT_NEAR(rms("he") / std::sqrt(2.0 / 100), 1, tolerance);
  EXPECT_NEAR(rms("glorot") / std::sqrt(2.0 / 500), 1, tolerance);
  EXPECT_NEAR(rms("uniform") / (0.7 / std::sqrt(3)), 1, tolerance);
}

// Of 40 000 weights, within 5 standard errors; the widest scheme has a standard deviation of 0.7.
TEST(Initialisation, WeightsAreCentred) {
  const Perceptron wide(100, {{400, tanh}, {1, identity}});
  for (const InitialisationInfo& scheme : initialisation_table()) {
    const Vector weights = draw(scheme.name, wide).head(40000);
    EXPECT_LE(std::abs(weights.mean()), 5 * weights.norm() / 40000) << scheme.name;
  }
}

TEST(Initialisation, GlorotAndHeHaveNoBiases) {
  const Perceptron network(3, {{5, tanh}, {1, identity}});
  for (const char* scheme : {"glorot", "he"}) {
    EXPECT_EQ(draw(scheme, network).segment(15, 5), Vector::Zero(5)) << scheme;
    EXPECT_EQ(draw(scheme, network)[25], 0) << scheme;
  }
}

TEST(Initialisation, NguyenWidrowSpreadsTheUnits) {
  const Perceptron network(2, {{16, tanh}, {1, identity}});
  const Vector theta = draw("nguyen_widrow", network);
  const double norm = 0.7 * 4;
  for (Index i = 0; i < 16; ++i) EXPECT_NEAR(theta.segment(2 * i, 2).norm(), norm, 1e-14);
  EXPECT_TRUE(testing::all_at_most(theta.segment(32, 16).cwiseAbs(), norm));
  // the outputs' weights stay uniform: their norm is about 0.7 sqrt(16 / 3) = 1.6, not 0.7
  EXPECT_GT(theta.segment(48, 16).norm(), 1);
}

}  // namespace
}  // namespace jacobench
