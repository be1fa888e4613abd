// The two kinds of thrown error: a user's input that is wrong, and a precondition that code has broken.
// (A numerical outcome, such as no convergence, is neither: it is a value with a reason.)
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace jacobench {

// What the user gave (a file, a flag, a datum) cannot be used. The message is one line in the grammar
//   where: what is wrong (why); what to do.
// Thrown always, caught in main alone, which prints the line and exits with code 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  template <class... Args>
  explicit InputError(fmt::format_string<Args...> format, Args&&... args) requires(sizeof...(Args) > 0)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

[[noreturn]] void throw_broken_precondition(const char* file, int line, const char* condition,
                                            const std::string& message);

}  // namespace jacobench

// Checks a caller's duty in every build: JB_EXPECT(X.cols() == n, "X has {} columns, want {}", X.cols(), n).
// Throws std::logic_error naming file, line, condition and message.
#define JB_EXPECT(condition, ...)                                                                         \
  do {                                                                                                    \
    if (!(condition)) [[unlikely]]                                                                        \
      ::jacobench::throw_broken_precondition(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
