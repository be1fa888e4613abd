#include "coverage/replay_text.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "options/value_text.hpp"

namespace jacobench::coverage {
namespace {

std::string settled_text(double is_settled, double move) {
  const std::string text = is_settled == 1 ? "it has settled" : "it has not settled";
  return std::isfinite(move) ? fmt::format("{}, and could move by {:.2g} standard errors", text, move) : text;
}

}  // namespace

std::string replay_text(const ReplicateContext& context, const RowPlace& place, Index replicate) {
  const RecordLayout& layout = context.layout;
  ReplicateRunner runner(context);
  std::vector<double> record(layout.size());
  std::vector<std::string> failures;
  runner.run(replicate, record, &failures);

  const auto at = [&](std::size_t where) { return harness::exact_text(harness::to_value(record[where])); };
  const auto figure = [&](RecordLayout::Figure which) {
    return record[layout.figure(place.strategy, which)];
  };
  const double stop = figure(RecordLayout::stop);
  std::string text = fmt::format(
      "stopped after {} iterations: {}; {}\nrank {} of {}, condition {:.3g}, s^2 over sigma^2 {:.6g}\n",
      figure(RecordLayout::n_iterations),
      std::isfinite(stop) ? explanation(static_cast<Stop>(static_cast<int>(stop))) : "the fit failed",
      settled_text(figure(RecordLayout::is_settled), figure(RecordLayout::move)), figure(RecordLayout::rank),
      context.plan.scenario.network.n_params(), figure(RecordLayout::condition),
      record[layout.variance_ratio(place.strategy, context.plan.intervals[place.interval].method)]);
  for (const std::string& failure : failures) text += failure + "\n";
  text += "point  truth  fit - truth  lower - truth  upper - truth\n";
  const Region& region = context.regions[place.region];
  for (Index m = region.begin; m < region.begin + region.size; ++m) {
    const auto i = static_cast<std::size_t>(m);
    text +=
        fmt::format("{}  {}  {}  {}  {}\n", fmt::join(runner.source().points().row(m).transpose(), " "),
                    harness::exact_text(runner.source().truth_at_points()[m]),
                    at(layout.fit(place.strategy) + i), at(layout.lower(place.strategy, place.interval) + i),
                    at(layout.upper(place.strategy, place.interval) + i));
  }
  return text;
}

}  // namespace jacobench::coverage
