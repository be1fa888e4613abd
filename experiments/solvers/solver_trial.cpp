// Runs one solver from every start of a file and prints one JSON line a start, or one of all starts together:
//   jacobench_solver_trial SOLVER --data DATA.csv --outputs y --hidden 5 --decay 0.01 --starts STARTS.csv
// A start is a row of STARTS.csv, whose columns are the parameters in the order of network/perceptron.hpp.
// scripts/compare_solvers calls this; processor time is the solver's, making its workspace and standardising included.
#include <exception>
#include <iostream>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/csv.hpp"
#include "jacobench/fit/fit.hpp"

#include "options/options.hpp"
#include "run/build_info.hpp"
#include "solvers/solver.hpp"

namespace {

using namespace jacobench;
using namespace jacobench::solvers;
using Json = nlohmann::ordered_json;

struct Request {
  std::string data, starts;
  std::vector<std::string> inputs, outputs{"y"};
  harness::Shape hidden{4};
  Activation activation = Activation::logistic;
  double decay = 0;
  bool decay_biases = true;
  std::optional<std::int64_t> max_iterations;
  double seconds = 60;
  bool list = false;

  harness::OptionTable options() {
    using namespace harness;
    OptionTable t;
    t.add("data", "CSV file, fitted as it stands", data, text());
    t.add("starts", "CSV file, a start in each row", starts, text());
    t.add("inputs", "columns that are inputs", inputs, list_of(text()));
    t.add("outputs", "columns that are outputs", outputs, list_of(text()));
    t.add("hidden", "hidden widths, from the inputs up", hidden, shape(1, 10'000));
    t.add("activation", "activation of the hidden layers", activation,
          one_of(activation_table(), &ActivationInfo::id));
    t.add("decay", "k of the penalty k |theta|^2", decay, real_number(0, 1e300));
    t.add("decay_biases", "whether biases are penalised too", decay_biases, yes_or_no());
    t.add("max_iterations", "of each start; auto: the solver's own", max_iterations,
          value_or("auto", whole_number(1, 1'000'000)));
    t.add("seconds", "processor time after which a start is given up", seconds, real_number(0, 1e9));
    t.add_flag("list", "prints the solvers of this build and what it was built with instead", list);
    return t;
  }
};

Problem read_problem(const Request& request) {
  Problem problem{
      .network = make_perceptron({.n_inputs = static_cast<Index>(request.inputs.size()),
                                  .hidden = {request.hidden.begin(), request.hidden.end()},
                                  .n_outputs = static_cast<Index>(request.outputs.size()),
                                  .activation = request.activation}),
      .data = {.X = read_csv(request.data, request.inputs), .Y = read_csv(request.data, request.outputs)}};
  if (request.decay > 0)
    problem.decay = equal_decay(problem.network, request.decay,
                                request.decay_biases ? DecayOf::weights_and_biases : DecayOf::weights);
  check_dataset(problem.data, problem.network,
                {.source = request.data, .inputs = request.inputs, .outputs = request.outputs});
  return problem;
}

Json trial(const SolverInfo& solver, const Problem& problem, const Matrix& starts, const Limits& limits) {
  const double begun = cpu_seconds();
  try {
    const Trial trial = solver.run(problem, starts, limits);
    const double seconds = cpu_seconds() - begun;
    Json row{{"status", "ok"},
             {"objective", objective(problem, trial.theta)},
             {"steps", trial.n_steps},
             {"cpu_s", seconds},
             {"stop", trial.stop},
             {"settled", trial.is_settled},
             {"theta", std::vector<double>(trial.theta.begin(), trial.theta.end())}};
    if (trial.n_evaluations) row["evaluations"] = *trial.n_evaluations;
    if (trial.n_jacobians) row["jacobians"] = *trial.n_jacobians;
    return row;
  } catch (const std::exception& error) {
    return {{"status", "failed"}, {"reason", error.what()}, {"cpu_s", cpu_seconds() - begun}};
  }
}

Json solvers_and_build() {
  const harness::BuildInfo& build = harness::build_info();
  Json solvers = Json::object(), libraries = Json::object();
  for (const SolverInfo& solver : solver_table()) solvers[std::string(solver.name)] = solver.summary;
  for (const harness::LibraryVersion& library : build.libraries)
    if (!library.version.empty()) libraries[std::string(library.name)] = library.version;
  if (!gsl_version().empty()) libraries["GSL"] = gsl_version();
  return {{"solvers", solvers},
          {"program",
           {{"version", build.version},
            {"commit", build.commit},
            {"tree_state", build.tree_state},
            {"compiler", build.compiler},
            {"flags", build.flags},
            {"build_type", build.build_type},
            {"libraries", libraries}}}};
}

int run(std::span<const std::string> arguments) {
  Request request;
  harness::OptionTable options = request.options();
  const auto operands = harness::assign_command_line(arguments, {&options});
  if (request.list) {
    std::cout << solvers_and_build().dump() << '\n';
    return 0;
  }
  if (operands.size() != 1) throw InputError("a solver is wanted; --list names them\n{}", options.help());
  const SolverInfo& solver = find_solver(operands.front());
  const Problem problem = read_problem(request);
  const Matrix starts = read_csv(request.starts, csv_columns(request.starts)).transpose();
  if (starts.rows() != problem.network.n_params())
    throw InputError("{}: has {} columns, the network {} parameters", request.starts, starts.rows(),
                     problem.network.n_params());
  const Limits limits{.max_iterations = request.max_iterations, .cpu_seconds = request.seconds};
  const Index n_at_once = solver.from == From::one_start ? 1 : starts.cols();
  for (Index s = 0; s < starts.cols(); s += n_at_once)
    std::cout << trial(solver, problem, starts.middleCols(s, n_at_once), limits).dump() << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + (argc > 0), argv + argc));
  } catch (const std::exception& error) {
    std::cerr << "jacobench_solver_trial: " << error.what() << '\n';
    return 2;
  }
}
