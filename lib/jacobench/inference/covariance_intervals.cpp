#include "jacobench/inference/covariance_intervals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void check_options(const Fit& like, const IntervalOptions& options) {
  const Matrix& Sx = options.input_noise;
  const Index D = like.network.n_inputs();
  if (Sx.size() > 0 && (Sx.rows() != D || Sx.cols() != D || !Sx.isApprox(Sx.transpose()) ||
                        !(Sx.selfadjointView<Eigen::Lower>().ldlt().vectorD().array() >= 0).all()))
    throw InputError("input noise: not a covariance matrix of {} inputs (symmetric, no negative variance)",
                     D);
}

std::optional<std::string> why_not(CovarianceKind kind, const Fit& like, const BandRequest& request) {
  if (info(kind).decay == Decay::needed && !like.has_decay()) return no_decay_reason(kind);
  if (request.simultaneous == Simultaneous::scheffe && request.sides != Sides::both)
    return "scheffe bands are two-sided; for one side take bonferroni or sup_t";
  return {};
}

class CovarianceEngine final : public IntervalEngine {
 public:
  CovarianceEngine(CovarianceKind kind, const Fit& like, const NewPoints& points,
                   const IntervalOptions& options, const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points, decay_reading(kind)),
        options_(options),
        requests_(requests),
        covariance_(options.covariance(kind)) {
    check_options(like, options);
    for (const BandRequest& request : requests) {
      check_level(request.level);
      const double n_beyond = static_cast<double>(options.n_simulations + 1) * (1 - request.level);
      if (request.simultaneous == Simultaneous::sup_t && n_beyond < 1)
        throw InputError("simulations: {} are too few for level {}; 20000 are usual", options.n_simulations,
                         request.level);
    }
  }

  bool make_bands(Tangent& at, NewPoints& points, std::uint64_t seed) override {
    reason_ = nullptr;
    if (!covariance_.compute(at)) return false;
    set_sigma(at, covariance_);
    if (!points.get_variances(at, covariance_, of_fit_)) {
      reason_ =
          "LSMR did not come near enough to say how wide they are: take the form dual, or a larger decay";
      return false;
    }
    const double error_of_trace = covariance_.forms() ? covariance_.forms()->trace_h().standard_error : 0;
    remark_ = error_of_trace > 0
                  ? fmt::format(
                        "s is from n - tr H by random signs, tr H = {:.6g} +- {:.2g}: widths are known "
                        "to {:.2g} %",
                        covariance_.trace_h(), error_of_trace, 50 * error_of_trace / covariance_.dof())
                  : "";
    if (options_.input_noise.size() > 0)
      points.get_input_noise_variances(at, options_.input_noise, of_inputs_);
    else
      of_inputs_.setZero(of_fit_.rows(), of_fit_.cols());
    is_finite_ = points.values().allFinite() && of_fit_.allFinite() && of_inputs_.allFinite();
    if (!is_finite_ && wants_sup_t()) {
      reason_ = "the fitted function is not finite at all points, which sup_t takes together";
      return false;
    }
    se_ = (of_fit_ + of_inputs_).cwiseSqrt();
    for (std::size_t i = 0; i < requests_.size(); ++i) make_band(at, points, requests_[i], seed, bands_[i]);
    for (Index m = 0; !is_finite_ && m < points.n_points(); ++m)
      if (!points.values().row(m).allFinite() || !se_.row(m).allFinite())
        leave_open(m, "the fitted function or its derivative is not finite here");
    return true;
  }

  std::string reason() const override { return reason_ ? reason_ : covariance_.reason(); }

