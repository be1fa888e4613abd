#include "run/record_file.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

namespace jacobench::harness {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(double) == 8,
              "the records are the bytes in memory");

constexpr std::string_view format_mark = "jacobench-records 1 ";

std::string header_line(std::size_t record_size, std::string_view group_key) {
  return fmt::format("{}{} {}\n", format_mark, record_size, group_key);
}

struct Header {
  std::size_t record_size = 0;
  std::string group_key;
  std::size_t n_bytes = 0;
};

std::optional<Header> read_header(std::string_view contents) {
  const std::size_t end = contents.find('\n');
  if (end == std::string_view::npos || !contents.starts_with(format_mark)) return std::nullopt;
  const std::string_view line = contents.substr(0, end);
  Header header{.record_size = 0, .group_key = {}, .n_bytes = end + 1};
  const auto [stop, error] =
      std::from_chars(line.data() + format_mark.size(), line.data() + line.size(), header.record_size);
  const auto blank = static_cast<std::size_t>(stop - line.data());
  if (error != std::errc() || header.record_size == 0 || blank >= line.size() || line[blank] != ' ')
    return std::nullopt;
  header.group_key = line.substr(blank + 1);
  return header;
}

// Why nothing in the file can be used for this group; empty where it can, or where nothing of any is lost.
std::string why_discarded(std::string_view contents, const std::optional<Header>& header,
                          std::size_t record_size, const std::string& group_key) {
  if (!header) return contents.find('\n') == std::string_view::npos ? "" : "is not a file of records";
  if (contents.size() - header->n_bytes < sizeof(double) * header->record_size) return "";
  if (header->group_key != group_key) return fmt::format("has the records of {}", header->group_key);
  if (header->record_size != record_size)
    return fmt::format("has records of {} numbers, want {}", header->record_size, record_size);
  return "";
}

}  // namespace

RecordFile::RecordFile(std::filesystem::path path, std::string group_key, const InterruptGuard& interrupt,
                       Progress& progress)
    : path_(std::move(path)), group_key_(std::move(group_key)), interrupt_(interrupt), progress_(progress) {}

std::vector<double> RecordFile::earlier(std::size_t record_size) {
  JB_EXPECT(!file_, "the earlier records are asked for twice");
  JB_EXPECT(record_size > 0, "records of nothing");
  record_size_ = record_size;
  try {
    return taken_up();
  } catch (const InputError&) {
    has_failed_ = true;
    throw;
  }
}

std::vector<double> RecordFile::taken_up() {
  const std::string contents = std::filesystem::exists(path_) ? read_text_file(path_) : "";
  const std::optional<Header> header = read_header(contents);
  const std::string reason = why_discarded(contents, header, record_size_, group_key_);
  if (!reason.empty())
    progress_.say(fmt::format("{}: warning: {}; they are discarded", path_.string(), reason));

  const bool is_own = header && header->group_key == group_key_ && header->record_size == record_size_;
  std::vector<double> records;
  std::size_t n_bytes = 0;
  if (is_own) {
    const std::size_t n_records = (contents.size() - header->n_bytes) / (sizeof(double) * record_size_);
    records.resize(n_records * record_size_);
    n_bytes = header->n_bytes + records.size() * sizeof(double);
    if (!records.empty())
      std::memcpy(records.data(), contents.data() + header->n_bytes, records.size() * sizeof(double));
  }
  file_.emplace(path_, O_WRONLY | O_CREAT | O_APPEND, "written");
  if (::ftruncate(file_->number(), static_cast<off_t>(n_bytes)) != 0) file_->fail("written");
  if (!is_own) file_->write(header_line(record_size_, group_key_));
  file_->sync();
  FileDescriptor(path_.parent_path(), O_RDONLY | O_DIRECTORY, "opened as a folder").sync();
  return records;
}

void RecordFile::append(std::span<const double> records) {
  JB_EXPECT(file_, "the earlier records come first");
  JB_EXPECT(records.size() % record_size_ == 0, "{} numbers are no whole records of {}", records.size(),
            record_size_);
  try {
    file_->write({reinterpret_cast<const char*>(records.data()), records.size_bytes()});
    file_->sync();
  } catch (const InputError&) {
    has_failed_ = true;
    throw;
  }
}

void RecordFile::remove() {
  std::error_code ignored;  // what is left behind is removed when the study is taken up again
  std::filesystem::remove(path_, ignored);
}

std::optional<std::string> group_key_of_records(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const std::optional<Header> header = read_header(read_text_file(path));
  return header ? std::optional(header->group_key) : std::nullopt;
}

}  // namespace jacobench::harness
