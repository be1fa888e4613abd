#include "jacobench/base/errors.hpp"

namespace jacobench {

void throw_broken_precondition(const char* file, int line, const char* condition,
                               const std::string& message) {
  throw std::logic_error(fmt::format("{}:{}: expected {}: {}", file, line, condition, message));
}

}  // namespace jacobench
