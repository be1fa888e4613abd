// The rows of a figure whose rows hold series.
#pragma once

#include "study/figure.hpp"
#include "study/row.hpp"

namespace jacobench::harness {

// Of the rows that are ok, as Unfolding says. A row without series, which older results have, gives none.
RowTable unfolded(const RowTable& table, const Unfolding& unfolding);

}  // namespace jacobench::harness
