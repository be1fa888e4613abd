#include "report/page.hpp"

#include <algorithm>
#include <ostream>

#include "options/print.hpp"
#include "options/value_text.hpp"
#include "report/escaped.hpp"
#include "report/page_assets.hpp"
#include "report/svg.hpp"
#include "report/table.hpp"

namespace jacobench::harness {
namespace {

// Longer texts of a table have a box of their own, which scrolls.
constexpr std::size_t longest_word = 40;

std::string dark_in(std::string_view styles) {
  constexpr std::string_view place = "DARK_CHARTS";
  std::string text(styles);
  return text.replace(text.find(place), place.size(), dark_chart_styles());
}

void write_paragraphs(std::ostream& out, const std::vector<std::string>& paragraphs) {
  for (const std::string& paragraph : paragraphs) print(out, "<p>{}</p>\n", escaped(paragraph));
}

void write_facts(std::ostream& out, const PageFacts& facts) {
  if (facts.facts.empty()) return;
  print(out, "<details{}><summary>{}</summary><dl>\n", facts.is_folded ? "" : " open",
        escaped(facts.heading));
  for (const auto& [name, value] : facts.facts)
    print(out, "<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
  out << "</dl></details>\n";
}

void write_chart(std::ostream& out, const Chart& chart) {
  print(out,
        "<figure id=\"{0}\" class=\"p{5}\" "
        "data-marks=\"{1}\">\n<figcaption><h3>{2}</h3><p>{3}</p>{4}</figcaption>\n",
        chart.name, chart.n_marks(), escaped(chart.title), escaped(chart.question),
        chart.note.empty() ? "" : "<p>" + escaped(chart.note) + "</p>", chart.panels.size());
  if (!chart.legend.empty()) {
    out << "<ul class=\"legend\">\n";
    for (const LegendEntry& entry : chart.legend)
      print(out, "<li>{}{}</li>\n", legend_svg(entry), escaped(shortened(entry.text, 200)));
    out << "</ul>\n";
  }
  out << "<div class=\"panels\">\n";
  for (const Panel& panel : chart.panels)
    out << panel_svg(panel, panel.title.empty() ? chart.title : chart.title + ": " + panel.title);
  out << "</div>\n</figure>\n";
}

std::string boxed(const std::string& text) {
  const std::string shown = escaped(text);
  return n_characters(text) > longest_word ? "<div tabindex=\"0\">" + shown + "</div>" : shown;
}

// Rounded for people, with the exact value beside it where that is another.
void write_cell(std::ostream& out, const RowTable& table, std::size_t c, const Row& row, bool is_shown) {
  const Column& column = table.columns[c];
  const Value& value = row.values[c];
  const char* shown = is_shown ? "" : "x";
  if (!is_number(value)) {
    print(out, "<td{}>{}</td>", is_shown ? "" : " class=\"x\"", boxed(exact_text(value)));
    return;
  }
  const std::string exact = exact_text(value);
  std::string text =
      column.role == ColumnRole::identity ? exact_text_for_people(value) : rounded_text(value, column.digits);
  if (column.role == ColumnRole::estimate)
    if (const auto error = number_in(row.values[column_index(table.columns, column.standard_error)]))
      text = estimate_text(*number_in(value), *error, column.digits);
  print(out, "<td class=\"n{}{}\"{}>{}</td>", is_shown ? "" : " ", shown,
        text == exact ? "" : " data-v=\"" + escaped(exact) + "\"", escaped(text));
}

// As in tables for people: columns with a heading that are not null throughout, and of the identity those that vary.
std::vector<bool> shown_columns(const RowTable& table) {
  std::vector<bool> shown;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    const auto same = [&](const Row& row) { return row.values[c] == table.rows.front().values[c]; };
    const auto null = [&](const Row& row) { return is_null(row.values[c]); };
    const bool is_constant = table.rows.size() > 1 && std::all_of(table.rows.begin(), table.rows.end(), same);
    shown.push_back(!column.heading.empty() && !std::all_of(table.rows.begin(), table.rows.end(), null) &&
                    !(column.role == ColumnRole::identity && is_constant));
  }
  return shown;
}

void write_table(std::ostream& out, const RowTable& table) {
  const std::vector<bool> shown = shown_columns(table);
  print(out,
        "<div class=\"table\"><div class=\"bar\"><input type=\"search\" placeholder=\"filter: words, or "
        "column=value\" "
        "aria-label=\"filter rows\"><label><input type=\"checkbox\"> all {} columns</label><output>{} "
        "rows</output></div>\n"
        "<div class=\"scroll\"><table><thead><tr>",
        table.columns.size(), table.rows.size());
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    const std::string heading = column.heading.empty() ? column.name : column.heading;
    print(out, "<th{} data-name=\"{}\" title=\"{}\"><button type=\"button\">{}{}</button></th>",
          shown[c] ? "" : " class=\"x\"", escaped(column.name), escaped(column.name), escaped(heading),
          column.unit.empty() ? "" : " (" + escaped(column.unit) + ")");
  }
  const bool all_ok = std::all_of(table.rows.begin(), table.rows.end(),
                                  [](const Row& row) { return row.status == RowStatus::ok; });
  const bool has_status = table.rows_have_status && !all_ok;
  if (has_status)
    for (const char* name : {"status", "reason"})
      print(out, "<th data-name=\"{0}\"><button type=\"button\">{0}</button></th>", name);
  out << "</tr></thead><tbody>\n";
  for (const Row& row : table.rows) {
    print(out, "<tr class=\"{}\">", name_of(row.status));
    for (std::size_t c = 0; c < table.columns.size(); ++c) write_cell(out, table, c, row, shown[c]);
    if (has_status) print(out, "<td>{}</td><td>{}</td>", name_of(row.status), boxed(row.reason));
    out << "</tr>\n";
  }
  out << "</tbody></table></div></div>\n";
}

void write_section(std::ostream& out, const PageSection& section, std::size_t number) {
  print(out, "<section id=\"s{}\">\n<h2>{}</h2>\n", number, escaped(section.heading));
  write_paragraphs(out, section.paragraphs);
  for (const PageFacts& facts : section.facts) write_facts(out, facts);
  out << "<div class=\"figures\">\n";
  for (const Chart& chart : section.charts) write_chart(out, chart);
  out << "</div>\n";
  if (section.table) {
    const RowTable& table = *section.table;
    if (!table.rows.empty()) write_table(out, table);
    const std::vector<std::string> notes = printed_table(table).notes;
    const std::size_t n_reasons = notes.size() - table.notes.size();
    if (n_reasons > 0) {
      out << "<details open><summary>Cells without a result</summary>\n";
      write_paragraphs(out, {notes.begin(), notes.begin() + static_cast<std::ptrdiff_t>(n_reasons)});
      out << "</details>\n";
    }
    if (!table.notes.empty()) {
      out << "<details open><summary>Notes and laws</summary>\n";
      write_paragraphs(out, table.notes);
      out << "</details>\n";
    }
  }
  out << "</section>\n";
}

}  // namespace

void write_page(std::ostream& out, const std::string& title, const std::vector<PageSection>& sections) {
  print(
      out,
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'sha256-{}'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
      page_script_hash, escaped(shortened(title, 200)), chart_styles(), dark_in(page_styles),
      escaped(shortened(title, 200)));
  out << "<nav>";
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections.size() > 1) print(out, "<a href=\"#s{}\">{}</a>", i + 1, escaped(sections[i].heading));
    for (const Chart& chart : sections[i].charts) print(out, "<a href=\"#{0}\">{0}</a>", chart.name);
  }
  out << "</nav>\n";
  for (std::size_t i = 0; i < sections.size(); ++i) write_section(out, sections[i], i + 1);
  print(out, "<div id=\"tip\" role=\"status\" hidden></div>\n<script>{}</script>\n</body>\n</html>\n",
        page_script);
}

}  // namespace jacobench::harness
