#include "study/sweep.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/error_line.hpp"

namespace jacobench::harness {
namespace {

using testing::error_line;

struct Tree {
  std::string_view name;
};

constexpr Tree trees[] = {{"ash"}, {"elm"}};

struct Point {
  int made = 0;
  const Tree* tree = nullptr;
  std::int64_t age = 0;
};

class SweepOfTrees : public ::testing::Test {
 protected:
  SweepOfTrees() {
    sweep_.add<int>(&Point::made, [this] { return made_; },
                    {{{.name = "made", .role = ColumnRole::identity}, &Point::made}});
    sweep_.add(table_,
               {.key = "age", .help = "in years", .column = {.name = "age", .role = ColumnRole::identity}},
               &Point::age, whole_number(0, 1000), {3});
    sweep_.add_column({{.name = "twice", .role = ColumnRole::measure},
                       [](const Point& point) { return to_value(2 * point.age); }});
    sweep_.add(table_,
               {.key = "tree",
                .help = "which",
                .column = {.name = "tree", .role = ColumnRole::identity},
                .in_table_order = true,
                .just_outside = "age"},
               &Point::tree, one_of(trees), {&trees[1]});
  }

  // "1 ash 3, ..."
  std::string points() const {
    std::string text;
    for (const Point& point : sweep_.points())
      text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", point.made, point.tree->name, point.age);
    return text;
  }

  void set(const std::string& key, const std::string& value) { table_.assign({key, value, key}); }

  std::vector<int> made_{7};
  OptionTable table_;
  Sweep<Point> sweep_;
};

TEST_F(SweepOfTrees, HasItsDefaults) {
  EXPECT_EQ(points(), "7 elm 3");
  EXPECT_EQ(table_.config(), (Config{{"age", "3"}, {"tree", "elm"}}));
}

TEST_F(SweepOfTrees, IsTheProductWithTheInnermostAxisRunningFastest) {
  made_ = {1, 2};
  set("age", "30, 5");
  EXPECT_EQ(points(), "1 elm 30, 1 elm 5, 2 elm 30, 2 elm 5");
  made_ = {};
  EXPECT_EQ(points(), "");
}

TEST_F(SweepOfTrees, RunsAnAxisWhereItIsToldTo) {
  set("tree", "elm, ash");
  set("age", "5, 4");
  EXPECT_EQ(points(), "7 ash 5, 7 ash 4, 7 elm 5, 7 elm 4") << "outside age, in the order of the table";
  EXPECT_EQ(table_.text("tree"), "elm, ash") << "and stored as listed";
  EXPECT_EQ(sweep_.values(&Point::age), (std::vector<std::int64_t>{5, 4}));
}

TEST_F(SweepOfTrees, HasAColumnForEachAxis) {
  const RowSchema<Point> schema(sweep_.columns());
  std::string names;
  for (const Column& column : schema.columns()) names += column.name + " ";
  EXPECT_EQ(names, "made tree age twice ");
  EXPECT_EQ(schema.to_row(sweep_.points().front()).values,
            (std::vector<Value>{std::int64_t{7}, std::string("elm"), std::int64_t{3}, std::int64_t{6}}));
}

TEST_F(SweepOfTrees, RefusesWhatAnOptionRefuses) {
  EXPECT_EQ(error_line([&] { set("tree", "oak"); }), "tree: \"oak\" is not known; allowed: ash, elm");
  EXPECT_EQ(error_line([&] { set("age", "4, 4"); }), "age: lists \"4\" twice; name each entry once");
  EXPECT_THROW(sweep_.add(table_, {.key = "height", .help = "in m", .just_outside = "width"}, &Point::age,
                          whole_number(0, 100), {1}),
               std::logic_error);
}

}  // namespace
}  // namespace jacobench::harness
