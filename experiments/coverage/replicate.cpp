#include "coverage/replicate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/tangents_in_lanes.hpp"

namespace jacobench::coverage {
namespace {

Eigen::Map<Vector> part(std::span<double> record, std::size_t at, Index n) { return {&record[at], n}; }

std::vector<Region> regions_of(const Scenario& scenario) {
  std::vector<Region> regions{{0, scenario.n_inside}};
  if (scenario.n_beyond > 0) regions.push_back({scenario.n_inside, scenario.n_beyond});
  return regions;
}

// A fit with the shapes of all fits of this scenario.
Fit like(const ReplicateContext& context, const JacobianChoice& jacobian) {
  const Scenario& scenario = context.plan.scenario;
  return {.network = scenario.network,
          .theta = Vector::Zero(scenario.network.n_params()),
          .data = context.first_data.data(),
          .decay = scenario.decay,
          .jacobian = jacobian};
}

}  // namespace

RecordLayout::RecordLayout(const ReplicatePlan& plan)
    : n_strategies_(plan.strategies.size()),
      n_methods_(plan.methods.size()),
      n_intervals_(plan.intervals.size()),
      n_regions_(regions_of(plan.scenario).size()),
      n_points_(plan.scenario.n_points()),
      n_refitting_before_{0} {
  for (const MethodRequest& request : plan.methods)
    n_refitting_before_.push_back(n_refitting_before_.back() + (request.method->refits ? 1 : 0));
}

ReplicateContext::ReplicateContext(ReplicatePlan the_plan)
    : plan(std::move(the_plan)),
      layout(plan),
      regions(regions_of(plan.scenario)),
      first_data(plan.scenario),
      start(start_of(plan.scenario, first_data)) {}

FitOptions fit_options(const Scenario& scenario, const JacobianChoice& jacobian) {
  return {.n_starts = scenario.start == Start::random ? scenario.n_starts : 0,
          .seed = scenario.seed,
          .decay = scenario.decay,
          .max_iterations = scenario.max_iterations,
          .relative_offset = scenario.tolerance,
          .jacobian = jacobian};
}

std::uint64_t interval_seed(const Scenario& scenario, Index replicate) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;  // so that replicates have seeds of their own
  return scenario.seed + odd * (static_cast<std::uint64_t>(replicate) + 1);
}

// Fits with one strategy's Jacobian, and makes the intervals of all methods from them.
class ReplicateRunner::Strategy {
 public:
  Strategy(const ReplicateContext& context, std::size_t strategy)
      : context_(context),
        number_(strategy),
        like_(like(context, choice())),
        fitter_(scenario().network, like_.data, fit_options(scenario(), choice())),
        tangent_(like_) {
    const Matrix& X0 = context.first_data.points();
    for (const Region& region : context.regions)
      points_.emplace_back(like_, X0.middleRows(region.begin, region.size));
    if (fitter_of_all()) make_lanes();
    for (std::size_t m = 0; m < context.plan.methods.size(); ++m) add_engines(m);
  }

  const std::string& name() const { return choice().strategy; }

  // Of its part of the record nothing is known yet: NaN.
  void clear(std::span<double> record) const {
    std::ranges::fill(record.subspan(layout().begin(number_), layout().strategy_size()),
                      std::numeric_limits<double>::quiet_NaN());
  }

  // Fits and linearises; returns why that failed, or null.
  const char* fit(const DataSource& source, std::span<double> record) {
    const char* const why = solve(source, record);
    return why ? why : put_fit(source, record);
  }

  // The tangents of fits that were made side by side.
  void linearise(std::span<const ManyFits::Fitted> fitted) {
    if (!tangents_) return;
    for (std::size_t i = 0; i < fitted.size(); ++i) tangents_->put(static_cast<Index>(i), *fitted[i].fit);
    tangents_->compute();
    for (const auto& points : points_in_lanes_)
      if (points) points->compute(*tangents_);
  }

  // The same as fit() of the last fits that were linearised together.
  const char* take(const Fit& fit, Index lane, const DataSource& source, std::span<double> record) {
    const char* const why = move_to_fit(fit, record, lane);
    return why ? why : put_fit(source, record);
  }

