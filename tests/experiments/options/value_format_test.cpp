#include "options/value_format.hpp"

#include <limits>
#include <ostream>

#include <gtest/gtest.h>

#include "support/error_line.hpp"

namespace jacobench::harness {
namespace {

using testing::error_line;

struct BadText {
  std::string text, line;
  friend std::ostream& operator<<(std::ostream& out, const BadText& bad) { return out << bad.text; }
};

class BadNumber : public ::testing::TestWithParam<BadText> {};

TEST_P(BadNumber, IsRefusedWithWhatIsAllowed) {
  const auto format = list_of(real_number(0.5, 1000));
  EXPECT_EQ(error_line([&] { format.parse(GetParam().text); }), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Reals, BadNumber,
    ::testing::Values(
        BadText{"1.5x", "\"1.5x\" is not a number; allowed: a number from 0.5 to 1000"},
        BadText{"abc", "\"abc\" is not a number; allowed: a number from 0.5 to 1000"},
        BadText{"1 2", "\"1 2\" is not a number; allowed: a number from 0.5 to 1000"},
        BadText{"+1", "\"+1\" is not a number; allowed: a number from 0.5 to 1000"},
        BadText{"0x10", "\"0x10\" is not a number; allowed: a number from 0.5 to 1000"},
        BadText{"-1", "\"-1\" is out of range; allowed: a number from 0.5 to 1000"},
        BadText{"0.25", "\"0.25\" is out of range; allowed: a number from 0.5 to 1000"},
        BadText{"1000.1", "\"1000.1\" is out of range; allowed: a number from 0.5 to 1000"},
        BadText{"nan", "\"nan\" is not a finite number; allowed: a number from 0.5 to 1000"},
        BadText{"-inf", "\"-inf\" is not a finite number; allowed: a number from 0.5 to 1000"},
        BadText{"1e400", "\"1e400\" is beyond the range of a double; allowed: a number from 0.5 to 1000"},
        BadText{"", "is empty; allowed: a comma-separated list, each entry a number from 0.5 to 1000"},
        BadText{"  ", "is empty; allowed: a comma-separated list, each entry a number from 0.5 to 1000"},
        BadText{"1,,2",
                "\"1,,2\" has an empty entry; allowed: a comma-separated list, each entry a number from 0.5 "
                "to 1000"},
        BadText{"1,",
                "\"1,\" has an empty entry; allowed: a comma-separated list, each entry a number from 0.5 to "
                "1000"},
        BadText{"1, 2, 1.0", "lists \"1.0\" twice; name each entry once"}));

class BadShape : public ::testing::TestWithParam<BadText> {};

TEST_P(BadShape, IsRefusedWithWhatIsAllowed) {
  EXPECT_EQ(error_line([&] { list_of(shape(1, 100)).parse(GetParam().text); }),
            GetParam().line + "; allowed: widths from 1 to 100 joined by x, such as 10x5, or none");
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, BadShape,
    ::testing::Values(
        BadText{"10x0", "\"10x0\" has a width of 0, which is out of range"},
        BadText{"0", "\"0\" has a width of 0, which is out of range"},
        BadText{"-3", "\"-3\" has a width of -3, which is out of range"},
        BadText{"101", "\"101\" has a width of 101, which is out of range"},
        BadText{"99999999999999999999",
                "\"99999999999999999999\" has a width of 99999999999999999999, which is out of range"},
        BadText{"10x", "\"10x\" is not a network shape"}, BadText{"x10", "\"x10\" is not a network shape"},
        BadText{"10X5", "\"10X5\" is not a network shape"},
        BadText{"10 x 5", "\"10 x 5\" is not a network shape"},
        BadText{"1.5", "\"1.5\" is not a network shape"},
        BadText{"None", "\"None\" is not a network shape"}));

TEST(WholeNumber, RefusesWhatIsNone) {
  const auto line = [](std::string_view text) { return error_line([&] { whole_number(1, 9).parse(text); }); };
  const std::string allowed = "; allowed: a whole number from 1 to 9";
  EXPECT_EQ(line("0"), "\"0\" is out of range" + allowed);
  EXPECT_EQ(line("10"), "\"10\" is out of range" + allowed);
  EXPECT_EQ(line("-1"), "\"-1\" is out of range" + allowed);
  EXPECT_EQ(line("99999999999999999999999"), "\"99999999999999999999999\" is out of range" + allowed);
  EXPECT_EQ(line("3.0"), "\"3.0\" is not a whole number" + allowed);
  EXPECT_EQ(line("1e0"), "\"1e0\" is not a whole number" + allowed);
  EXPECT_EQ(line("3 "), "\"3 \" is not a whole number" + allowed);
  EXPECT_EQ(line("-"), "\"-\" is not a whole number" + allowed);
  EXPECT_EQ(line(""), "is empty" + allowed);
}

TEST(WholeNumber, OfUnsignedTypesRefusesNegatives) {
  constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  const auto seed = whole_number<std::uint64_t>(0, max);
  EXPECT_EQ(seed.parse("18446744073709551615"), max);
  EXPECT_EQ(error_line([&] { seed.parse("-1"); }),
            "\"-1\" is out of range; allowed: a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(
      error_line([&] { seed.parse("18446744073709551616"); }),
      "\"18446744073709551616\" is out of range; allowed: a whole number from 0 to 18446744073709551615");
}

TEST(OneOf, ListsTheKnownNames) {
  const auto format = list_of(one_of({"layerwise", "ceres_forward"}));
  EXPECT_EQ(error_line([&] { format.parse("layerwise, ceres"); }),
            "\"ceres\" is not known; allowed: layerwise, ceres_forward");
  EXPECT_EQ(error_line([&] { format.parse("layerwise, layerwise"); }),
            "lists \"layerwise\" twice; name each entry once");
  EXPECT_EQ(format.parse("ceres_forward,layerwise"),
            (std::vector<std::string>{"ceres_forward", "layerwise"}));
}

enum class Fruit { apple, pear };

struct FruitInfo {
  Fruit fruit;
  std::string_view name;
  std::string_view summary;
};

constexpr FruitInfo fruits[] = {{Fruit::pear, "pear", "green"}, {Fruit::apple, "apple", "red"}};

TEST(OneOf, OfATableGivesTheRow) {
  const ValueFormat<const FruitInfo*> format = one_of(fruits);
  EXPECT_EQ(format.allowed, "pear, apple");
  EXPECT_EQ(format.parse("apple"), &fruits[1]);
  EXPECT_EQ(format.write(&fruits[0]), "pear");
  EXPECT_EQ(error_line([&] { format.parse("app"); }), "\"app\" is not known; allowed: pear, apple");
  EXPECT_EQ(error_line([&] { format.parse(""); }), "is empty; allowed: pear, apple");
  EXPECT_EQ(list_of(format).parse("apple, pear"), (std::vector{&fruits[1], &fruits[0]}));
  EXPECT_EQ(every_row(fruits), (std::vector{&fruits[0], &fruits[1]}));
}

TEST(OneOf, OfATableGivesWhatItsRowsAreOf) {
  const ValueFormat<Fruit> format = one_of(fruits, &FruitInfo::fruit);
  EXPECT_EQ(format.allowed, "pear, apple");
  EXPECT_EQ(format.parse("apple"), Fruit::apple);
  EXPECT_EQ(format.write(Fruit::pear), "pear");
  EXPECT_EQ(error_line([&] { format.parse("fig"); }), "\"fig\" is not known; allowed: pear, apple");
  EXPECT_EQ(error_line([&] { list_of(format).parse("pear, pear"); }),
            "lists \"pear\" twice; name each entry once");
  EXPECT_EQ(list_of(format).write({Fruit::apple, Fruit::pear}), "apple, pear");
  EXPECT_THROW(format.write(static_cast<Fruit>(2)), std::logic_error);
}

TEST(YesOrNo, TakesNothingElse) {
  EXPECT_TRUE(yes_or_no().parse("yes"));
  EXPECT_FALSE(yes_or_no().parse("no"));
  EXPECT_EQ(error_line([] { yes_or_no().parse("true"); }),
            "\"true\" is neither yes nor no; allowed: yes, no");
  EXPECT_EQ(list_of(yes_or_no()).parse("no, yes"), (std::vector<bool>{false, true}));
}

TEST(Text, RefusesWhatAnIniFileCannotHold) {
  EXPECT_EQ(text().parse("a file.json"), "a file.json");
  const std::string why =
      " cannot be stored in a config file; allowed: text, in quotes as in CSV where it has commas, # or "
      "blanks around it";
  EXPECT_EQ(error_line([] { text().parse("a\nb"); }), "\"a\\x0ab\"" + why);
  EXPECT_EQ(error_line([] { text().parse(" a"); }), "\" a\"" + why);
}

// Names as columns have them, and the words of options.
TEST(Text, IsWrittenAsItReadsBack) {
  const std::vector<std::string> names{"Temp, \u00B0C", "# cells", "yield \"t\" / ha", "\"q\"", " a ",
                                       "auto",          "x"};
  const auto list = value_or("auto", list_of(text()));
  EXPECT_EQ(*list.parse(list.write(names)), names);
  const auto one = value_or("auto", text());
  for (const std::string& name : names) EXPECT_EQ(one.parse(one.write(name)), name);
  EXPECT_EQ(one.parse("auto"), std::nullopt);
  EXPECT_EQ(text().parse("# cells"), "# cells");
  EXPECT_EQ(*list.parse("\"Temp, \u00B0C\", # cells"),
            (std::vector<std::string>{"Temp, \u00B0C", "# cells"}));
  EXPECT_EQ(
      error_line([&] { list.parse("\"a, b"); }),
      "\"\"a, b\" does not end with the quote that it begins with; close it, and double a quote within");
}

TEST(ValueFormat, WritesWhatReadsBackToTheBit) {
  const auto numbers = list_of(real_number(0, std::numeric_limits<double>::max()));
  const std::vector<double> hard = {0.1, 1.0 / 3.0, 1e-300, 5e-324, std::numeric_limits<double>::max(),
                                    0.0, 1e6};
  EXPECT_EQ(numbers.parse(numbers.write(hard)), hard);

  const auto shapes = list_of(shape(1, 100000));
  const std::vector<Shape> widths = {{}, {10, 5}, {100000}};
  EXPECT_EQ(shapes.write(widths), "none, 10x5, 100000");
  EXPECT_EQ(shapes.parse(shapes.write(widths)), widths);
}

TEST(ValueOrOneOf, IsANumberOrARowByItsName) {
  struct NamedRow {
    std::string_view name;
  };
  static constexpr NamedRow rows[] = {{"auto"}, {"loo"}};
  const auto format = value_or_one_of(real_number(0, 10), std::span<const NamedRow>(rows));
  EXPECT_EQ(std::get<double>(format.parse("2.5")), 2.5);
  EXPECT_EQ(std::get<1>(format.parse("loo")), &rows[1]);
  for (const char* text : {"2.5", "auto", "loo"}) EXPECT_EQ(format.write(format.parse(text)), text);
  EXPECT_EQ(error_line([&] { format.parse("lo"); }),
            "\"lo\" is not a number; allowed: auto, loo, or a number from 0 to 10");
  EXPECT_EQ(error_line([&] { format.parse("11"); }),
            "\"11\" is out of range; allowed: auto, loo, or a number from 0 to 10");
}

}  // namespace
}  // namespace jacobench::harness
