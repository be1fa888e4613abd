// A hint to the operating system about the memory of a large matrix.
#pragma once

#include <cstddef>
#include <vector>

namespace jacobench {

// Asks for large pages (2 MiB on x86-64) wherever this memory has not been touched yet. Writing a Jacobian column by
// column changes page every few hundred bytes: with pages of 4 KiB the translations alone cost up to a third of the
// time, and on the first write each page is a fault. It is a hint: where the system does not take it, nothing changes.
// Cost: one system call
void prefer_large_pages(const void* begin, std::size_t bytes);

// numbers.resize(n), new room being made in such pages.
void resize_in_large_pages(std::vector<double>& numbers, std::size_t n);

}  // namespace jacobench
