#include "support/toy_experiment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

namespace jacobench::testing {
namespace {

using namespace harness;

ToyTraits traits;
std::function<void(std::size_t)> before_each_cell;
std::function<void(std::size_t)> before_each_block;

struct ToyRow {
  std::int64_t inputs = 0;
  std::string hidden, way;
  std::optional<double> step = std::nullopt;
  std::int64_t n_params = 0;
  double error = 0;
  double of_promise = 0;
  double time_ns = 0;
  std::string remark = {};
  std::optional<std::string> no_promise = std::nullopt;
};

const RowSchema<ToyRow>& schema() {
  static const RowSchema<ToyRow> schema{
      {{.name = "inputs", .heading = "inputs", .role = ColumnRole::identity}, &ToyRow::inputs},
      {{.name = "hidden", .heading = "hidden", .role = ColumnRole::identity, .starts_group = true},
       &ToyRow::hidden},
      {{.name = "way", .heading = "way", .role = ColumnRole::identity}, &ToyRow::way},
      {{.name = "step", .heading = "step", .role = ColumnRole::identity}, &ToyRow::step},
      {{.name = "n_params", .heading = "P", .role = ColumnRole::measure}, &ToyRow::n_params},
      {{.name = "error", .heading = "max error", .unit = "2^-53", .role = ColumnRole::gated, .floor = 1},
       &ToyRow::error},
      {{.name = "of_promise", .heading = "of promise", .role = ColumnRole::promise, .digits = 2},
       &ToyRow::of_promise},
      {{.name = "time_ns", .heading = "time", .unit = "ns", .role = ColumnRole::timing}, &ToyRow::time_ns},
      {{.name = "remark", .heading = "", .role = ColumnRole::measure}, &ToyRow::remark},
      {{.name = "no_promise", .heading = "", .role = ColumnRole::waiver}, &ToyRow::no_promise},
  };
  return schema;
}

class ToyMaker final : public RecordMaker {
 public:
  void make(std::int64_t first, std::span<double> records) override {
    if (before_each_block) before_each_block(static_cast<std::size_t>(first));
    for (std::size_t at = 0; at < records.size(); at += 2, ++first) {
      records[at] = static_cast<double>(first);
      records[at + 1] = 1 / (static_cast<double>(first) + 3);
    }
  }
};

// Of the records of the group that this thread runs.
thread_local double recorded_sum = 0;

class Toy : public Experiment {
 public:
  OptionTable options() override {
    OptionTable t;
    t.add("seed", "seed of nothing", seed_, whole_number(0, 1000));
    t.add("toy.inputs", "inputs of the network", inputs_, whole_number(1, 100));
    t.add("toy.hidden", "hidden widths", hidden_, list_of(shape(1, 1000)));
    t.add("toy.way", "how each cell goes", ways_,
          list_of(one_of({"plain", "fine", "digits", "stepped", "unpromised", "nan", "broken", "throws",
                          "throws_int", "no_memory", "recorded", "skips", "other_row"})));
    t.add("toy.scale", "scales the errors", scale_, real_number(0, 1e6));
    t.add("toy.bias", "whether there is one", bias_, yes_or_no());
    t.add("toy.cell_limit", "more cells than this are refused", cell_limit_, whole_number(1, 1000));
    t.add("toy.group", "cells that run side by side", group_, whole_number(1, 100));
    return t;
  }

  const ColumnList& columns() const override { return schema().columns(); }

  std::vector<Row> cells() override {
    rows_.clear();
    for (const Shape& hidden : hidden_)
      for (const std::string& way : ways_) {
        ToyRow row{.inputs = inputs_, .hidden = shape(1, 1000).write(hidden), .way = way};
        if (way == "stepped") row.step = 1e-8;
        row.n_params = inputs_;
        for (const std::int64_t width : hidden) row.n_params += width;
        rows_.push_back(row);
      }
    if (rows_.size() > static_cast<std::size_t>(cell_limit_))
      throw InputError("toy.hidden: needs {} GB, this machine has 8; take fewer", rows_.size());
    std::vector<Row> cells;
    for (const ToyRow& row : rows_) cells.push_back(schema().to_cell(row));
    return cells;
  }

  std::size_t group_size(std::size_t first) override {
    return std::min(static_cast<std::size_t>(group_), rows_.size() - first);
  }

