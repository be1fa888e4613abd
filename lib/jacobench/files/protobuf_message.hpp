// The fields of a protocol buffer message, read in place: as much of the format as foreign model files need.
//
// Cost:   one pass; nothing is copied. What a field refers to stays in the bytes of the message
// Errors: InputError "the message ends within a field" or the like for bytes that are no such message
// Source: Protocol Buffers, Encoding (wire types 0, 1, 2 and 5)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jacobench {

struct ProtobufField {
  std::uint64_t number;
  std::uint64_t value;     // of a varint or a fixed number, its bits
  std::string_view bytes;  // of a string, a message or packed numbers; empty otherwise

  std::string text() const { return std::string(bytes); }
};

class ProtobufMessage {
 public:
  explicit ProtobufMessage(std::string_view bytes) : rest_(bytes) {}

  // The next field, or nothing at the end.
  std::optional<ProtobufField> next();

 private:
  std::string_view take(std::uint64_t n);
  std::uint64_t take_varint();
  std::uint64_t take_fixed(std::size_t n_bytes);

  std::string_view rest_;
};

// The numbers of packed varints.
std::vector<std::int64_t> packed_varints(std::string_view bytes);

// The numbers of packed little-endian Ts, such as double.
template <class T>
std::vector<T> packed_numbers(std::string_view bytes);

}  // namespace jacobench
