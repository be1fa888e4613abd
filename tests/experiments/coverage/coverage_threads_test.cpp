#include <cstring>

#include <gtest/gtest.h>

#include "coverage/coverage_experiment.hpp"

namespace jacobench::coverage {
namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

// The records of one scenario: a network and 15 observations, fits of some microseconds.
std::vector<double> records_on(const std::string& threads, const harness::Config& more) {
  CoverageExperiment study;
  harness::OptionTable options = study.options();
  harness::Config config{{"network.inputs", "1"},    {"network.hidden", "2"}, {"data.rows", "15"},
                         {"points.inside", "4"},     {"noise.sd", "0.05"},    {"replicates.threads", threads},
                         {"replicates.number", "50"}};
  config.insert(config.end(), more.begin(), more.end());
  for (const auto& [key, value] : config) options.assign({key, value, key});
  study.cells();
  harness::MemoryJournal journal;
  study.run_cells({0}, journal);
  return journal.records();
}

TEST(CoverageExperiment, HasTheSameBitsForAnyNumberOfThreads) {
  const harness::Config starts{{"fit.start", "random"}, {"fit.starts", "3"}};
  const std::vector<double> first = records_on("1", starts);
  EXPECT_FALSE(first.empty());
  for (const std::string threads : {"2", "3"})
    EXPECT_TRUE(same_bits(records_on(threads, starts), first)) << threads;
}

// What the covariances share, they share between threads.
TEST(CoverageExperiment, EveryCovarianceHasTheSameBitsOnThreads) {
  std::string methods;
  for (const CovarianceInfo& covariance : covariance_table())
    methods += (methods.empty() ? "" : ", ") + std::string(covariance.name);
  const harness::Config all{
      {"intervals.methods", methods}, {"fit.decay", "0.001"}, {"replicates.number", "10"}};
  const std::vector<double> first = records_on("1", all);
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(same_bits(records_on("3", all), first));
}

}  // namespace
}  // namespace jacobench::coverage
