// The line that an action is refused with.
#pragma once

#include <string>

#include "jacobench/base/errors.hpp"

namespace jacobench::testing {

// The message of the InputError that the action throws; says so where it throws none.
template <class Action>
std::string error_line(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError was thrown";
}

}  // namespace jacobench::testing
