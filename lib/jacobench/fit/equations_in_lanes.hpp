// The normal equations of many fits of one small network, one in each lane of a pack, each with data of its own.
//
// Model:  E = [J r]'[J r] with the penalty rows, and the sum of r_n d2 r_n, both at a point of each lane. The sums go
//         row by row in the order of the data, in place of those of BLAS
// Shapes: points [P], E and second [(P + 1) x (P + 1)] below the diagonal, number i of lane l at (i, l)
// Bits:   those of a fit depend neither on its lane nor on what is in the others, nor on how many lanes there are
// Cost:   of all lanes together n P^2 / 2 multiplications of packs and m n activations with both derivatives, m the
//         hidden units. A lane that is idle costs what a busy one does
#pragma once

#include <vector>

#include "jacobench/fit/residuals.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/lane_numbers.hpp"

namespace jacobench {

// Rows of networks that go in lanes, without data yet.
kernel::LaneRows lane_rows(const Perceptron& network, Index n_rows);

// Row by row.
void set_rows(const MatrixView& rows, Index lane, kernel::LaneNumbers& to);

// Whether a step may be bent by so much: no further than it is trusted to be as it says.
bool is_believable_bend(const kernel::LaneNumbers& bend, const kernel::LaneNumbers& step, Index lane);

// Whether the inputs are those that this lane has already.
enum class LaneInputs { new_ones, same };

class EquationsInLanes {
 public:
  using Numbers = kernel::LaneNumbers;

  // Whether fits can go in lanes: one hidden layer, one output that is the identity, and few parameters.
  static bool suits(const Perceptron& network);

  // Whether what the units give at the last points is kept: activations with both derivatives. That of so many takes a
  // dozen megabytes at most.
  enum class Units { passing, kept };
  static bool can_keep_units(const Perceptron& network, Index n_observations);
  EquationsInLanes(const Perceptron& network, Index n_observations, const kernel::LaneKernels& kernels,
                   Units units = Units::passing);

  Index n_lanes() const { return W_; }

  // Residuals are kept by reference until others take their place.
  void put(Index lane, const Residuals& residuals, LaneInputs inputs);
  const Residuals& residuals(Index lane) const { return *at(lane).residuals; }

  Numbers& points() { return points_; }
  Index entry(Index p, Index q) const { return q * (P_ + 1) + p; }

  // Of the rows of data, at the points of all lanes. Allocates nothing.
  void compute();

  // The penalty rows of one lane, once after each compute().
  void add_penalty(Index lane);

  const Numbers& E() const { return E_; }
  const Numbers& second() const { return second_; }
  Numbers& units() { return units_; }                               // as in kernel/kernels.hpp
  double rss(Index lane) const { return E_(entry(P_, P_), lane); }  // |r|^2 of the data rows
  double penalty(Index lane) const { return at(lane).penalty; }     // and of the others
  double objective(Index lane) const { return rss(lane) + penalty(lane); }

  // At the points that are given, of all lanes.
  kernel::LaneRows rows(const Numbers& points) const;

 private:
  struct Lane {
    const Residuals* residuals = nullptr;
    double penalty = 0;
    bool has_unit_factors = false;
  };
  const Lane& at(Index lane) const { return lanes_[static_cast<std::size_t>(lane)]; }
  kernel::LaneEquations equations();

  const Perceptron network_;
  const kernel::LaneKernels kernels_;
  const Index W_, N_, P_;
  const bool keeps_units_;
  void (*const activation_)(const double* z, double* a, double* d, double* d2, Index n);
  std::vector<Lane> lanes_;
  Numbers X_, y_, factors_, points_, E_, second_, units_, workspace_;
  Vector point_;
};

}  // namespace jacobench
