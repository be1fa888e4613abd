#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "coverage/coverage_experiment.hpp"
#include "run/workers.hpp"

namespace jacobench::coverage {
namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

// The records of one scenario: a network and 15 observations, fits of some microseconds.
std::vector<double> records_on(std::size_t n_threads, const harness::Config& more) {
  CoverageExperiment study;
  harness::OptionTable options = study.options();
  harness::Config config{{"network.inputs", "1"}, {"network.hidden", "2"}, {"data.rows", "15"},
                         {"points.inside", "4"},  {"noise.sd", "0.05"},    {"replicates.number", "50"}};
  config.insert(config.end(), more.begin(), more.end());
  for (const auto& [key, value] : config) options.assign({key, value, key});
  const std::vector<harness::Row> cells = study.cells();
  const harness::RecordPlan plan = study.records_of(0);
  const auto workers = harness::thread_workers(study, cells, n_threads);
  std::map<std::int64_t, std::vector<double>> blocks;
  std::int64_t n_given = 0, n_done = 0;
  while (n_done < plan.number) {
    for (; n_given < plan.number && workers->has_room(); n_given += 5)
      workers->give({.first = n_given, .number = 5, .record_size = plan.size});
    for (harness::DoneBlock& done : workers->collect()) {
      EXPECT_EQ(done.failure, "");
      n_done += done.block.number;
      blocks[done.block.first] = std::move(done.records);
    }
  }
  std::vector<double> numbers;
  for (const auto& [first, records] : blocks) numbers.insert(numbers.end(), records.begin(), records.end());
  return numbers;
}

TEST(CoverageExperiment, HasTheSameBitsForAnyNumberOfThreads) {
  const harness::Config starts{{"fit.start", "random"}, {"fit.starts", "3"}};
  const std::vector<double> first = records_on(1, starts);
  EXPECT_FALSE(first.empty());
  for (const std::size_t n_threads : {2, 3}) EXPECT_TRUE(same_bits(records_on(n_threads, starts), first));
}

// What the covariances share, they share between threads.
TEST(CoverageExperiment, EveryCovarianceHasTheSameBitsOnThreads) {
  std::string methods;
  for (const CovarianceInfo& covariance : covariance_table())
    methods += (methods.empty() ? "" : ", ") + std::string(covariance.name);
  const harness::Config all{
      {"intervals.methods", methods}, {"fit.decay", "0.001"}, {"replicates.number", "10"}};
  const std::vector<double> first = records_on(1, all);
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(same_bits(records_on(3, all), first));
}

}  // namespace
}  // namespace jacobench::coverage
