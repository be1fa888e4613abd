// How a command prints its table: options that all of them share.
#pragma once

#include <optional>

#include "cli/command.hpp"
#include "report/table.hpp"
#include "report/table_view.hpp"

namespace jacobench::cli {

struct TableOptions {
  const harness::TableFormat* format = &harness::table_format_table().front();
  bool is_wide = false;
  std::optional<std::int64_t> width;
  harness::TableView view;

  // --format, --wide and --width; with_view: --columns, --where and --sort too.
  void add_to(harness::OptionTable& options, bool with_view = true);

  // The view of the table, to the invocation's output: text on a terminal in its width.
  // Errors: InputError for a view that the table does not have, with nothing written
  void write(const Invocation& invocation, const harness::RowTable& table) const;

  // To another stream, which is no terminal.
  void write(std::ostream& out, const harness::RowTable& table) const;

 private:
  void write(std::ostream& out, const harness::RowTable& table, std::optional<std::size_t> terminal) const;
};

}  // namespace jacobench::cli