  // None where fits do not go side by side.
  Fitter* fitter_of_all() {
    return scenario().solver == Solver::least_squares && start_of_first().size() > 0 &&
                   fitter_.n_side_by_side() > 1
               ? &fitter_
               : nullptr;
  }
  const Vector& start(const DataSource& source) const {
    return starts_at_own_truth() ? source.teacher_parameters() : context_.start;
  }

  // The bands of one method in all regions; tells why there are none, where there is somebody to tell.
  template <class Fail>
  void make_intervals(std::size_t method, Index replicate, const DataSource& source, std::span<double> record,
                      const Fail& fail) {
    const Vector& truth = source.truth_at_points();
    for (std::size_t region = 0; region < points_.size(); ++region) {
      IntervalEngine& engine = *engines_[method].by_region[region];
      const bool has_bands = engine.compute(tangent_, points_[region], interval_seed(scenario(), replicate));
      if (const Refits& refits = engine.refits(); refits.number > 0)
        record[layout().unsettled_refits(number_, method, region)] =
            static_cast<double>(refits.n_unsettled) / static_cast<double>(refits.number);
      if (!has_bands) {
        fail(engine.reason());
        continue;
      }
      if (engine.sigma() > 0)
        record[layout().variance_ratio(number_, method)] =
            std::pow(engine.sigma(), 2) / source.mean_variance();
      if (const std::string* why = why_without_bounds(engine)) fail(*why);
      if (engine.se().size() > 0) put(engine.se(), no_truth_, region, layout().se(number_, method), record);
      for (std::size_t b = 0; b < engine.bands().size(); ++b) {
        const std::size_t interval = engines_[method].intervals[b];
        put(engine.bands()[b].lower, truth, region, layout().lower(number_, interval), record);
        put(engine.bands()[b].upper, truth, region, layout().upper(number_, interval), record);
      }
    }
  }

 private:
  struct Engines {
    std::vector<std::size_t> intervals;  // indices into ReplicatePlan::intervals, one a band
    std::vector<std::unique_ptr<IntervalEngine>> by_region;
  };

  const char* put_fit(const DataSource& source, std::span<double> record) {
    figure(record, RecordLayout::rank) = static_cast<double>(tangent_.rank());
    figure(record, RecordLayout::condition) = tangent_.condition_scaled();
    for (std::size_t region = 0; region < points_.size(); ++region)
      put(points_[region].values(), source.truth_at_points(), region, layout().fit(number_), record);
    return nullptr;
  }

  bool starts_at_own_truth() const { return scenario().truth_is_redrawn && scenario().start == Start::truth; }
  const Vector& start_of_first() const { return start(context_.first_data); }

  const Scenario& scenario() const { return context_.plan.scenario; }
  const JacobianChoice& choice() const { return context_.plan.strategies[number_]; }
  const RecordLayout& layout() const { return context_.layout; }
  double& figure(std::span<double> record, RecordLayout::Figure which) const {
    return record[layout().figure(number_, which)];
  }

  void make_lanes() {
    if (!TangentsInLanes::suits(like_)) return;
    const kernel::LaneKernels& kernels = kernel::kernels().fits_side_by_side;
    tangents_.emplace(like_, kernels);
    for (const NewPoints& points : points_)
      points_in_lanes_.push_back(PointsInLanes::suits(like_, points.n_points())
                                     ? std::make_unique<PointsInLanes>(like_, points.X(), kernels)
                                     : nullptr);
  }

  // Of the first point that a band leaves open; null where there is none.
  static const std::string* why_without_bounds(const IntervalEngine& engine) {
    for (std::size_t m = 0; m < engine.open().size(); ++m)
      for (const Band& band : engine.bands())
        if (const auto row = static_cast<Index>(m);
            band.lower.row(row).hasNaN() || band.upper.row(row).hasNaN())
          return &engine.open()[m];
    return nullptr;
  }