  std::vector<Row> run_cells(const std::vector<std::size_t>& cells, Records& records) override {
    const RecordPlan plan = records_of(cells.front());
    const std::span<const double> numbers = records.first(plan.number);
    recorded_sum = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) recorded_sum += static_cast<double>(i + 1) * numbers[i];
    std::vector<Row> rows;
    for (const std::size_t index : cells) rows.push_back(run_cell(index));
    return rows;
  }

  RecordPlan records_of(std::size_t cell) override {
    const auto group = static_cast<std::size_t>(group_), first = cell / group * group;
    for (std::size_t i = first; i < std::min(first + group, rows_.size()); ++i)
      if (rows_[i].way == "recorded")
        return {.size = 2, .number = 12, .seconds_each = 1e-9, .most_in_block = 3};
    return {};
  }

  std::unique_ptr<RecordMaker> record_maker(std::size_t) override { return std::make_unique<ToyMaker>(); }
  std::optional<std::int64_t> n_threads() const override { return traits.n_threads; }
  std::string why_not_over(Spread) const override { return traits.why_not_over; }

  std::string replay(std::size_t index, std::int64_t replicate) override {
    if (rows_.at(index).way != "recorded") return Experiment::replay(index, replicate);
    if (replicate >= 12)
      throw InputError("there is no replicate {}; those of this cell are 0 to 11", replicate);
    const auto i = static_cast<double>(replicate);
    return fmt::format("record {} of way recorded: {} {}", replicate, i, 1 / (i + 3));
  }

  Row run_cell(std::size_t index) override {
    if (before_each_cell) before_each_cell(index);
    ToyRow row = rows_.at(index);
    row.error = scale_ * static_cast<double>(row.n_params) * 1.5;
    row.of_promise = 0.25;
    row.time_ns = 1234.5 * static_cast<double>(index + 1);
    row.remark = "a \"remark\", with comma";
    if (row.way == "recorded") row.error = recorded_sum;
    if (row.way == "fine") row.error = 1.0 / 3.0 * scale_;
    if (row.way == "digits") row.error = 43000123.25;
    if (row.way == "stepped") row.error = 1e-7 * scale_;
    if (row.way == "unpromised") {
      row.of_promise = std::numeric_limits<double>::quiet_NaN();
      row.no_promise = "the step is too large";
    }
    if (row.way == "nan") row.error = row.of_promise = std::numeric_limits<double>::quiet_NaN();
    if (row.way == "broken") row.of_promise = 1.25;
    if (row.way == "throws") throw std::runtime_error("the cell\nfell over");
    if (row.way == "throws_int") throw 7;
    if (row.way == "no_memory") throw std::bad_alloc();
    if (row.way == "other_row") row.hidden = "9";
    if (row.way != "skips") return schema().to_row(row);
    Row skipped = schema().to_cell(row);
    skipped.status = RowStatus::skipped;
    skipped.reason = "past the time cap of 1 s";
    return skipped;
  }

 private:
  std::int64_t seed_ = 1;
  std::int64_t inputs_ = 1;
  std::vector<Shape> hidden_ = {{3, 2}};
  std::vector<std::string> ways_ = {"plain"};
  double scale_ = 1;
  bool bias_ = true;
  std::int64_t cell_limit_ = 100;
  std::int64_t group_ = 1;
  std::vector<ToyRow> rows_;
};

std::unique_ptr<Experiment> make_toy() { return std::make_unique<Toy>(); }

constexpr ExperimentInfo toys[] = {
    {"toy", "cells that do as they are told", make_toy},
    {"toy_too", "the same once more", make_toy},
};

}  // namespace

std::span<const ExperimentInfo> toy_experiments() { return toys; }

ToysAre::ToysAre(ToyTraits these) { traits = std::move(these); }
ToysAre::~ToysAre() { traits = {}; }

BeforeEachCell::BeforeEachCell(std::function<void(std::size_t)> call) { before_each_cell = std::move(call); }
BeforeEachCell::~BeforeEachCell() { before_each_cell = nullptr; }

BeforeEachBlock::BeforeEachBlock(std::function<void(std::size_t)> call) {
  before_each_block = std::move(call);
}
BeforeEachBlock::~BeforeEachBlock() { before_each_block = nullptr; }

}  // namespace jacobench::testing
