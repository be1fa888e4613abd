// jacobench gradbench: a tool for GradBench's evaluations (github.com/gradbench/gradbench, protocol in its
// CONTRIBUTING.md). Each line of standard input is a message, each but the last has a line of answer.
// scripts/gradbench_mlp says what the module mlp asks for.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/model_file.hpp"
#include "jacobench/jacobian/strategy.hpp"

#include "cli/command.hpp"

namespace jacobench::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* module_name = "mlp";

struct Work {
  Model model;
  Matrix X;
};

Work work_in(const Json& input) {
  std::istringstream text(
      Json{{"format", "jacobench-mlp"}, {"version", 1}, {"layers", input.at("layers")}}.dump());
  Model model = read_model(text, "input");
  const auto rows = input.at("x").get<std::vector<std::vector<double>>>();
  Matrix X(static_cast<Index>(rows.size()), model.network.n_inputs());
  for (std::size_t n = 0; n < rows.size(); ++n) {
    if (static_cast<Index>(rows[n].size()) != X.cols())
      throw InputError("input: x: row {} has {} numbers, want {}", n + 1, rows[n].size(), X.cols());
    X.row(static_cast<Index>(n)) = Eigen::Map<const Eigen::RowVectorXd>(rows[n].data(), X.cols());
  }
  return {std::move(model), std::move(X)};
}

// Of every run.
Json timings_of(const Json& input, const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  const auto min_runs = input.value("min_runs", std::int64_t{1});
  const std::chrono::duration<double> min_time(input.value("min_seconds", 0.0));
  Json timings = Json::array();
  Clock::duration elapsed{};
  for (std::int64_t i = 0; i < std::max<std::int64_t>(min_runs, 1) || elapsed < min_time; ++i) {
    const auto begin = Clock::now();
    run();
    const Clock::duration took = Clock::now() - begin;
    elapsed += took;
    timings.push_back({{"name", "evaluate"},
                       {"nanoseconds", std::chrono::duration_cast<std::chrono::nanoseconds>(took).count()}});
  }
  return timings;
}

// [observation][output], or [observation][output][parameter].
Json nested(const Matrix& values) {
  Json rows = Json::array();
  for (Index n = 0; n < values.rows(); ++n)
    rows.push_back(std::vector<double>(values.row(n).begin(), values.row(n).end()));
  return rows;
}
Json nested(const Matrix& J, Index n_rows) {
  Json observations = Json::array();
  for (Index n = 0; n < n_rows; ++n) {
    Json outputs = Json::array();
    for (Index row = n; row < J.rows(); row += n_rows)
      outputs.push_back(std::vector<double>(J.row(row).begin(), J.row(row).end()));
    observations.push_back(std::move(outputs));
  }
  return observations;
}

Json evaluated(const Json& message) {
  const auto function = message.at("function").get<std::string>();
  if (message.at("module") != module_name || (function != "primal" && function != "jacobian"))
    throw InputError("{} of module {}: there are primal and jacobian of {}", function,
                     message.at("module").dump(), module_name);
  const Json& input = message.at("input");
  const Work work = work_in(input);
  const Matrix& X = work.X;
  const Perceptron& network = work.model.network;
  const bool is_primal = function == "primal";
  const auto evaluator = make_evaluator({}, network, X.rows());
  Matrix result = is_primal ? Matrix(X.rows(), network.n_outputs())
                            : Matrix(X.rows() * network.n_outputs(), network.n_params());
  const Outputs outputs{.values = is_primal ? &result : nullptr, .J_y_theta = is_primal ? nullptr : &result};
  Json answer{{"success", true}};
  answer["timings"] = timings_of(input, [&] { evaluator->evaluate(work.model.theta, X, outputs); });
  answer["output"] = is_primal ? nested(result) : nested(result, X.rows());
  return answer;
}

Json answer_to(const Json& message, const std::string& kind) {
  if (kind == "start") return {{"tool", "jacobench"}};
  if (kind == "define") return {{"success", message.at("module") == module_name}};
  if (kind != "evaluate") return Json::object();
  try {
    return evaluated(message);
  } catch (const InputError& error) {
    return {{"success", false}, {"error", error.what()}};
  } catch (const Json::exception& error) {
    return {{"success", false}, {"error", error.what()}};
  }
}

}  // namespace

int gradbench_command(const Invocation& invocation) {
  const auto operands = read_operands(invocation, "gradbench", {});
  if (!operands) return all_well;
  if (!operands->empty()) throw InputError("gradbench: takes no arguments; messages come on standard input");
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    try {
      const Json message = Json::parse(line);
      const auto kind = message.at("kind").get<std::string>();
      Json answer{{"id", message.at("id")}};
      if (kind == "end") break;
      answer.update(answer_to(message, kind));
      invocation.out << answer.dump() << std::endl;
    } catch (const Json::exception&) {
      throw InputError("standard input:{}: is no message of GradBench: a JSON object with id and kind",
                       number);
    }
  }
  return all_well;
}

}  // namespace jacobench::cli
