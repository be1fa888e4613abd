// Other people's ways to the Jacobian, which the experiments hold against the strategies of the library.
//
// A peer is a strategy like any other (jacobian/strategy.hpp): one file with a class derived from RowwiseEvaluator or
// Evaluator, and one row of the table. All are in the table of every build; one whose library was not found when the
// program was configured says so (StrategyInfo::why_not), and its cells are left out for that reason.
#pragma once

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::peers {

// What each peer is held to: errors relative to the row's 2-norm plus |y|. A right derivative in double precision
// loses a few digits to slopes such as 1 - a^2, and a wrong one has none.
inline constexpr double promised_error = 1e-10;

std::span<const StrategyInfo> peer_table();

// strategy_table() and then the peers.
std::span<const StrategyInfo> strategies_and_peers();

}  // namespace jacobench::peers
