#include "options/settings.hpp"

#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::harness {
namespace {

using testing::error_line;
using testing::TemporaryFolder;

class ConfigFile : public ::testing::Test {
 protected:
  // The error with the folder's path taken away from its beginning.
  std::string refusal(const std::string& contents) {
    const auto file = folder_.file("a.ini", contents);
    std::string line = error_line([&] { read_config_file(file); });
    const std::string prefix = folder_.path().string() + "/";
    return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigFile, GivesKeysWithTheirSectionsAndLines) {
  const auto file =
      folder_.file("a.ini", "# a study\nseed = 7\r\n\n[network]  # below\n  hidden=10x5 , 20 # two\n");
  const std::vector<Setting> settings = read_config_file(file);
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings[0].key, "seed");
  EXPECT_EQ(settings[0].value, "7");
  EXPECT_EQ(settings[0].where, file.string() + ":2: seed");
  EXPECT_EQ(settings[1].key, "network.hidden");
  EXPECT_EQ(settings[1].value, "10x5 , 20");
  EXPECT_EQ(settings[1].where, file.string() + ":5: network.hidden");
}

// In quotes a # is a name's, and everywhere else it begins a comment.
TEST_F(ConfigFile, KeepsAHashInQuotes) {
  const auto file =
      folder_.file("a.ini", "a = \"# cells\", \"b, #c\" # two\nb = 5\" # inches\n# c = \"\nd=#\n");
  const Config read = to_config(read_config_file(file));
  EXPECT_EQ(read, (Config{{"a", "\"# cells\", \"b, #c\""}, {"b", "5\""}, {"d", ""}}));
  EXPECT_EQ(to_config(read_config_file(folder_.file("b.ini", to_ini(read)))), read);
}

TEST_F(ConfigFile, RefusesWhatIsNoSetting) {
  const std::string remedy = " cannot be read; a line is key = value, [section] or # comment";
  EXPECT_EQ(refusal("seed = 1\nhidden 10\n"), "a.ini:2: \"hidden 10\"" + remedy);
  EXPECT_EQ(refusal("[network\nhidden = 1\n"), "a.ini:1: \"[network\"" + remedy);
  EXPECT_EQ(refusal("\x01\x7f elf"), "a.ini:1: \"\\x01\\x7f elf\"" + remedy);
  EXPECT_EQ(refusal("[]\na = 1\n"), "a.ini:1: the section has no name; write such as [network]");
}

TEST_F(ConfigFile, RefusesAKeyThatComesTwice) {
  EXPECT_EQ(refusal("seed = 1\nseed = 2\n"), "a.ini:2: seed: is given twice; keep one");
  EXPECT_EQ(refusal("[a]\nb = 1\n[c]\nb = 1\n[a]\nb = 1\n"), "a.ini:6: a.b: is given twice; keep one");
}

TEST_F(ConfigFile, RefusesWhatCannotBeRead) {
  const std::string path = folder_.path().string();
  EXPECT_EQ(error_line([&] { read_config_file(path + "/none.ini"); }),
            path + "/none.ini: cannot be read (No such file or directory)");
  EXPECT_EQ(error_line([&] { read_config_file(path); }), path + ": cannot be read (Is a directory)");
  EXPECT_EQ(refusal(std::string((1 << 20) + 1, '#')),
            "a.ini: is longer than 1048576 bytes; is it the right file?");
}

TEST_F(ConfigFile, ReadsBackWhatToIniWrites) {
  const Config config = {
      {"network.hidden", "10x5"}, {"seed", "1"}, {"data.rows", "50"}, {"network.bias", "yes"}};
  const std::string ini = to_ini(config);
  EXPECT_EQ(ini, "seed = 1\n\n[network]\nhidden = 10x5\nbias = yes\n\n[data]\nrows = 50\n");
  EXPECT_EQ(difference(to_config(read_config_file(folder_.file("a.ini", ini))), config), std::nullopt);
}

TEST(ConfigDifference, IsNamed) {
  const Config here = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(difference({{"b", "2"}, {"a", "1"}}, here), std::nullopt);
  EXPECT_EQ(difference({{"a", "1"}, {"b", "3"}}, here), "b is 3 there and 2 here");
  EXPECT_EQ(difference({{"a", "1"}}, here), "b is 2 here and not set there");
  EXPECT_EQ(difference({{"a", "1"}, {"b", "2"}, {"c", "4"}}, here), "c is 4 there and not known here");
}

// The setting was added since the other config was written: what was done then is what the default does now.
TEST(ConfigDifference, IsNoneInANewSettingAtItsDefault) {
  const Config here = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(difference({{"a", "1"}}, here, {{"a", "7"}, {"b", "2"}}), std::nullopt);
  EXPECT_EQ(difference({{"a", "1"}}, here, {{"a", "1"}, {"b", "3"}}), "b is 2 here and not set there");
  EXPECT_EQ(difference({{"a", "1"}, {"b", "3"}}, here, here), "b is 3 there and 2 here");
}

class CommandLineArguments : public ::testing::Test {
 protected:
  static CommandLine read(const std::vector<std::string>& arguments) {
    return read_command_line(arguments, {{"seed"}, {"network.hidden"}, {"update", false}});
  }
  static std::string refusal(const std::vector<std::string>& arguments) {
    return error_line([&] { read(arguments); });
  }
};

TEST_F(CommandLineArguments, GiveSettingsAndOperands) {
  const CommandLine line = read({"a", "--seed", "-1", "--network.hidden=10x5", "--update", "b"});
  EXPECT_EQ(line.operands, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(line.settings.size(), 3u);
  EXPECT_EQ(line.settings[0].value, "-1");
  EXPECT_EQ(line.settings[0].where, "--seed");
  EXPECT_EQ(line.settings[1].key, "network.hidden");
  EXPECT_EQ(line.settings[1].value, "10x5");
  EXPECT_EQ(line.settings[2].value, "yes");
}

TEST_F(CommandLineArguments, AreRefusedWhereAnOptionIsNotKnownInFull) {
  EXPECT_EQ(refusal({"--see", "1"}), "--see: is not an option here; did you mean --seed?");
  EXPECT_EQ(refusal({"--network.hiden", "1"}),
            "--network.hiden: is not an option here; did you mean --network.hidden?");
  EXPECT_EQ(refusal({"--hidden=1"}),
            "--hidden: is not an option here; known: --seed, --network.hidden, --update");
  EXPECT_EQ(refusal({"--Seed", "1"}), "--Seed: is not an option here; did you mean --seed?");
  EXPECT_EQ(refusal({"-s", "1"}), "-s: is not an option; options are written --key value");
}

TEST_F(CommandLineArguments, AreRefusedWhereAValueIsMissingOrTooMuch) {
  EXPECT_EQ(refusal({"--seed"}), "--seed: its value is missing");
  EXPECT_EQ(refusal({"--seed", "--update"}), "--seed: its value is missing");
  EXPECT_EQ(refusal({"--seed="}), "--seed: its value is missing");
  EXPECT_EQ(refusal({"--update=no"}), "--update: takes no value");
  EXPECT_EQ(refusal({"--seed", "1", "--seed=1"}), "--seed: is given twice; keep one");
}

}  // namespace
}  // namespace jacobench::harness
