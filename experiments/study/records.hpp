// The work of a group of cells that takes long, as numbered records: each is a pure function of its number, so that it
// is the same whoever makes it, when, and beside which others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "jacobench/base/errors.hpp"

namespace jacobench::harness {

// What records a group is made of.
struct RecordPlan {
  std::size_t size = 0;     // doubles in a record; 0: the group has none
  std::int64_t number = 0;  // of records that are needed, whatever is in them
  double seconds_each = 0;  // a guess before any is made; 0: none
  std::int64_t most_in_block = 4096;
};

// One thread's workspace for the records of one group.
class RecordMaker {
 public:
  virtual ~RecordMaker() = default;

  // Fills in the records first, first + 1, ...
  virtual void make(std::int64_t first, std::span<double> records) = 0;
};

// Thrown where the user wants the run to stop: the records that there are stay, and no row is written.
struct Interrupted {};

// Thrown where records cannot be kept or read (disk full): nothing is wrong with the group, and no row is written.
struct RecordsNotKept : InputError {
  using InputError::InputError;
};

// The records of one group as run_cells is given them: it asks for as many as it wants, and again for more.
class Records {
 public:
  virtual ~Records() = default;

  // The records 0 to number - 1, one after the other; valid until the next call. Throws Interrupted,
  // RecordsNotKept, and std::runtime_error with the message of what a maker has thrown.
  virtual std::span<const double> first(std::int64_t number) = 0;

  // The time of a thread that each record took which was made just now; nothing where none was.
  virtual std::optional<double> seconds_each() const = 0;
};

// Of a group that has none.
class NoRecords final : public Records {
 public:
  std::span<const double> first(std::int64_t number) override {
    JB_EXPECT(number == 0, "{} records are asked for by a group that has none", number);
    return {};
  }
  std::optional<double> seconds_each() const override { return {}; }
};

}  // namespace jacobench::harness
