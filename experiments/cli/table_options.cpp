#include "cli/table_options.hpp"

namespace jacobench::cli {

using namespace harness;

void TableOptions::add_to(OptionTable& options, bool with_view) {
  options.add("format", "how the table is written", format, one_of(table_format_table()));
  options.add_flag("wide", "show every column, on a terminal too", is_wide);
  options.add("width", "columns of text to fit it in; auto: those of the terminal, and all of it elsewhere",
              width, value_or("auto", whole_number(20, 100'000)));
  if (!with_view) return;
  options.add("columns", "what to show, in this order, by name or heading; all: everything", view.columns,
              list_or("all", text()));
  options.add_each("where", "rows to show: column=value, or column=value|value", view.where, text());
  options.add("sort", "columns to sort by, with a - before it from the largest down; none: as the rows come",
              view.sort, list_or("none", text()));
}

void TableOptions::write(const Invocation& invocation, const RowTable& table) const {
  write(invocation.out, table, invocation.width);
}

void TableOptions::write(std::ostream& out, const RowTable& table) const { write(out, table, {}); }

void TableOptions::write(std::ostream& out, const RowTable& table,
                         std::optional<std::size_t> terminal) const {
  const std::optional<std::size_t> wanted = width ? static_cast<std::size_t>(*width) : terminal;
  format->write(out, in_view(table, view), is_wide ? std::nullopt : wanted);
}

}  // namespace jacobench::cli
