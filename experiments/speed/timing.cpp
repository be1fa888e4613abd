#include "speed/timing.hpp"

#include <algorithm>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/statistics.hpp"

namespace jacobench::speed {
namespace {

// Google Benchmark takes its flags once a process.
void initialize_once() {
  [[maybe_unused]] static const bool done = [] {
    std::string program = "jacobench", interleaving = "--benchmark_enable_random_interleaving=true";
    char* arguments[] = {program.data(), interleaving.data(), nullptr};
    int count = 2;
    ::benchmark::Initialize(&count, arguments);
    return true;
  }();
}

// Sorts the repetitions into the timing of the work whose number is the benchmark's name.
class Collector final : public ::benchmark::BenchmarkReporter {
 public:
  explicit Collector(std::size_t n_works) : timings_(n_works) {}

  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      Timing& timing = timings_.at(std::stoul(run.run_name.function_name));
      timing.repetitions.push_back(
          run.GetAdjustedRealTime());  // in units of run.time_unit, which is the second
    }
  }

  std::vector<Timing> take() {
    for (Timing& timing : timings_) {
      timing.median = median(timing.repetitions);
      timing.min = *std::min_element(timing.repetitions.begin(), timing.repetitions.end());
      timing.spread = quartile_distance(timing.repetitions) / timing.median;
    }
    return std::move(timings_);
  }

 private:
  std::vector<Timing> timings_;
};

}  // namespace

std::vector<Timing> time_side_by_side(const std::vector<std::function<void()>>& works,
                                      const TimingOptions& options) {
  JB_EXPECT(options.repetitions >= 3, "{} repetitions: quartiles need three", options.repetitions);
  if (works.empty()) return {};
  initialize_once();
  for (std::size_t i = 0; i < works.size(); ++i)
    ::benchmark::RegisterBenchmark(std::to_string(i).c_str(),
                                   [&work = works[i]](::benchmark::State& state) {
                                     for (auto _ : state) work();
                                   })
        ->Repetitions(options.repetitions)
        ->MinTime(options.min_seconds)
        ->UseRealTime()
        ->Unit(::benchmark::kSecond);
  Collector collector(works.size());
  ::benchmark::RunSpecifiedBenchmarks(&collector);
  ::benchmark::ClearRegisteredBenchmarks();
  return collector.take();
}

std::vector<std::pair<std::string, std::string>> benchmark_context() {
  const ::benchmark::CPUInfo& cpu = ::benchmark::CPUInfo::Get();
  std::vector<std::pair<std::string, std::string>> context;
  context.emplace_back("clock_mhz", fmt::format("{:.0f}", cpu.cycles_per_second / 1e6));
  for (const auto& cache : cpu.caches)
    context.emplace_back(fmt::format("cache_l{}_{}", cache.level, cache.type),
                         fmt::format("{} KiB, shared by {}", cache.size / 1024, cache.num_sharing));
  const char* scaling = cpu.scaling == ::benchmark::CPUInfo::ENABLED    ? "on: the clock may change"
                        : cpu.scaling == ::benchmark::CPUInfo::DISABLED ? "off"
                                                                        : "unknown";
  context.emplace_back("clock_scaling", scaling);
  return context;
}

}  // namespace jacobench::speed
