// Columns of matrices of small fits side by side, one a lane, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/lane_rows.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// Columns of matrices whose rows stand one after the other, by packs: of all lanes a pack is one column, of one lane it
// is as many neighbours as there are lanes, from a whole number of packs on and past the last column to the end of a
// pack. What is done to a column is the same.
template <class L>
struct Columns;

template <>
struct Columns<AllLanes> {
  static constexpr Index in_pack = 1;
  static constexpr int packs_in_tile = 4;
  static Pack of_all(const double* p) { return load(p); }
  static Pack of_all(Pack x) { return x; }
  static Pack without_first(Pack v, Index /*n*/) { return v; }
};

template <>
struct Columns<OneLane> {
  static constexpr Index in_pack = lanes;
  static constexpr int packs_in_tile = lanes == 8 ? 2 : 4;
  static Pack of_all(const double* p) { return broadcast(*p); }
  static Pack of_all(double x) { return broadcast(x); }
  // Zeros in the place of columns before the n-th of a pack; n may be negative.
  static Pack without_first(Pack v, Index n) {
    return n > 0 ? JACOBENCH_PATH::without_first(v, n < lanes ? n : lanes) : v;
  }
};

// Calls use.operator()<packs>(k) for tiles of packs of columns, the first with column `begin`.
template <class L, class Use>
void for_each_tile(Index begin, Index end, const Use& use) {
  using C = Columns<L>;
  Index k = begin - begin % C::in_pack;
  for (; k + (C::packs_in_tile - 1) * C::in_pack < end; k += C::packs_in_tile * C::in_pack)
    use.template operator()<C::packs_in_tile>(k);
  for (; k + C::in_pack < end; k += 2 * C::in_pack) use.template operator()<2>(k);
  for (; k < end; k += C::in_pack) use.template operator()<1>(k);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
