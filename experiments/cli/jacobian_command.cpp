// jacobench jacobian MODEL.json DATA.csv [--wrt parameters|inputs] [--strategy ID] [--out FILE] [--certify]
#include <chrono>
#include <ostream>
#include <utility>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/jacobian_stream.hpp"

#include "cli/command.hpp"
#include "cli/csv_options.hpp"
#include "cli/model_data.hpp"
#include "options/print.hpp"

namespace jacobench::cli {
namespace {

int report(const Invocation& invocation, const StrategyInfo& strategy, const Certificate& certificate) {
  const bool is_broken = certificate.promise == PromiseOutcome::broken;
  harness::print(
      invocation.err,
      "certified against 50 digits: largest error {:.3g} units of 2^-53 in {} ({:.17g}, reference {:.17g}), "
      "{:.2g} of the norm of its row\n",
      certificate.max_scaled, certificate.worst_entry, certificate.worst_computed,
      certificate.worst_reference, certificate.max_relative_to_row);
  if (certificate.promise == PromiseOutcome::not_promised)
    harness::print(invocation.err, "nothing is promised of {}: {}\n", strategy.name,
                   certificate.why_not_promised);
  else
    harness::print(invocation.err, "{} {} its running error bound: {:.2g} of it\n", strategy.name,
                   is_broken ? "is outside" : "keeps within", *certificate.max_over_bound);
  if (certificate.n_overflows > 0)
    harness::print(invocation.err,
                   "{} entries are beyond the range of double precision and are not certified\n",
                   certificate.n_overflows);
  return is_broken ? not_all_well : all_well;
}

}  // namespace

int jacobian_command(const Invocation& invocation) {
  Wrt wrt = Wrt::parameters;
  const StrategyInfo* strategy = &find_strategy("layerwise");
  std::optional<std::string> out;
  std::optional<std::vector<std::string>> inputs;
  std::optional<double> relative_step;
  bool certify = false;
  harness::OptionTable options;
  options.add("wrt", "what to differentiate with respect to", wrt,
              harness::one_of(wrt_table(), &WrtInfo::wrt));
  options.add("strategy", "how (jacobench list strategies)", strategy, harness::one_of(strategy_table()));
  options.add("relative_step", "step of a numeric strategy", relative_step,
              harness::value_or("auto", harness::real_number(1e-16, 1)));
  CsvDialect dialect;
  options.add("inputs",
              "columns of the data that are the inputs, in their order; auto: x0, x1, ..., or all" +
                  std::string(names_help),
              inputs, harness::value_or("auto", harness::list_of(harness::text())));
  add_csv_options(options, dialect);
  options.add("out", std::string(array_output_help), out, harness::value_or("-", harness::text()));
  options.add_flag("certify", "hold every entry against the 50-digit reference", certify);
  const auto operands = read_operands(invocation, "jacobian", {&options});
  if (!operands) return all_well;
  if (operands->size() != 2)
    throw InputError("jacobian: needs a model file and a data file (see jacobench help jacobian)");

  if (relative_step && !strategy->is_numeric())
    throw InputError("--relative_step: {} takes no step; leave it out, or choose a numeric strategy",
                     strategy->name);

  ModelData data = read_model_data(invocation, operands->at(0), operands->at(1), inputs, dialect);
  const JacobianRequest request{
      .strategy = strategy, .options = {.relative_step = relative_step}, .wrt = wrt, .certify = certify};
  std::optional<Certificate> certificate;
  const ArrayHeader header = jacobian_header(data.scaled.model.network, request.wrt, data.n_rows);
  const auto start = std::chrono::steady_clock::now();
  // What is left to do is said once, after the first batch, where there are several.
  bool is_said = !out;
  const auto tell = [&](Index n_rows) {
    if (std::exchange(is_said, true) || n_rows == data.n_rows) return;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const double share = static_cast<double>(n_rows) / static_cast<double>(data.n_rows);
    harness::print(invocation.err, "{}: {} rows of {} numbers, {:.3g} GB; about {:.2g} s\n", *out,
                   data.n_rows, header.names.size(), size_of(header, out).usual / 1e9,
                   elapsed.count() / share);
  };
  write_array(out, invocation.out, header, *operands, [&](ArrayWriter& writer) {
    certificate = write_jacobian(data.scaled, data.inputs, request, writer, tell);
  });
  return certificate ? report(invocation, *strategy, *certificate) : all_well;
}

}  // namespace jacobench::cli
