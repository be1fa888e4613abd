// jacobench report RESULT... | FIT.json [BANDS.csv] [--out report.html] [--figure NAME]
#include <algorithm>
#include <filesystem>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/stored_results.hpp"
#include "options/message.hpp"
#include "options/print.hpp"
#include "report/fit_figures.hpp"
#include "report/png.hpp"
#include "report/result_sections.hpp"
#include "report/svg.hpp"

namespace jacobench::cli {

using namespace harness;

namespace {

struct Operands {
  std::vector<std::string> results;
  std::optional<std::string> fit, bands;
};

// Folders are results, files a fit and its bands.
Operands sorted_out(const std::vector<std::string>& operands) {
  Operands found;
  for (const std::string& operand : operands) {
    const std::string suffix = std::filesystem::path(operand).extension().string();
    if (std::filesystem::is_directory(operand) || (suffix != ".json" && suffix != ".csv")) {
      found.results.push_back(operand);
      continue;
    }
    std::optional<std::string>& place = suffix == ".json" ? found.fit : found.bands;
    if (place)
      throw InputError("report: {} and {}: one fit and one file of its bands are wanted", *place, operand);
    place = operand;
  }
  if (found.bands && !found.fit)
    throw InputError("report: {}: bands are drawn with their fit; name its fit file as well", *found.bands);
  if (operands.empty())
    throw InputError("report: nothing is given: jacobench report RESULT..., or FIT.json BANDS.csv");
  return found;
}

const Chart& chart_named(const std::string& name, const std::vector<PageSection>& sections) {
  std::vector<std::string> known;
  for (const PageSection& section : sections)
    for (const Chart& chart : section.charts) {
      if (chart.name == name) return chart;
      known.push_back(chart.name);
    }
  throw InputError("--figure: {} is none of the figures of these results; {}", in_quotes(name),
                   known.empty() ? "they have none" : suggestion(name, known));
}

std::string title_of(const std::vector<PageSection>& sections) {
  std::vector<std::string> headings;
  headings.reserve(sections.size());
  for (const PageSection& section : sections) headings.push_back(section.heading);
  return "jacobench: " + joined(headings, ", ");
}

}  // namespace

int report_command(const Invocation& invocation) {
  std::optional<std::string> figure, out_name;
  OptionTable own;
  own.add("out", "file to write, or -: printed; a page, and of one figure a picture, .svg or .png", out_name,
          value_or("report.html", text()));
  own.add("figure", "the one figure to draw, by its name on the page", figure, value_or("all", text()));
  const auto operands = read_operands(invocation, "report", {&own});
  if (!operands) return all_well;
  const Operands given = sorted_out(*operands);
  const std::string name = out_name.value_or(figure ? *figure + ".svg" : "report.html");
  const std::string suffix = std::filesystem::path(name).extension().string();
  const bool is_png = suffix == ".png";
  if (figure && name != "-" && !is_png && suffix != ".svg")
    throw InputError("--out: {} is neither .svg nor .png, which a figure is written as", in_quotes(name));
  if (!figure && (is_png || suffix == ".svg"))
    throw InputError("--out: {} is a picture; name the one to draw with --figure, or write a page, .html",
                     in_quotes(name));

  std::vector<PageSection> sections;
  if (!given.results.empty())
    sections = sections_of(read_results(invocation, "report", given.results), invocation.experiments);
  if (given.fit)
    sections.push_back(
        fit_section(read_fit(*given.fit),
                    given.bands ? std::optional<std::filesystem::path>(*given.bands) : std::nullopt));
  Output output("out", name, *operands, invocation.out);
  if (figure) {
    std::ostringstream svg;
    write_svg(svg, chart_named(*figure, sections));
    output.stream() << (is_png ? png_of(svg.str()) : svg.str());
  } else {
    write_page(output.stream(), title_of(sections), sections);
  }
  output.commit();
  return all_well;
}

}  // namespace jacobench::cli
