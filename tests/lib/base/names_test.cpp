#include "jacobench/base/names.hpp"

#include <gtest/gtest.h>

#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/network/activation.hpp"

namespace jacobench {
namespace {

template <class Call>
std::string input_error(const Call& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Names, AreFoundWithoutRegardToAnythingButThemselves) {
  EXPECT_EQ(activation_from_name("mish"), Activation::mish);
  EXPECT_EQ(find_strategy("layerwise").name, "layerwise");
  for (const ActivationInfo& row : activation_table()) EXPECT_EQ(activation_from_name(row.name), row.id);
  for (const StrategyInfo& row : strategy_table()) EXPECT_EQ(&find_strategy(row.name), &row);
}

TEST(Names, UnknownOnesAreAnInputErrorThatListsTheKnownOnesInOneLine) {
  EXPECT_EQ(input_error([] { find_strategy("layer"); }),
            "unknown strategy 'layer'; known: per_parameter, layerwise, ceres_forward, ceres_central, "
            "ceres_ridders");
  EXPECT_EQ(input_error([] { find_strategy(""); }).substr(0, 19), "unknown strategy ''");
  const std::string message = input_error([] { activation_from_name("Tanh"); });
  EXPECT_EQ(message.substr(0, 32), "unknown activation 'Tanh'; known");
  for (const ActivationInfo& row : activation_table()) EXPECT_NE(message.find(row.name), std::string::npos);
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

// One string serves command line, configs, rows and test names.
TEST(Names, AreLowerCaseAndUnique) {
  std::vector<std::string> names = names_of(activation_table());
  for (const std::string& name : names_of(strategy_table())) names.push_back(name);
  for (const std::string& name : names)
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos) << name;
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(Names, EveryRowOfATableSaysWhatItIs) {
  for (const ActivationInfo& row : activation_table()) EXPECT_FALSE(row.summary.empty()) << row.name;
  for (const StrategyInfo& row : strategy_table()) EXPECT_FALSE(row.summary.empty()) << row.name;
}

TEST(BrokenPreconditions, NameFileConditionAndMessage) {
  const auto check = [](int n) { JB_EXPECT(n > 2, "n is {}", n); };
  EXPECT_NO_THROW(check(3));
  try {
    check(1);
    FAIL() << "no error";
  } catch (const std::logic_error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("names_test.cpp:"), std::string::npos) << message;
    EXPECT_NE(message.find("expected n > 2: n is 1"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace jacobench
