#include "jacobench/inference/interval_method.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/conformal.hpp"
#include "jacobench/inference/covariance_intervals.hpp"
#include "jacobench/inference/open_points.hpp"
#include "jacobench/inference/profile.hpp"

namespace jacobench {
namespace {

constexpr std::array interval_kinds{
    IntervalKindInfo{IntervalKind::mean, "mean", "the fitted function"},
    IntervalKindInfo{IntervalKind::prediction, "prediction", "a new observation"},
};

// Of every method. The noise of an observation to come has variance sigma^2 d^2 / w, which no method knows without w.
std::optional<std::string> why_no_prediction(const Fit& like, const IntervalOptions& options,
                                             const BandRequest& request) {
  const bool is_unknown = like.data.weights.size() > 0 && options.new_weights.size() == 0;
  if (request.kind != IntervalKind::prediction || !is_unknown) return {};
  return "the data are weighted, and the weight of a new observation is not known: give it, as a number or a "
         "column of the points";
}

void know_weights(IntervalMethod& method) {
  method.why_not = [why_not = method.why_not](const Fit& like, const IntervalOptions& options,
                                              const BandRequest& request) {
    std::optional<std::string> reason = why_not(like, options, request);
    return reason ? reason : why_no_prediction(like, options, request);
  };
}

void check_new_weights(const Vector& weights, Index n_points) {
  if (weights.size() > 1 && weights.size() != n_points)
    throw InputError("new weights: {} for {} points; give one each, or one for all", weights.size(),
                     n_points);
  for (const double weight : weights)
    if (!(weight > 0 && std::isfinite(weight)))
      throw InputError("new weight: {} is not a positive finite number", weight);
}

// Lets the method prepare no band that it says cannot be had.
void expect_possible_bands(IntervalMethod& method) {
  method.prepare = [name = method.name, why_not = method.why_not, prepare = method.prepare](
                       const Fit& like, const NewPoints& points, const IntervalOptions& options,
                       const std::vector<BandRequest>& requests) {
    for (const BandRequest& request : requests) {
      const std::optional<std::string> reason = why_not(like, options, request);
      JB_EXPECT(!reason, "{}: {}", name, *reason);
    }
    check_new_weights(options.new_weights, points.n_points());
    return prepare(like, points, options, requests);
  };
}

std::vector<IntervalMethod> make_table() {
  std::vector<IntervalMethod> table = covariance_methods();
  const std::vector<IntervalMethod> conformal{split_conformal_method(), jackknife_plus_method(),
                                              cv_plus_method()};
  for (const std::vector<IntervalMethod>& more : {bootstrap_methods(), profile_methods(), conformal})
    table.insert(table.end(), more.begin(), more.end());
  for (IntervalMethod& method : table) {
    know_weights(method);
    expect_possible_bands(method);
  }
  return table;
}

}  // namespace

void IntervalEngine::set_sigma(const Tangent& at, const Covariance& covariance) {
  sigma_ = covariance.sigma();
  dof_ = covariance.dof();
  if (at.data().output_noise == OutputNoise::shared) return;
  output_sigmas_ = covariance.output_sigmas().cwiseProduct(at.data().output_scales);
  output_dofs_ = covariance.output_dofs();
}

bool IntervalEngine::compute(Tangent& at, NewPoints& points, std::uint64_t seed) {
  open_.clear();
  if (!make_bands(at, points, seed)) return false;
  const std::vector<std::string> open = open_points(at, points, decay_);
  for (std::size_t m = 0; m < open.size(); ++m)
    if (!open[m].empty()) leave_open(static_cast<Index>(m), open[m]);
  return true;
}

void IntervalEngine::leave_open(Index m, const std::string& reason) {
  open_.resize(static_cast<std::size_t>(bands_.empty() ? m + 1 : bands_.front().lower.rows()));
  open_[static_cast<std::size_t>(m)] = reason;
  for (Band& band : bands_)
    for (Matrix* part : {&band.se, &band.lower, &band.upper})
      if (part->size() > 0) part->row(m).setConstant(std::numeric_limits<double>::quiet_NaN());
}

std::span<const IntervalKindInfo> interval_kind_table() { return interval_kinds; }

std::span<const IntervalMethod> interval_method_table() {
  static const std::vector<IntervalMethod> table = make_table();
  return table;
}

Answers answers_of(const IntervalMethod& method, const std::vector<BandRequest>& requests,
                   const IntervalOptions& how, Tangent& at, NewPoints& points, std::uint64_t seed) {
  Answers answers;
  std::vector<BandRequest> possible;
  for (const BandRequest& request : requests) {
    answers.bands.push_back({{}, method.why_not(at.fit(), how, request).value_or("")});
    if (answers.bands.back().reason.empty()) possible.push_back(request);
  }
  if (possible.empty()) return answers;
  const auto engine = method.prepare(at.fit(), points, how, possible);
  const bool has_bands = engine->compute(at, points, seed);
  auto band = engine->bands().begin();
  for (Answer& answer : answers.bands) {
    if (!answer.reason.empty()) continue;
    if (has_bands)
      answer.band = *band++;
    else
      answer.reason = engine->reason();
  }
  answers.refits = engine->refits();
  if (!has_bands) return answers;
  answers.open = engine->open();
  answers.sigma = engine->sigma();
  answers.dof = engine->dof();
  answers.output_sigmas = engine->output_sigmas();
  answers.output_dofs = engine->output_dofs();
  answers.remark = engine->remark();
  return answers;
}

const IntervalMethod& find_interval_method(std::string_view name) {
  return find_by_name(interval_method_table(), name, "interval method");
}

const IntervalMethod& default_interval_method(const Fit& like) {
  return find_interval_method(info(default_covariance(like)).name);
}

}  // namespace jacobench