  void add_engines(std::size_t method) {
    const MethodRequest& request = context_.plan.methods[method];
    Engines engines;
    std::vector<BandRequest> bands;
    for (std::size_t i = 0; i < context_.plan.intervals.size(); ++i)
      if (const IntervalRequest& interval = context_.plan.intervals[i]; interval.method == method) {
        engines.intervals.push_back(i);
        bands.push_back(interval.band());
      }
    for (const NewPoints& points : points_)
      engines.by_region.push_back(request.method->prepare(like_, points, request.options, bands));
    engines_.push_back(std::move(engines));
  }

  // The numbers of a region, less the truth, to where the block begins.
  void put(const Matrix& numbers, const Vector& truth, std::size_t region, std::size_t block,
           std::span<double> record) const {
    const Region& its = context_.regions[region];
    auto to = part(record, block + static_cast<std::size_t>(its.begin), its.size);
    if (truth.size() > 0)
      to = numbers.col(0) - truth.segment(its.begin, its.size);
    else
      to = numbers.col(0);
  }

  const char* solve(const DataSource& source, std::span<double> record) {
    const Vector& its_start = start(source);
    if (scenario().solver == Solver::linear_step) return take_linear_step(source, its_start, record);
    return move_to_fit(
        its_start.size() > 0 ? fitter_.fit(source.data(), its_start) : fitter_.fit(source.data()), record);
  }

  const char* move_to_fit(const Fit& fit, std::span<double> record, std::optional<Index> lane = {}) {
    figure(record, RecordLayout::stop) = static_cast<double>(fit.end->stop);
    figure(record, RecordLayout::n_iterations) = static_cast<double>(fit.end->n_iterations);
    figure(record, RecordLayout::is_settled) = fit.end->has_settled() ? 1 : 0;
    if (fit.end->remaining) figure(record, RecordLayout::move) = fit.end->remaining->move;
    if (fit.end->stop == Stop::not_finite) return "the network is not finite at any start";
    return move_to(fit, lane) ? nullptr : "the network is not finite at the fit";
  }

  const char* take_linear_step(const DataSource& source, const Vector& start, std::span<double> record) {
    figure(record, RecordLayout::stop) = static_cast<double>(Stop::converged);
    figure(record, RecordLayout::n_iterations) = 1;
    figure(record, RecordLayout::is_settled) =
        1;  // at the minimum of the linear model, whose intervals these are
    figure(record, RecordLayout::move) = 0;
    like_.theta = start;
    like_.data = source.data();
    if (!move_to(like_)) return "the network is not finite at the fit";
    const Vector* step = tangent_.take_linear_step();
    if (!step) return "the data do not determine the step";
    for (NewPoints& points : points_) points.take_linear_step(tangent_, *step);
    return nullptr;
  }

  bool move_to(const Fit& fit, std::optional<Index> lane = {}) {
    if (!(lane && tangents_ ? tangent_.move_to(fit, *tangents_, *lane) : tangent_.move_to(fit))) return false;
    bool is_finite = true;
    for (std::size_t region = 0; region < points_.size(); ++region) {
      const PointsInLanes* const in_lanes = lane && tangents_ ? points_in_lanes_[region].get() : nullptr;
      is_finite = (in_lanes ? points_[region].move_to(tangent_, *in_lanes, *lane)
                            : points_[region].move_to(tangent_)) &&
                  is_finite;
    }
    return is_finite;
  }

  const ReplicateContext& context_;
  const std::size_t number_;
  const Vector no_truth_;
  Fit like_;
  Fitter fitter_;
  Tangent tangent_;
  // Of fits side by side; points one a region, null where they do not suit lanes.
  std::optional<TangentsInLanes> tangents_;
  std::vector<std::unique_ptr<PointsInLanes>> points_in_lanes_;
  std::vector<NewPoints> points_;  // one a region
  std::vector<Engines> engines_;   // one a method
};

ReplicateRunner::ReplicateRunner(const ReplicateContext& context)
    : context_(context), source_(context.plan.scenario) {
  for (std::size_t s = 0; s < context.plan.strategies.size(); ++s)
    strategies_.push_back(std::make_unique<Strategy>(context, s));
}

ReplicateRunner::~ReplicateRunner() = default;

void ReplicateRunner::run(Index replicate, std::span<double> record, std::vector<std::string>* failures) {
  source_.draw(replicate);
  for (const auto& strategy : strategies_) run_strategy(*strategy, replicate, record, failures);
}

