// A workspace matrix with one column a unit and the observations of a batch contiguous in each column.
#pragma once

#include <cstdlib>
#include <memory>
#include <utility>

#include "jacobench/kernel/batch_product.hpp"

namespace jacobench {

// Columns start on a cache line and are padded to the widest registers. Those of a batch that is larger than half the
// first-level cache are padded by one cache line more, so that equal rows of neighbouring columns do not fall into the
// same cache set.
class Batch {
 public:
  Batch() = default;
  Batch(Index max_rows, Index n_columns);

  Batch(Batch&& other) noexcept { swap(*this, other); }
  Batch& operator=(Batch&& other) noexcept {
    swap(*this, other);
    return *this;
  }

  double* column(Index c) { return data_.get() + c * stride_; }
  const double* column(Index c) const { return data_.get() + c * stride_; }
  Index n_columns() const { return n_columns_; }

  BatchBuffer buffer() { return {data_.get(), stride_}; }
  BatchView view() const { return {data_.get(), stride_}; }

  // The first n_rows rows, without the padding.
  auto rows(Index n_rows) {
    return Columns<Matrix>(data_.get(), n_rows, n_columns_, Eigen::OuterStride<>(stride_));
  }
  auto rows(Index n_rows) const {
    return Columns<const Matrix>(data_.get(), n_rows, n_columns_, Eigen::OuterStride<>(stride_));
  }

  friend void swap(Batch& a, Batch& b) noexcept {
    std::swap(a.data_, b.data_);
    std::swap(a.stride_, b.stride_);
    std::swap(a.n_columns_, b.n_columns_);
  }

 private:
  template <class M>
  using Columns = Eigen::Map<M, Eigen::Unaligned, Eigen::OuterStride<>>;

  struct Free {
    void operator()(double* data) const { std::free(data); }
  };

  std::unique_ptr<double[], Free> data_;
  Index stride_ = 0;
  Index n_columns_ = 0;
};

}  // namespace jacobench
