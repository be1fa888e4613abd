#include "activations/activations_experiment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"

namespace jacobench::activations {
namespace {

using harness::ColumnRole;

const harness::RowSchema<ActivationRow>& schema() {
  using R = ActivationRow;
  static const harness::RowSchema<R> schema{
      {{.name = "activation", .heading = "activation", .role = ColumnRole::identity}, &R::activation},
      {{.name = "n_points", .heading = "points", .role = ColumnRole::measure}, &R::n_points},
      {{.name = "value_ulp", .heading = "value", .unit = "ulp", .role = ColumnRole::gated, .floor = 1},
       &R::value_ulp},
      {{.name = "value_bound", .heading = "bound", .unit = "ulp", .role = ColumnRole::measure},
       &R::value_bound},
      {{.name = "value_at", .heading = "worst at", .role = ColumnRole::measure, .digits = 6}, &R::value_at},
      {{.name = "derivative_ulp",
        .heading = "derivative",
        .unit = "ulp",
        .role = ColumnRole::gated,
        .floor = 1},
       &R::derivative_ulp},
      {{.name = "derivative_bound", .heading = "bound", .unit = "ulp", .role = ColumnRole::measure},
       &R::derivative_bound},
      {{.name = "derivative_at", .heading = "worst at", .role = ColumnRole::measure, .digits = 6},
       &R::derivative_at},
      {{.name = "second_derivative_ulp",
        .heading = "second der.",
        .unit = "ulp",
        .role = ColumnRole::gated,
        .floor = 1},
       &R::second_derivative_ulp},
      {{.name = "error_over_promise", .heading = "/ promise", .role = ColumnRole::promise, .digits = 2},
       &R::error_over_promise},
      {{.name = "octaves", .role = ColumnRole::series}, &R::octaves},
      {{.name = "value_by_octave", .unit = "ulp", .role = ColumnRole::series}, &R::value_by_octave},
      {{.name = "derivative_by_octave", .unit = "ulp", .role = ColumnRole::series}, &R::derivative_by_octave},
      {{.name = "second_derivative_by_octave", .unit = "ulp", .role = ColumnRole::series},
       &R::second_derivative_by_octave},
  };
  return schema;
}

// Of an error and its bound; where the bound is 0 (the result is exact) any error is beyond it.
double over_bound(double error, double bound) {
  if (error == 0) return 0;
  return bound > 0 ? error / bound : std::numeric_limits<double>::max();
}

std::string series_of(const std::vector<OctaveUlp>& octaves, double OctaveUlp::*part, int digits) {
  std::vector<std::string> numbers;
  numbers.reserve(octaves.size());
  for (const OctaveUlp& octave : octaves) numbers.push_back(fmt::format("{:.{}g}", octave.*part, digits));
  return joined(numbers, " ");
}

}  // namespace

ActivationsExperiment::ActivationsExperiment() : activations_(harness::every_row(activation_table())) {}

harness::OptionTable ActivationsExperiment::options() {
  harness::OptionTable table;
  table.add("seed", "seed of the places in each octave", seed_,
            harness::whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()));
  table.add("grid.points_per_octave", "points of each sign between one power of two and the next",
            points_per_octave_, harness::whole_number(1, 10'000));
  table.add("activations", "activations to measure", activations_,
            harness::list_of(harness::one_of(activation_table())));
  return table;
}

const harness::ColumnList& ActivationsExperiment::columns() const { return schema().columns(); }

std::vector<harness::Row> ActivationsExperiment::cells() {
  std::vector<harness::Row> rows;
  for (const ActivationInfo* activation : activations_) {
    ActivationRow row;
    row.activation = activation->name;
    rows.push_back(schema().to_cell(row));
  }
  return rows;
}

harness::Row ActivationsExperiment::run_cell(std::size_t index) {
  const ActivationInfo& phi = *activations_[index];
  const ActivationAccuracy measured = measure_activation(phi.id, activation_grid(points_per_octave_, seed_));
  ActivationRow row;
  row.activation = phi.name;
  row.n_points = measured.n_points;
  row.value_ulp = measured.value.ulp;
  row.value_at = measured.value.at;
  row.value_bound = phi.value_ulp;
  row.derivative_ulp = measured.derivative.ulp;
  row.derivative_at = measured.derivative.at;
  row.derivative_bound = phi.derivative_ulp;
  row.second_derivative_ulp = measured.second_derivative.ulp;
  row.error_over_promise = std::max(over_bound(measured.value.ulp, phi.value_ulp),
                                    over_bound(measured.derivative.ulp, phi.derivative_ulp));
  row.octaves = series_of(measured.by_octave, &OctaveUlp::from, 17);
  row.value_by_octave = series_of(measured.by_octave, &OctaveUlp::value, 3);
  row.derivative_by_octave = series_of(measured.by_octave, &OctaveUlp::derivative, 3);
  row.second_derivative_by_octave = series_of(measured.by_octave, &OctaveUlp::second_derivative, 3);
  return schema().to_row(row);
}

std::vector<harness::Figure> ActivationsExperiment::figures() const {
  using namespace harness;
  return {
      {.name = "ulp",
       .title = "Largest error of each activation over the whole double range",
       .question = "Of the value, its first and its second derivative; lines lead up to what is promised "
                   "of the first two.",
       .x = {.column = "activation", .scale = Scale::each},
       .y = {.column = "value_ulp", .title = "largest error (ulp)", .takes_zero = true},
       .layers = {{.bounds = {.low = "value_ulp", .high = "value_bound", .label = "up to the bound"},
                   .label = "value"},
                  {.y = "derivative_ulp",
                   .bounds = {.low = "derivative_ulp", .high = "derivative_bound"},
                   .label = "derivative"},
                  {.y = "second_derivative_ulp", .label = "second derivative"}}},
      {.name = "ulp_by_argument",
       .title = "Error of each activation over its argument",
       .question = "The largest in each octave of either sign; all that is nearer to 0, or further from it, "
                   "than the axis goes is in the octave at its end.",
       .unfolding = {.places = "octaves",
                     .series = {{"value", "value_by_octave", "value_bound"},
                                {"derivative", "derivative_by_octave", "derivative_bound"},
                                {"second derivative", "second_derivative_by_octave", ""}}},
       .x = {.column = "place",
             .title = "argument",
             .scale = Scale::signed_log,
             .least = std::ldexp(1.0, least_octave - 1)},
       .y = {.column = "value", .title = "error (ulp)", .takes_zero = true},
       .layers = {{.mark = Mark::line},
                  {.mark = Mark::line, .y = "bound", .label = "certified bound", .dashed = true}},
       .colours = {"series"},
       .panels = {"activation"},
       .has_own_axes = true}};
}

}  // namespace jacobench::activations
