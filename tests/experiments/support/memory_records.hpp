// The records of a group, made in this thread and kept in memory: an experiment without a result folder.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "study/experiment.hpp"

namespace jacobench::testing {

class MemoryRecords final : public harness::Records {
 public:
  // Of the group that this cell opens, of which the earlier ones are there already.
  explicit MemoryRecords(harness::Experiment& experiment, std::vector<double> earlier = {},
                         std::size_t first_cell = 0)
      : experiment_(experiment), first_cell_(first_cell), numbers_(std::move(earlier)) {}

  std::span<const double> first(std::int64_t number) override {
    const std::size_t size = experiment_.records_of(first_cell_).size, there = numbers_.size() / size;
    const std::size_t wanted = static_cast<std::size_t>(number) * size;
    if (numbers_.size() < wanted) {
      numbers_.resize(wanted);
      experiment_.record_maker(first_cell_)
          ->make(static_cast<std::int64_t>(there), std::span(numbers_).subspan(there * size));
    }
    return std::span<const double>(numbers_).first(wanted);
  }
  std::optional<double> seconds_each() const override { return {}; }

  // All of them, the earlier ones first.
  const std::vector<double>& numbers() const { return numbers_; }

 private:
  harness::Experiment& experiment_;
  std::size_t first_cell_;
  std::vector<double> numbers_;
};

}  // namespace jacobench::testing
