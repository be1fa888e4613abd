// Where the time of a replicate goes: a replicate of a coverage study, as studies run it, beside the parts it is made
// of at the fit of the first. A plain Google Benchmark program, with the usual --benchmark_* flags; --config=FILE names
// the study, whose first scenario is taken.
//
// `replicate` is all of one by itself, and `draw`, `fit`, `tangent` and `bands` are what it consists of;
// replicate/side_by_side is one among many, as studies make them, and fit/, tangent/ and points/side_by_side its fit,
// its tangent and the values and variances that its bands are made from. The other rows fit/...
// are what a fit consists of, each done once; a step in lanes is one of all that are in them. `summary` is what a
// replicate costs after all are made. Times are of the processor.
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/approach_in_lanes.hpp"
#include "jacobench/fit/descents_in_lanes.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/normal_equations.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/fit/solvers.hpp"
#include "jacobench/inference/tangents_in_lanes.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/scaled_qr.hpp"
#include "jacobench/network/second_derivatives.hpp"

#include "coverage/coverage_row.hpp"
#include "coverage/other_packages.hpp"
#include "coverage/replicate.hpp"
#include "coverage/scenario_plan.hpp"
#include "options/settings.hpp"

namespace jacobench::coverage {
namespace {

using ::benchmark::State;

constexpr Index n_replicates = 500;

ReplicatePlan first_plan(CoverageOptions& options, const std::string& config) {
  for (const harness::Setting& setting : harness::read_config_file(config))
    if (setting.key != "experiment") options.table.assign(setting);
  return plan_of(options, options.scenarios.points().front());
}

struct Study {
  explicit Study(const std::string& config) : context(first_plan(options, config)) {}

  const Scenario& scenario() const { return context.plan.scenario; }
  const JacobianChoice& jacobian() const { return context.plan.strategies.front(); }

  CoverageOptions options{study_method_table(), strategy_table()};
  ReplicateContext context;
};

void replicate(State& state, const Study& study) {
  ReplicateRunner runner(study.context);
  std::vector<double> record(study.context.layout.size());
  Index r = 0;
  for (auto _ : state) runner.run(r++ % n_replicates, record);
}

// As studies make them, in blocks.
void replicates_side_by_side(State& state, const Study& study) {
  ReplicateRunner runner(study.context);
  std::vector<double> records(study.context.layout.size() * n_replicates);
  while (state.KeepRunningBatch(n_replicates)) runner.run_all(0, records);
}

void draw(State& state, const Study& study) {
  DataSource source(study.scenario());
  Index r = 0;
  for (auto _ : state) source.draw(r++ % n_replicates);
}

// The data of all replicates, so that fits follow each other as in a study.
std::vector<Dataset> all_data(const Study& study) {
  DataSource source(study.scenario());
  std::vector<Dataset> data;
  data.reserve(n_replicates);
  for (Index r = 0; r < n_replicates; ++r) {
    source.draw(r);
    data.push_back(source.data());
  }
  return data;
}

void fit(State& state, const Study& study) {
  const std::vector<Dataset> data = all_data(study);
  Fitter fitter(study.scenario().network, data.front(), fit_options(study.scenario(), study.jacobian()));
  std::size_t r = 0;
  double n_iterations = 0;
  for (auto _ : state)
    n_iterations +=
        static_cast<double>(fitter.fit(data[r++ % data.size()], study.context.start).end->n_iterations);
  state.counters["steps"] = n_iterations / static_cast<double>(state.iterations());
}

// Those of all data, and again of all.
class AllFits final : public ManyFits {
 public:
  AllFits(const Study& study, State& state, Index n_slots)
      : data_(all_data(study)),
        start_(study.context.start),
        state_(state),
        which_(static_cast<std::size_t>(n_slots)) {}

  bool put_next(Index slot) override {
    is_over_ = is_over_ || !state_.KeepRunning();
    if (is_over_) return false;
    which_[static_cast<std::size_t>(slot)] = next_++ % data_.size();
    return true;
  }
  const Dataset& data(Index slot) const override { return data_[which_[static_cast<std::size_t>(slot)]]; }
  const Vector& start(Index) const override { return start_; }
  void take(std::span<const Fitted>) override {}

