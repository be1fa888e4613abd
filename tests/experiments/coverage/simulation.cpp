#include "simulation.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/QR>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include "options/value_text.hpp"
#include "support/entrywise.hpp"

namespace jacobench::testing {

using namespace coverage;

Truth teacher(const UniformLayers& layers, double weight_scale) {
  const Perceptron network = make_perceptron(layers);
  RandomStream stream(6, cell_number(to_string(network)), 0, RandomPurpose::parameters);
  return Model{network, draw_parameters(network, weight_scale, stream)};
}

Scenario linear_step(const UniformLayers& layers, Index n_rows, Index n_points, double weight_scale) {
  return {.truth = teacher(layers, weight_scale),
          .n_rows = n_rows,
          .law = &find_noise_law("normal"),
          .noise_sd = 0.3,
          .network = make_perceptron(layers),
          .decay = {},
          .solver = Solver::linear_step,
          .n_inside = n_points,
          .seed = 20};
}

namespace {

class ErrorsEngine final : public IntervalEngine {
 public:
  ErrorsEngine(MakeErrors make, const NewPoints& points, const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points), make_(std::move(make)), requests_(requests) {}

  bool make_bands(Tangent& at, NewPoints& points, std::uint64_t seed) override {
    Errors errors;
    reason_ = make_(at, points, seed, errors);
    if (reason_) return false;
    se_ = errors.se;
    sigma_ = errors.noise_sd;
    for (std::size_t b = 0; b < bands_.size(); ++b) {
      const bool is_mean = requests_[b].kind == IntervalKind::mean;
      const double noise_sd = is_mean ? 0 : errors.noise_sd;
      const double q = t_quantile((1 + requests_[b].level) / 2, errors.dof);
      bands_[b].se = (errors.se.array().square() + noise_sd * noise_sd).sqrt().matrix();
      bands_[b].lower = points.values() - q * bands_[b].se;
      bands_[b].upper = points.values() + q * bands_[b].se;
    }
    return true;
  }

  std::string reason() const override { return reason_; }

 private:
  const MakeErrors make_;
  const std::vector<BandRequest> requests_;
  const char* reason_ = nullptr;
};

}  // namespace

IntervalMethod method_from(const std::string& name, const MakeErrors& make) {
  return {.name = name,
          .summary = {},
          .why_not = [](const Fit&, const IntervalOptions&,
                        const BandRequest&) -> std::optional<std::string> { return {}; },
          .prepare = [make](const Fit&, const NewPoints& points, const IntervalOptions&,
                            const std::vector<BandRequest>& requests) -> std::unique_ptr<IntervalEngine> {
            return std::make_unique<ErrorsEngine>(make, points, requests);
          }};
}

Errors errors_of_delta(Tangent& at, NewPoints& points) {
  const Covariance cov = covariance(at);
  Matrix variances;
  points.get_variances(at, cov, variances);
  return {variances.cwiseSqrt().col(0), cov.sigma(), cov.dof()};
}

Simulation::Simulation(const Scenario& scenario, Intervals intervals, Index n_replicates, Index n_simulations)
    : intervals_(std::move(intervals)) {
  ReplicatePlan plan{.scenario = scenario, .strategies = {{}}, .methods = {}, .intervals = {}};
  for (const IntervalMethod& method : intervals_.methods) {
    IntervalOptions options{.dof_rule = intervals_.dof_rule, .n_simulations = n_simulations};
    if (options.dof_rule == DofRule::known_sigma) options.known_sigma = scenario.noise_sd;
    plan.methods.push_back({&method, options});
    for (const IntervalKind kind : intervals_.kinds)
      for (const double level : intervals_.levels)
        plan.intervals.push_back({plan.methods.size() - 1, intervals_.simultaneous, kind, level});
  }
  context_ = std::make_unique<ReplicateContext>(plan);
  ReplicateRunner runner(*context_);
  records_.resize(static_cast<Index>(context_->layout.size()), n_replicates);
  for (Index r = 0; r < n_replicates; ++r)
    runner.run(r, {records_.col(r).data(), context_->layout.size()}, &failures_);
}

std::size_t Simulation::interval(std::size_t method, std::size_t kind, std::size_t level) const {
  return (method * intervals_.kinds.size() + kind) * intervals_.levels.size() + level;
}

CoverageRow Simulation::row(std::size_t interval) const {
  CoverageRow row;
  Summary(*context_, records_).fill_in({0, interval, 0}, row);
  return row;
}

Measures Simulation::measures(std::size_t interval) const {
  return Summary(*context_, records_).measures_at({0, interval, 0});
}

Matrix Simulation::block(std::size_t at) const {
  return records_.middleRows(static_cast<Index>(at), context_->layout.n_points());
}

LinearModel::LinearModel(const ReplicateContext& context)
    : theta(context.start),
      J(testing::gradients_at(context.plan.scenario.network, theta, context.first_data.data().X)),
      G(testing::gradients_at(context.plan.scenario.network, theta, context.first_data.points())),
      variances(context.first_data.sd_at_rows().cwiseAbs2()) {}

Matrix LinearModel::pseudo_inverse(const Vector& K) const {
  Matrix rows(J.rows() + J.cols(), J.cols());
  rows << J, Matrix(K.cwiseSqrt().asDiagonal());
  return rows.colPivHouseholderQr().solve(Matrix::Identity(rows.rows(), J.rows()));
}

double probability_within(double q, double dof) {
  if (!std::isfinite(dof)) return 1 - 2 * cdf(boost::math::normal(), -q);
  return 1 - 2 * cdf(boost::math::students_t(dof), -q);
}

double z_for(Index n_comparisons) {
  return -quantile(boost::math::normal(), 0.0005 / static_cast<double>(n_comparisons));
}

::testing::AssertionResult agree(const Vector& observed, const Vector& exact, const Vector& se, double z) {
  return all_within(observed, exact, z * se) << fmt::format(", the bound being {:.2f} standard errors", z);
}

::testing::AssertionResult agrees(double observed, double exact, double se, double z) {
  const auto one = [](double value) { return Vector::Constant(1, value); };
  return agree(one(observed), one(exact), one(se), z);
}

::testing::AssertionResult covers(const Measures& measures, const Vector& exact, double z) {
  const auto R = static_cast<double>(measures.n_replicates);
  const Vector se = (exact.array() * (1 - exact.array()) / R).sqrt();
  return agree(measures.coverage_by_point, exact, se, z);
}

::testing::AssertionResult covers(const Measures& measures, double exact, double z) {
  return covers(measures, Vector::Constant(measures.coverage_by_point.size(), exact), z);
}

::testing::AssertionResult predicts(const Measures& measures, double exact, double z) {
  const Proportion &lowest = measures.lowest.coverage, &highest = measures.highest.coverage;
  return agree(Eigen::Vector2d(lowest.value, highest.value), Eigen::Vector2d::Constant(exact),
               Eigen::Vector2d(lowest.standard_error, highest.standard_error), z);
}

std::unique_ptr<CoverageExperiment> coverage_study(const harness::Config& config) {
  auto study = std::make_unique<CoverageExperiment>();
  harness::OptionTable options = study->options();
  for (const auto& [key, value] : config) options.assign({key, value, key});
  return study;
}

}  // namespace jacobench::testing
