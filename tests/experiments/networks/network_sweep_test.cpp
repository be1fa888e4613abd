#include "networks/network_sweep.hpp"

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

class SweepOfNetworks : public ::testing::Test {
 protected:
  void set(const std::string& key, const std::string& value) { table_.assign({key, value, key}); }

  OptionTable table_;
  NetworkSweep sweep_{table_};
};

TEST_F(SweepOfNetworks, IsTheProductOfItsListsTheLastRunningFastest) {
  set("network.inputs", "3");
  set("network.hidden", "4x2, 5");
  set("network.activation", "tanh, mish");
  set("network.weight_scale", "1, 2");
  const std::vector<SharedNetwork> cases = sweep_.cases();
  ASSERT_EQ(cases.size(), 8u);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(to_string(cases[i]->network), i < 4 ? "3-4-2-1" : "3-5-1");
    EXPECT_EQ(cases[i]->activation, i / 2 % 2 == 0 ? Activation::tanh : Activation::mish);
    EXPECT_EQ(cases[i]->weight_scale, i % 2 == 0 ? 1 : 2);
    EXPECT_EQ(cases[i]->network.layer(0).activation, cases[i]->activation);
  }
}

TEST_F(SweepOfNetworks, HasANetworkWithoutHiddenLayersOnceForAllActivations) {
  set("network.hidden", "none, 5");
  set("network.activation", "tanh, mish");
  const std::vector<SharedNetwork> cases = sweep_.cases();
  ASSERT_EQ(cases.size(), 3u);
  EXPECT_EQ(to_string(cases[0]->network), "2-1");
  EXPECT_EQ(cases[0]->activation, Activation::identity);
}

TEST_F(SweepOfNetworks, DrawsTheSameNumbersForAShapeWhateverElseIsInTheStudy) {
  set("network.hidden", "4");
  const Problem alone = sweep_.problem(*sweep_.cases().front(), 6);
  set("network.hidden", "7x2, 4");
  set("network.activation", "mish");
  const Problem among_others = sweep_.problem(*sweep_.cases().back(), 6);
  EXPECT_EQ(alone.theta, among_others.theta);
  EXPECT_EQ(alone.X, among_others.X);
  EXPECT_EQ(sweep_.problem(*sweep_.cases().front(), 6).X, alone.X) << "X is that of the number of inputs";
  set("seed", "2");
  EXPECT_NE(sweep_.problem(*sweep_.cases().back(), 6).theta, alone.theta);
  EXPECT_EQ(sweep_.problem(*sweep_.cases().back(), 6).X, alone.X);
}

}  // namespace
}  // namespace jacobench::harness
