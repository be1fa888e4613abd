#include "jacobench/files/text_lines.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include <iconv.h>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view utf8 = "UTF-8", byte_order_mark = "\xEF\xBB\xBF";

struct Beginning {
  std::string_view bytes, encoding;
};

// The longer marks first.
constexpr Beginning marks[] = {{"\xFF\xFE\0\0"sv, "UTF-32LE"},
                               {"\0\0\xFE\xFF"sv, "UTF-32BE"},
                               {"\xFF\xFE"sv, "UTF-16LE"},
                               {"\xFE\xFF"sv, "UTF-16BE"}};

std::string encoding_of(std::string_view beginning) {
  for (const Beginning& mark : marks)
    if (beginning.starts_with(mark.bytes)) return std::string(mark.encoding);
  if (beginning.size() >= 2 &&
      (beginning[0] == 0) != (beginning[1] == 0))  // no text in UTF-8 has a zero byte
    return beginning[0] == 0 ? "UTF-16BE" : "UTF-16LE";
  return std::string(utf8);
}

}  // namespace

void TextLines::CloseConverter::operator()(void* converter) const { ::iconv_close(converter); }

TextLines::TextLines(const std::filesystem::path& file, const std::optional<std::string>& encoding)
    : name_(file.string()), file_(file), is_named_(encoding.has_value()) {
  read_block();
  encoding_ = encoding ? *encoding : encoding_of(raw_);
  const iconv_t converter = ::iconv_open(utf8.data(), encoding_.c_str());
  // The sentinel of POSIX, (iconv_t)-1, as the number that it is.
  if (reinterpret_cast<std::intptr_t>(converter) == -1)
    throw InputError("--encoding: {} is not known; iconv --list names those that are", encoding_);
  converter_.reset(converter);
  decode();
  if (text_.starts_with(byte_order_mark)) begin_ = byte_order_mark.size();
}

bool TextLines::next(std::string& line) {
  line.clear();
  bool is_there = false;
  while (has_text()) {
    if (std::exchange(after_return_, false) && text_[begin_] == '\n') {
      ++begin_;
      continue;
    }
    is_there = true;
    const std::size_t end = text_.find_first_of("\r\n", begin_);
    line.append(text_, begin_, end - begin_);
    begin_ = end == std::string::npos ? text_.size() : end + 1;
    if (end == std::string::npos) continue;
    after_return_ = text_[end] == '\r';
    break;
  }
  if (is_there) ++number_;
  return is_there;
}

// Whether there is a character that is not used, reading on where there is none.
bool TextLines::has_text() {
  while (begin_ == text_.size()) {
    text_.clear();
    begin_ = 0;
    if (!read_block()) {
      if (!raw_.empty()) refuse_bytes(raw_.size());
      return false;
    }
    decode();
  }
  return true;
}

bool TextLines::read_block() {
  std::array<char, 65536> block;
  const std::size_t n_read = file_.read(block);
  n_bytes_read_ += static_cast<std::int64_t>(n_read);
  raw_.append(block.data(), n_read);
  return n_read > 0;
}

// Appends to text_ what raw_ has of whole characters.
void TextLines::decode() {
  std::array<char, 65536> block;
  char* from = raw_.data();
  std::size_t n_left = raw_.size();
  while (n_left > 0) {
    char* to = block.data();
    std::size_t n_free = block.size();
    const bool is_done =
        ::iconv(converter_.get(), &from, &n_left, &to, &n_free) != static_cast<std::size_t>(-1);
    const int problem = errno;
    text_.append(block.data(), block.size() - n_free);
    if (is_done || problem == E2BIG) continue;
    if (problem == EINVAL) break;  // the character goes on in the next block
    refuse_bytes(n_left);
  }
  raw_.erase(0, raw_.size() - n_left);
}

void TextLines::refuse_bytes(std::size_t n_left) const {
  throw InputError("{}: byte {} is not text in {}; {}", name_,
                   n_bytes_read_ - static_cast<std::int64_t>(n_left) + 1, encoding_,
                   is_named_ ? "name another encoding with --encoding"
                             : "--encoding windows-1252 reads what many programs write, or name another");
}

}  // namespace jacobench
