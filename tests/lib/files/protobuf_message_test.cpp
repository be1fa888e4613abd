#include "jacobench/files/protobuf_message.hpp"

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

using std::string_literals::operator""s;

// The examples of Protocol Buffers, Encoding: a: 150 as field 1, "testing" as field 2; and a double and a float.
TEST(ProtobufMessage, HasTheFieldsThatTheFormatSays) {
  const std::string bytes =
      "\x08\x96\x01"s + "\x12\x07testing"s + "\x19\0\0\0\0\0\0\xf0\x3f"s + "\x25\0\0\x80\x3f"s;
  ProtobufMessage message(bytes);
  auto field = message.next();
  EXPECT_EQ(field->number, 1U);
  EXPECT_EQ(field->value, 150U);
  field = message.next();
  EXPECT_EQ(field->number, 2U);
  EXPECT_EQ(field->text(), "testing");
  field = message.next();
  EXPECT_EQ(field->number, 3U);
  EXPECT_EQ(field->value, 0x3ff0000000000000U);  // 1.0
  field = message.next();
  EXPECT_EQ(field->number, 4U);
  EXPECT_EQ(field->value, 0x3f800000U);  // 1.0f
  EXPECT_FALSE(message.next());
}

TEST(ProtobufMessage, EndsWithinNoField) {
  for (const std::string& bytes :
       {"\x08"s, "\x08\x96"s, "\x12\x07test"s, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, "\x19\0\0\0"s,
        "\x25\0"s, "\x0b"s, "\x00\x00"s, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s})
    EXPECT_THROW(ProtobufMessage(bytes).next(), InputError) << bytes.size();
}

TEST(ProtobufMessage, PackedNumbersAreOneAfterTheOther) {
  EXPECT_EQ(packed_varints("\x03\x8e\x02\x9e\xa7\x05"), (std::vector<std::int64_t>{3, 270, 86942}));
  EXPECT_EQ(packed_varints("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), (std::vector<std::int64_t>{-1}));
  EXPECT_EQ(packed_numbers<float>("\0\0\x80\x3f\0\0\0\xc0"s), (std::vector<float>{1, -2}));
  EXPECT_THROW(packed_varints("\x8e"), InputError);
  EXPECT_THROW(packed_varints(std::string(11, '\xff')), InputError);
  EXPECT_THROW(packed_numbers<double>("1234567"), InputError);
}

}  // namespace
}  // namespace jacobench