 private:
  void make_band(Tangent& at, NewPoints& points, const BandRequest& request, std::uint64_t seed, Band& band) {
    own_ = of_inputs_;
    if (request.kind == IntervalKind::prediction)
      for (Index k = 0; k < own_.cols(); ++k) {
        const double d = at.data().output_scales.size() > 0 ? at.data().output_scales[k] : 1;
        for (Index m = 0; m < own_.rows(); ++m)
          own_(m, k) += sigma_ * sigma_ * d * d / options_.new_weight(m);
      }
    band.se = (of_fit_ + own_).cwiseSqrt();
    set_multipliers(at, points, request, seed, band.multiplier);
    half_ = band.se * q_.asDiagonal();
    if (request.sides == Sides::upper)
      band.lower.setConstant(-infinity);
    else
      band.lower = points.values() - half_;
    if (request.sides == Sides::lower)
      band.upper.setConstant(infinity);
    else
      band.upper = points.values() + half_;
  }

  // One for each output; what holds at all points at once has the degrees of freedom of the output with the fewest.
  void set_multipliers(Tangent& at, NewPoints& points, const BandRequest& request, std::uint64_t seed,
                       Multiplier& last) {
    const Vector& dofs = covariance_.output_dofs();
    q_.resize(dofs.size());
    for (Index k = 0; k < q_.size(); ++k) {
      const double dof = request.simultaneous == Simultaneous::none ? dofs[k] : dofs.minCoeff();
      const bool is_as_before = k > 0 && (request.simultaneous != Simultaneous::none || dof == dofs[k - 1]);
      if (!is_as_before) last = multiplier(at, points, request, dof, seed);
      q_[k] = last.value;
    }
  }

  Multiplier multiplier(Tangent& at, NewPoints& points, const BandRequest& request, double dof,
                        std::uint64_t seed) {
    const Index n_intervals = own_.size();
    if (request.simultaneous == Simultaneous::sup_t)
      return sup_t_multiplier({covariance_.factor_of(points.gradients(at)), own_.reshaped()}, request.sides,
                              request.level, dof, options_.n_simulations, seed);
    const auto r = static_cast<double>(n_directions(request, n_intervals));
    return {multipliers_.of(request.simultaneous, request.sides, request.level, n_intervals, r, dof), 0};
  }

  // Of the errors that scheffe bounds: those of the estimate, for the mean at all points there are; what each interval
  // has to itself adds one an interval, and then the intervals of the call are all there are.
  Index n_directions(const BandRequest& request, Index n_intervals) const {
    const bool errs_as_the_estimate = request.kind == IntervalKind::mean && options_.input_noise.size() == 0;
    return errs_as_the_estimate ? covariance_.rank_of_errors() : n_intervals;
  }

  bool wants_sup_t() const {
    return std::any_of(requests_.begin(), requests_.end(), [](const BandRequest& request) {
      return request.simultaneous == Simultaneous::sup_t;
    });
  }

  const IntervalOptions options_;
  const std::vector<BandRequest> requests_;
  Covariance covariance_;
  Multipliers multipliers_;
  Vector q_;     // [K]
  Matrix half_;  // widths
  Matrix of_fit_, of_inputs_,
      own_;  // variances [M x K]; own: what each estimate or observation has to itself
  bool is_finite_ = true;
  const char* reason_ = nullptr;
};

}  // namespace

std::vector<IntervalMethod> covariance_methods() {
  std::vector<IntervalMethod> methods;
  for (const CovarianceInfo& covariance : covariance_table()) {
    const CovarianceKind kind = covariance.kind;
    methods.push_back(
        {.name = std::string(covariance.name),
         .summary = std::string(covariance.summary),
         .formula = fmt::format("f -+ t sqrt(g' V g), {}", covariance.formula),
         .source = std::string(covariance.source),
         .why_not = [kind](const Fit& like, const IntervalOptions&,
                           const BandRequest& request) { return why_not(kind, like, request); },
         .prepare = [kind](const Fit& like, const NewPoints& points, const IntervalOptions& options,
                           const std::vector<BandRequest>& requests) -> std::unique_ptr<IntervalEngine> {
           return std::make_unique<CovarianceEngine>(kind, like, points, options, requests);
         },
         .covariance = kind});
  }
  return methods;
}

}  // namespace jacobench