// The replicates of one strategy that are being fitted, each slot with a source of its own.
class ReplicateRunner::SideBySide final : public ManyFits {
 public:
  SideBySide(ReplicateRunner& runner, Strategy& strategy, Index first, std::span<double> records)
      : runner_(runner), strategy_(strategy), next_(first), first_(first), records_(records) {}

  bool put_next(Index slot) override {
    const auto size = runner_.context_.layout.size();
    if (static_cast<std::size_t>(next_ - first_) * size == records_.size()) return false;
    Slot& its = at(slot);
    its.replicate = next_++;
    its.source.draw(its.replicate);
    return true;
  }

  const Dataset& data(Index slot) const override { return source(slot).data(); }
  const Vector& start(Index slot) const override { return strategy_.start(source(slot)); }

  void take(std::span<const Fitted> fitted) override {
    strategy_.linearise(fitted);
    for (std::size_t i = 0; i < fitted.size(); ++i) make_record(fitted[i], static_cast<Index>(i));
  }

 private:
  void make_record(const Fitted& fitted, Index lane) {
    const Index replicate = at(fitted.slot).replicate;
    const DataSource& its = source(fitted.slot);
    const auto size = runner_.context_.layout.size();
    const auto record = records_.subspan(static_cast<std::size_t>(replicate - first_) * size, size);
    strategy_.clear(record);
    try {
      const char* const why = strategy_.take(*fitted.fit, lane, its, record);
      if (!why) runner_.make_intervals(strategy_, replicate, its, record, nullptr);
    } catch (const std::exception&) {  // the record tells it
    }
  }

  Slot& at(Index slot) const { return runner_.slots_[static_cast<std::size_t>(slot)]; }
  const DataSource& source(Index slot) const { return at(slot).source; }

  ReplicateRunner& runner_;
  Strategy& strategy_;
  Index next_;
  const Index first_;
  const std::span<double> records_;
};

void ReplicateRunner::run_all(Index first, std::span<double> records) {
  const std::size_t size = context_.layout.size();
  const auto go_side_by_side = [](const auto& strategy) { return strategy->fitter_of_all() != nullptr; };
  for (const auto& strategy : strategies_) {
    Fitter* const fitter = strategy->fitter_of_all();
    if (!fitter) continue;
    const auto n_slots = static_cast<std::size_t>(fitter->n_slots());
    slots_.reserve(n_slots);
    while (slots_.size() < n_slots) slots_.push_back({DataSource(context_.plan.scenario), 0});
    SideBySide fits(*this, *strategy, first, records);
    fitter->fit_all(fits);
  }
  if (std::all_of(strategies_.begin(), strategies_.end(), go_side_by_side)) return;
  for (Index r = first; !records.empty(); ++r, records = records.subspan(size)) {
    source_.draw(r);
    for (const auto& strategy : strategies_)
      if (!go_side_by_side(strategy)) run_strategy(*strategy, r, records.first(size), nullptr);
  }
}

void ReplicateRunner::run_strategy(Strategy& strategy, Index replicate, std::span<double> record,
                                   std::vector<std::string>* failures) {
  strategy.clear(record);
  try {
    const char* const why = strategy.fit(source_, record);
    if (!why) return make_intervals(strategy, replicate, source_, record, failures);
    if (failures) failures->push_back(fmt::format("{}: {}", strategy.name(), why));
  } catch (const std::exception& error) {
    if (failures) failures->push_back(error.what());
  }
}

void ReplicateRunner::make_intervals(Strategy& strategy, Index replicate, const DataSource& source,
                                     std::span<double> record, std::vector<std::string>* failures) {
  for (std::size_t m = 0; m < context_.plan.methods.size(); ++m) {
    const auto tell = [&](const std::string& why) {
      failures->push_back(
          fmt::format("{}: {}: {}", strategy.name(), context_.plan.methods[m].method->name, why));
    };
    try {
      strategy.make_intervals(m, replicate, source, record, [&](const std::string& why) {
        if (failures) tell(why);
      });
    } catch (const std::exception& error) {
      if (failures) tell(error.what());
    }
  }
}

}  // namespace jacobench::coverage
