// A scalar program recorded operation by operation, and its reverse sweep: the tape of reverse differentiation.
//
// Written for any type T with +, * and ==; the reference uses it in 50 digits.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace jacobench {

// The record: each call appends an operation and returns its place in it.
template <class T>
class RecordedProgram {
 public:
  using Id = std::size_t;

  void clear() { operations_.clear(); }
  Id variable(T value) { return append({std::move(value), {none, none}, {}}); }

  Id add(Id a, Id b) { return append({value(a) + value(b), {a, b}, {T(1), T(1)}}); }
  Id multiply(Id a, Id b) { return append({value(a) * value(b), {a, b}, {value(b), value(a)}}); }
  Id multiply_add(Id a, Id b, Id c) { return add(multiply(a, b), c); }

  // f(a), whose value and derivative the caller knows.
  Id apply(Id a, T f, T derivative) {
    return append({std::move(f), {a, none}, {std::move(derivative), T()}});
  }

  const T& value(Id a) const { return operations_[a].value; }

  // d value(of) / d value(v) for every v recorded up to `of`.
  const std::vector<T>& derivatives(Id of) {
    adjoints_.assign(of + 1, T(0));
    adjoints_[of] = T(1);
    for (Id v = of + 1; v-- > 0;) {
      const Operation& operation = operations_[v];
      if (adjoints_[v] == 0) continue;
      for (int side = 0; side < 2; ++side)
        if (operation.argument[side] != none)
          adjoints_[operation.argument[side]] += operation.partial[side] * adjoints_[v];
    }
    return adjoints_;
  }

 private:
  static constexpr Id none = static_cast<Id>(-1);

  struct Operation {
    T value;
    Id argument[2];
    T partial[2];  // d value / d argument
  };

  Id append(Operation operation) {
    operations_.push_back(std::move(operation));
    return operations_.size() - 1;
  }

  std::vector<Operation> operations_;
  std::vector<T> adjoints_;
};

}  // namespace jacobench
