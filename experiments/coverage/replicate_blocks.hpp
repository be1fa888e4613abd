// The replicates of a scenario as records: how one thread makes them, and how many are enough.
#pragma once

#include <memory>
#include <span>

#include "coverage/coverage_options.hpp"
#include "study/records.hpp"

namespace jacobench::coverage {

class ReplicateMaker final : public harness::RecordMaker {
 public:
  explicit ReplicateMaker(std::shared_ptr<const ReplicateContext> context)
      : context_(std::move(context)), runner_(*context_) {}

  void make(std::int64_t first, std::span<double> records) override;

 private:
  std::shared_ptr<const ReplicateContext> context_;
  ReplicateRunner runner_;
};

// As many records as the target asks for. With a target standard error that is decided at numbers that do not depend on
// how many there were already.
std::span<const double> enough_replicates(const ReplicateContext& context, const ReplicateTarget& target,
                                          harness::Records& records);

}  // namespace jacobench::coverage
