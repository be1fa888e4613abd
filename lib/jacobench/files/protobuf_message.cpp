#include "jacobench/files/protobuf_message.hpp"

#include <cstring>

#include "jacobench/base/errors.hpp"

namespace jacobench {

std::string_view ProtobufMessage::take(std::uint64_t n) {
  if (n > rest_.size()) throw InputError("the message ends within a field");
  const std::string_view taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

std::uint64_t ProtobufMessage::take_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1).front());
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  throw InputError("a number has more than 64 bits");
}

std::uint64_t ProtobufMessage::take_fixed(std::size_t n_bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, take(n_bytes).data(), n_bytes);
  return value;
}

std::optional<ProtobufField> ProtobufMessage::next() {
  if (rest_.empty()) return {};
  const std::uint64_t key = take_varint();
  ProtobufField field{.number = key >> 3, .value = 0, .bytes = {}};
  switch (key & 7) {
    case 0:
      field.value = take_varint();
      break;
    case 1:
      field.value = take_fixed(8);
      break;
    case 2:
      field.bytes = take(take_varint());
      break;
    case 5:
      field.value = take_fixed(4);
      break;
    default:
      throw InputError("a field is of no kind that is known");
  }
  if (field.number == 0) throw InputError("a field has the number 0");
  return field;
}

std::vector<std::int64_t> packed_varints(std::string_view bytes) {
  std::vector<std::int64_t> numbers;
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (shift >= 64) throw InputError("a number has more than 64 bits");
    value |= std::uint64_t{byte & 0x7fU} << shift;
    shift += 7;
    if (byte >= 0x80) continue;
    numbers.push_back(static_cast<std::int64_t>(value));
    value = shift = 0;
  }
  if (shift != 0) throw InputError("the message ends within a number");
  return numbers;
}

template <class T>
std::vector<T> packed_numbers(std::string_view bytes) {
  if (bytes.size() % sizeof(T) != 0) throw InputError("the message ends within a number");
  std::vector<T> numbers(bytes.size() / sizeof(T));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

template std::vector<float> packed_numbers(std::string_view);
template std::vector<double> packed_numbers(std::string_view);

}  // namespace jacobench
