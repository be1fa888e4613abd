// An experiment without numerics: its rows are the same at every run, and its cells can be told to go wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "study/experiment.hpp"

namespace jacobench::testing {

// "toy" and, with the same options and columns, "toy_too".
std::span<const harness::ExperimentInfo> toy_experiments();

// How toys are spread.
struct ToyTraits {
  std::int64_t n_threads = 1;
  std::string why_not_over = {};
};

// While it lives, toys have these traits.
class ToysAre {
 public:
  explicit ToysAre(ToyTraits traits);
  ~ToysAre();
  ToysAre(const ToysAre&) = delete;
  ToysAre& operator=(const ToysAre&) = delete;
};

// Called before each cell of a toy runs, while it lives, with the index of the cell.
class BeforeEachCell {
 public:
  explicit BeforeEachCell(std::function<void(std::size_t)> call);
  ~BeforeEachCell();
  BeforeEachCell(const BeforeEachCell&) = delete;
  BeforeEachCell& operator=(const BeforeEachCell&) = delete;
};

// Called as each block of records of a toy begins whose way is `recorded`, while it lives, with the number of its first
// record. Such a toy makes 12 records of 2 numbers in blocks of 3, and its error is
// made of all of them.
class BeforeEachBlock {
 public:
  explicit BeforeEachBlock(std::function<void(std::size_t)> call);
  ~BeforeEachBlock();
  BeforeEachBlock(const BeforeEachBlock&) = delete;
  BeforeEachBlock& operator=(const BeforeEachBlock&) = delete;
};

// A config of six cells, all of which end well.
inline const std::string toy_config =
    "experiment = toy\n"
    "[toy]\n"
    "hidden = none, 3x2\n"
    "way = plain, fine, digits\n";

}  // namespace jacobench::testing
