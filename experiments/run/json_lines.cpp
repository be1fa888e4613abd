#include "run/json_lines.hpp"

#include <ostream>
#include <string>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "options/print.hpp"

namespace jacobench::harness {

JsonLines read_json_lines(const std::filesystem::path& path, std::ostream& warnings) {
  const std::string contents = read_text_file(path);
  JsonLines lines;
  while (lines.n_bytes < contents.size()) {
    const std::size_t end = contents.find('\n', lines.n_bytes);
    const bool is_whole = end != std::string::npos;
    const bool is_last = !is_whole || end + 1 == contents.size();
    const std::string line = contents.substr(lines.n_bytes, end - lines.n_bytes);
    constexpr bool allow_exceptions = false;
    nlohmann::ordered_json value = is_whole
                                       ? nlohmann::ordered_json::parse(line, nullptr, allow_exceptions)
                                       : nlohmann::ordered_json(nlohmann::ordered_json::value_t::discarded);
    if (value.is_discarded()) {
      const std::size_t number = lines.values.size() + 1;
      if (!is_last) throw InputError("{}:{}: the line is corrupt (not JSON)", path.string(), number);
      print(warnings, "{}:{}: warning: the last line is torn and is discarded\n", path.string(), number);
      break;
    }
    lines.values.push_back(std::move(value));
    lines.n_bytes = end + 1;
  }
  return lines;
}

JsonLinesWriter::JsonLinesWriter(const std::filesystem::path& path, std::size_t n_bytes)
    : file_(path, O_WRONLY | O_CREAT | O_APPEND, "written") {
  // EINVAL: a device, which has no length.
  if (::ftruncate(file_.number(), static_cast<off_t>(n_bytes)) != 0 && errno != EINVAL) file_.fail("written");
  file_.sync();
}

void JsonLinesWriter::append(const std::vector<std::string>& lines) {
  std::string bytes;
  for (const std::string& line : lines) bytes += line + '\n';
  file_.write(bytes);
  file_.sync();
}

}  // namespace jacobench::harness
