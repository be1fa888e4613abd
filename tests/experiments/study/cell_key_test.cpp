#include "study/cell_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ColumnList network_and_step = {{.name = "network", .role = ColumnRole::identity},
                                     {.name = "error", .role = ColumnRole::measure},
                                     {.name = "step", .role = ColumnRole::identity}};

Row network_row(const std::string& network, Value step, std::vector<bool> lacking = {}) {
  return {RowStatus::ok, "", {network, 0.5, step}, lacking};
}

TEST(CellFinder, FindsTheCellOfARow) {
  const std::vector<Row> cells = {network_row("1-1", Value()), network_row("1-1", 0.1),
                                  network_row("1-2-1", 0.1)};
  const CellFinder finder(network_and_step, cells);
  EXPECT_THAT(finder.keys(), ElementsAre("network=1-1", "network=1-1 step=0.1", "network=1-2-1 step=0.1"));
  EXPECT_THAT(finder.cells_of(network_row("1-1", Value())), ElementsAre(0));
  EXPECT_THAT(finder.cells_of(network_row("1-1", 0.1)), ElementsAre(1));
  EXPECT_THAT(finder.cells_of(network_row("1-1", 0.2)), IsEmpty());
  // Null is a value here: no step.
  EXPECT_THAT(finder.cells_of(network_row("1-2-1", Value())), IsEmpty());
}

// What a row lacks may have been anything, null included.
TEST(CellFinder, FindsEveryCellThatARowCanBeOfThatLacksAColumn) {
  const std::vector<Row> cells = {network_row("1-1", Value()), network_row("1-1", 0.1),
                                  network_row("1-2-1", 0.1)};
  const CellFinder finder(network_and_step, cells);
  const std::vector<bool> step = {false, false, true}, error = {false, true, false};
  EXPECT_THAT(finder.cells_of(network_row("1-2-1", Value(), step)), ElementsAre(2));
  EXPECT_THAT(finder.cells_of(network_row("1-1", Value(), step)), ElementsAre(0, 1));
  EXPECT_THAT(finder.cells_of(network_row("1-3-1", Value(), step)), IsEmpty());
  EXPECT_THAT(finder.cells_of(network_row("1-1", 0.1, error)), ElementsAre(1));
}

}  // namespace
}  // namespace jacobench::harness