 private:
  const std::vector<Dataset> data_;
  const Vector start_;
  State& state_;
  std::vector<std::size_t> which_;
  std::size_t next_ = 0;
  bool is_over_ = false;
};

void fits_side_by_side(State& state, const Study& study) {
  Fitter fitter(study.scenario().network, study.context.first_data.data(),
                fit_options(study.scenario(), study.jacobian()));
  if (fitter.n_side_by_side() == 1) return state.SkipWithError("these fits go one by one");
  AllFits fits(study, state, fitter.n_slots());
  fitter.fit_all(fits);
  state.counters["lanes"] = static_cast<double>(fitter.n_side_by_side());
}

// Of the first so many replicates, in the units of their steps.
std::vector<std::unique_ptr<Residuals>> first_residuals(const Study& study, Index n) {
  const std::vector<Dataset> data = all_data(study);
  std::vector<std::unique_ptr<Residuals>> residuals;
  residuals.reserve(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
    residuals.push_back(std::make_unique<Residuals>(study.scenario().network, data[i], study.scenario().decay,
                                                    study.jacobian(), Residuals::Units::standardised));
  return residuals;
}

// A step of all lanes, one fit in each.
void step_in_lanes(State& state, const Study& study, const kernel::LaneKernels& kernels) {
  const auto residuals = first_residuals(study, kernels.n_lanes);
  const PolishOptions options{.max_iterations = 0};
  ApproachInLanes lanes(study.scenario().network, study.scenario().n_rows, kernels);
  for (Index lane = 0; lane < lanes.n_lanes(); ++lane) {
    const Residuals& its = *residuals[static_cast<std::size_t>(lane)];
    lanes.begin(lane, its, its.scaling().to_scaled(study.context.start), options);
  }
  for (auto _ : state) lanes.step();
  state.counters["lanes"] = static_cast<double>(lanes.n_lanes());
}

// Of descents from the start, which begin again where they have ended.
void descent_step_in_all_lanes(State& state, const Study& study) {
  const kernel::LaneKernels& kernels = kernel::kernels().fits_side_by_side;
  const auto residuals = first_residuals(study, kernels.n_lanes);
  const DescentOptions options{.max_iterations = study.scenario().max_iterations};
  DescentsInLanes lanes(study.scenario().network, study.scenario().n_rows, kernels);
  for (auto _ : state) {
    for (Index lane = 0; lane < lanes.n_lanes(); ++lane) {
      const DescentsInLanes::State its_state = lanes.state(lane);
      if (its_state != DescentsInLanes::State::idle && its_state != DescentsInLanes::State::ended) continue;
      const Residuals& its = *residuals[static_cast<std::size_t>(lane)];
      lanes.begin(lane, its, its.scaling().to_scaled(study.context.start), options);
    }
    lanes.step();
  }
  state.counters["lanes"] = static_cast<double>(lanes.n_lanes());
}

void step_in_all_lanes(State& state, const Study& study) {
  step_in_lanes(state, study, kernel::kernels().fits_side_by_side);
}

void step_in_one_lane(State& state, const Study& study) {
  step_in_lanes(state, study, kernel::kernels().one_fit);
}

// The residuals of a fit in the units of its steps, at the start.
struct AtStart {
  explicit AtStart(const Study& study)
      : data(all_data(study).front()),
        residuals(study.scenario().network, data, study.scenario().decay, study.jacobian(),
                  Residuals::Units::standardised),
        tau(residuals.scaling().to_scaled(study.context.start)),
        r(residuals.n_rows()),
        J(residuals.n_rows(), residuals.n_params()) {
    residuals.evaluate(tau, r.data(), J.data());
  }

  Dataset data;
  Residuals residuals;
  Vector tau, r;
  Matrix J;
};

void new_data(State& state, const Study& study) {
  AtStart at(study);
  for (auto _ : state) at.residuals.set_data(at.data);
}

void residuals_alone(State& state, const Study& study) {
  AtStart at(study);
  for (auto _ : state) at.residuals.evaluate(at.tau, at.r.data(), nullptr);
}

void residuals_and_J(State& state, const Study& study) {
  AtStart at(study);
  for (auto _ : state) at.residuals.evaluate(at.tau, at.r.data(), at.J.data());
}

void pivoted_qr(State& state, const Study& study) {
  AtStart at(study);
  ScaledQr qr(at.J.rows(), at.J.cols());
  const Vector negligible = Vector::Zero(at.J.cols());
  for (auto _ : state) qr.factorise(at.J, negligible, at.r);
}

void normal_equations(State& state, const Study& study) {
  AtStart at(study);
  NormalEquations equations(at.residuals);
  for (auto _ : state) equations.move_to(at.tau);
}

void second_derivatives(State& state, const Study& study) {
  AtStart at(study);
  NormalEquations equations(at.residuals);
  equations.move_to(at.tau);
  for (auto _ : state) equations.add_second_derivatives();
}

void solution(State& state, const Study& study) {
  AtStart at(study);
  NormalEquations equations(at.residuals);
  equations.move_to(at.tau);
  Vector step(at.tau.size());
  for (auto _ : state) equations.solve(usual_damping.mu, step);
}

Fit first_fit(const Study& study) {
  FitOptions options = fit_options(study.scenario(), study.jacobian());
  options.start = study.context.start;
  return jacobench::fit(study.scenario().network, all_data(study).front(), options);
}

void tangent(State& state, const Study& study) {
  const Fit fit = first_fit(study);
  Tangent at(fit);
  for (auto _ : state) {
    at.move_to(fit);
    benchmark::DoNotOptimize(at.condition_scaled());
  }
}

// Of the first fit in each lane.
struct TangentsSideBySide {
  explicit TangentsSideBySide(const Study& study)
      : fit(first_fit(study)), tangents(fit, kernel::kernels().fits_side_by_side) {
    put();
  }

  void put() {
    for (Index lane = 0; lane < kernel::kernels().fits_side_by_side.n_lanes; ++lane) tangents.put(lane, fit);
    tangents.compute();
  }

  const Fit fit;
  TangentsInLanes tangents;
};

void tangents_side_by_side(State& state, const Study& study) {
  TangentsSideBySide all(study);
  while (state.KeepRunningBatch(kernel::kernels().fits_side_by_side.n_lanes)) all.put();
}

void points_side_by_side(State& state, const Study& study) {
  TangentsSideBySide all(study);
  PointsInLanes points(all.fit, study.context.first_data.points(), kernel::kernels().fits_side_by_side);
  while (state.KeepRunningBatch(kernel::kernels().fits_side_by_side.n_lanes)) points.compute(all.tangents);
}

void bands(State& state, const Study& study) {
  const Fit fit = first_fit(study);
  Tangent at(fit);
  at.move_to(fit);
  NewPoints points(fit, study.context.first_data.points());
  const MethodRequest& request = study.context.plan.methods.front();
  std::vector<BandRequest> requests;
  for (const IntervalRequest& interval : study.context.plan.intervals)
    if (interval.method == 0) requests.push_back(interval.band());
  const auto engine = request.method->prepare(fit, points, request.options, requests);
  for (auto _ : state) {
    points.move_to(at);
    engine->compute(at, points, 1);
  }
}

void summary(State& state, const Study& study) {
  ReplicateRunner runner(study.context);
  Matrix records(static_cast<Index>(study.context.layout.size()), n_replicates);
  for (Index r = 0; r < n_replicates; ++r)
    runner.run(r, {records.col(r).data(), study.context.layout.size()});
  for (auto _ : state) {
    Summary summary(study.context, records);
    for (std::size_t i = 0; i < study.context.plan.intervals.size(); ++i) {
      CoverageRow row;
      summary.fill_in({0, i, 0}, row);
    }
  }
  state.counters["us_a_replicate"] = benchmark::Counter(
      1e-6 * n_replicates, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

using Part = void (*)(State&, const Study&);
constexpr std::pair<const char*, Part> parts[] = {
    {"replicate", replicate},
    {"replicate/side_by_side", replicates_side_by_side},
    {"draw", draw},
    {"fit", fit},
    {"fit/side_by_side", fits_side_by_side},
    {"fit/step_in_all_lanes", step_in_all_lanes},
    {"fit/step_in_one_lane", step_in_one_lane},
    {"fit/descent_step_in_all_lanes", descent_step_in_all_lanes},
    {"fit/new_data", new_data},
    {"fit/residuals", residuals_alone},
    {"fit/residuals_and_J", residuals_and_J},
    {"fit/pivoted_qr", pivoted_qr},
    {"fit/normal_equations", normal_equations},
    {"fit/second_derivatives", second_derivatives},
    {"fit/solution", solution},
    {"tangent", tangent},
    {"tangent/side_by_side", tangents_side_by_side},
    {"bands", bands},
    {"points/side_by_side", points_side_by_side},
    {"summary", summary},
};

}  // namespace
}  // namespace jacobench::coverage

int main(int argc, char** argv) {
  using namespace jacobench::coverage;
  benchmark::Initialize(&argc, argv);
  constexpr std::string_view flag = "--config=";
  const bool is_named = argc == 2 && std::string_view(argv[1]).starts_with(flag);
  if (!is_named && benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    const Study study(is_named ? argv[1] + flag.size() : "configs/coverage/throughput.ini");
    for (const auto& [name, part] : parts) benchmark::RegisterBenchmark(name, part, std::cref(study));
    benchmark::RunSpecifiedBenchmarks();
  } catch (const jacobench::InputError& error) {
    std::cerr << "jacobench_replicate_parts: " << error.what() << '\n';
    return 2;
  }
  benchmark::Shutdown();
}
