#include "run/record_file.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"

namespace jacobench::harness {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(double) == 8,
              "the records are the bytes in memory");

constexpr std::string_view format_mark = "jacobench-records 2 ";
constexpr std::string_view name_begin = "partial-", name_end = ".records";

std::string header_line(const RecordsOf& whose) {
  return fmt::format("{}{} {}\n", format_mark, whose.size, whose.group_key);
}

// Of a line without its end.
std::optional<RecordsOf> read_header(std::string_view line) {
  if (!line.starts_with(format_mark)) return std::nullopt;
  RecordsOf header;
  const auto [stop, error] =
      std::from_chars(line.data() + format_mark.size(), line.data() + line.size(), header.size);
  const auto blank = static_cast<std::size_t>(stop - line.data());
  if (error != std::errc() || header.size == 0 || blank >= line.size() || line[blank] != ' ')
    return std::nullopt;
  header.group_key = line.substr(blank + 1);
  return header;
}

// Why nothing in a file that begins with this line can be used.
std::string why_discarded(const std::string& line, const RecordsOf& whose) {
  const std::optional<RecordsOf> header = read_header(line);
  if (!header) return "is not a file of records";
  if (header->group_key != whose.group_key) return fmt::format("has the records of {}", header->group_key);
  if (header->size != whose.size)
    return fmt::format("has records of {} numbers, want {}", header->size, whose.size);
  return "";
}

// Of the number and the doubles: a file system that lost part of a write, or let two processes write at once, shows in
// it.
// Source: FNV-1a (Fowler, Noll and Vo), over words in place of bytes
std::uint64_t checksum(std::span<const char> bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof sum) {
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes[at], sizeof word);
    sum = (sum ^ word) * 0x100000001b3;
  }
  return sum;
}

FileDescriptor opened(const std::filesystem::path& path) {
  return {path, O_WRONLY | O_CREAT | O_APPEND, "written"};
}

}  // namespace

std::filesystem::path record_file_path(const std::filesystem::path& folder, std::size_t first_cell) {
  return folder / fmt::format("{}{}{}", name_begin, first_cell + 1, name_end);
}

std::size_t read_records(const std::filesystem::path& path, const RecordsOf& whose,
                         const std::function<void(std::int64_t, std::span<const double>)>& visit,
                         const std::function<void(const std::string&)>& warn) {
  if (!std::filesystem::exists(path)) return 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError("{}: cannot be read", path.string());
  std::string line;
  if (!std::getline(file, line) || file.eof()) return 0;  // torn within its first line
  if (const std::string reason = why_discarded(line, whose); !reason.empty()) {
    if (file.peek() != std::ifstream::traits_type::eof())
      warn(fmt::format("{}: warning: {}; they are discarded", path.string(), reason));
    return 0;
  }
  std::size_t n_bytes = line.size() + 1;
  std::vector<double> record(whose.size);
  std::vector<char> entry(sizeof(double) * (2 + whose.size));
  while (file.read(entry.data(), static_cast<std::streamsize>(entry.size()))) {
    std::int64_t number = 0;
    std::uint64_t sum = 0;
    const std::size_t n_summed = entry.size() - sizeof sum;
    std::memcpy(&number, entry.data(), sizeof number);
    std::memcpy(record.data(), entry.data() + sizeof number, sizeof(double) * whose.size);
    std::memcpy(&sum, entry.data() + n_summed, sizeof sum);
    if (sum != checksum(std::span(entry).first(n_summed))) {
      warn(fmt::format("{}: warning: is damaged from byte {} on; what follows is discarded", path.string(),
                       n_bytes));
      break;
    }
    visit(number, record);
    n_bytes += entry.size();
  }
  return n_bytes;
}

RecordFile::RecordFile(std::filesystem::path path, const RecordsOf& whose, std::size_t n_bytes)
    : path_(std::move(path)), size_(whose.size), file_(opened(path_)) {
  if (::ftruncate(file_.number(), static_cast<off_t>(n_bytes)) != 0) file_.fail("written");
  if (n_bytes == 0) file_.write(header_line(whose));
  file_.sync();
  FileDescriptor(path_.parent_path(), O_RDONLY | O_DIRECTORY, "opened as a folder").sync();
}

void RecordFile::append(std::int64_t first, std::span<const double> records) {
  JB_EXPECT(records.size() % size_ == 0, "{} numbers are no whole records of {}", records.size(), size_);
  // In parts that a cache holds.
  constexpr std::size_t part = 256 << 10;
  std::string bytes;
  bytes.reserve(part + sizeof(double) * (size_ + 2));
  for (std::size_t at = 0; at < records.size(); at += size_, ++first) {
    const std::size_t begin = bytes.size();
    bytes.append(reinterpret_cast<const char*>(&first), sizeof first);
    bytes.append(reinterpret_cast<const char*>(&records[at]), sizeof(double) * size_);
    const std::uint64_t sum = checksum(std::span(bytes).subspan(begin));
    bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
    if (bytes.size() < part) continue;
    file_.write(bytes);
    bytes.clear();
  }
  file_.write(bytes);
}

std::vector<std::size_t> groups_with_records(const std::filesystem::path& folder) {
  std::vector<std::size_t> groups;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(name_begin) || !name.ends_with(name_end)) continue;
    std::size_t number = 0;
    const char* end = name.data() + name.size() - name_end.size();
    const auto [stop, error] = std::from_chars(name.data() + name_begin.size(), end, number);
    if (error == std::errc() && stop == end && number > 0) groups.push_back(number - 1);
  }
  return groups;
}

}  // namespace jacobench::harness
