// The ways to make intervals: one table. `jacobench interval`, a C++ program and the coverage study call it and nothing
// else.
//
// Model:  for the fitted function f at new points, of the mean f(x0) or of a new observation y = f(x0) + noise, for
//         each point by itself or for all at once (inference/multipliers.hpp).
//         What a method does is said where it is made: inference/covariance_intervals.hpp, bootstrap.hpp, profile.hpp,
//         conformal.hpp.
// Adding a method is one file and one row of the table in interval_method.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jacobench/inference/multipliers.hpp"
#include "jacobench/inference/new_points.hpp"

namespace jacobench {

enum class IntervalKind { mean, prediction };

struct IntervalKindInfo {
  IntervalKind kind;
  std::string_view name;
  std::string_view summary;
};
std::span<const IntervalKindInfo> interval_kind_table();

// One band that is wanted.
struct BandRequest {
  IntervalKind kind = IntervalKind::mean;
  double level = 0.95;
  Simultaneous simultaneous = Simultaneous::none;
  Sides sides = Sides::both;
};

// More than this share of refits, or of the replicates of a study, that have not settled (Fit::has_settled), and what
// they say is not given: it would tell where the steps ended, not what the data say.
inline constexpr double most_unsettled = 0.05;

// The fits that a method made again.
struct Refits {
  Index number = 0;
  Index n_unsettled = 0;   // of them, those that have not settled; not finite ones too
  Index n_without_se = 0;  // of those that are finite, those that have no standard error, where one is needed

  bool are_complete() const { return n_unsettled == 0 && n_without_se == 0; }
};

// How all bands of a call are made.
struct IntervalOptions {
  DofRule dof_rule = DofRule::n_minus_trace;
  std::optional<double> known_sigma = {};               // of DofRule::known_sigma
  RankPolicy rank_policy = RankPolicy::pseudo_inverse;  // bands where the data determine f
  double ridge = 1e-6;                                  // of RankPolicy::ridge
  // Weights of observations to come, one a point or one for all. Empty: 1 where the data have none, unknown where they
  // have.
  Vector new_weights = {};
  Matrix input_noise = {};       // Sx [D x D], covariance of the noise on the inputs of new points, or empty
  Index n_simulations = 20'000;  // of sup_t
  Index n_refits = 999;          // of a bootstrap
  Index max_refit_iterations = 200;  // of each refit
  Index n_starts = 10;               // of the fit of split_conformal, drawn
  Index n_folds = 10;                // of cv_plus
  Index n_threads = 1;               // of what refits
  // Told, on the caller's thread, how many refits of how many are done; of profile, points.
  std::function<void(Index n_done, Index n_all)> watch = {};

  // Of an observation to come at this point, which is known.
  double new_weight(Index point) const {
    if (new_weights.size() == 0) return 1;
    return new_weights[new_weights.size() == 1 ? 0 : point];
  }

  CovarianceOptions covariance(CovarianceKind kind) const {
    return {kind, rank_policy, ridge, dof_rule, known_sigma};
  }
};

// One band. Bounds that are not asked for are infinite; at a point that is left open they are NaN.
struct Band {
  Matrix se;            // of what is bounded [M x K]; empty where the method has none
  Matrix lower, upper;  // [M x K]
  Multiplier multiplier = {};
};

// A method prepared for fits of one shape, points and bands; its workspace is its own.
class IntervalEngine {
 public:
  virtual ~IntervalEngine() = default;

  // The bands of the fit at which `at` and `points` stand; what is random is drawn from `seed`. Returns whether there
  // are any. At points that are left open (inference/open_points.hpp) there is no bound, whatever the method.
  // Cost: by a covariance without second derivatives and sup_t, no allocation after the first fit
  bool compute(Tangent& at, NewPoints& points, std::uint64_t seed);

  // Why there are none, one line.
  virtual std::string reason() const = 0;

  // In the order of the requests. They stay until the next call.
  const std::vector<Band>& bands() const { return bands_; }

  // Of each point, why there is no bound there; empty where there is one. [M], or [0] where there is one everywhere.
  const std::vector<std::string>& open() const { return open_; }

  // Of the fitted values [M x K]; empty where the method has none.
  const Matrix& se() const { return se_; }

  double sigma() const { return sigma_; }  // s, on
  double dof() const { return dof_; }      // so many degrees of freedom

  // Of each output whose noise is its own, in its units and on its degrees of freedom [K]; empty where they share it.
  const Vector& output_sigmas() const { return output_sigmas_; }
  const Vector& output_dofs() const { return output_dofs_; }

  // Of the last call, whether there are bands or not.
  const Refits& refits() const { return refits_; }

  // What people should know beside the bands, one line; empty where there is nothing.
  const std::string& remark() const { return remark_; }

 protected:
  // Bands of the points' shape. `decay` says what the fit's is to the method.
  IntervalEngine(std::size_t n_bands, const NewPoints& points, DecayReading decay = DecayReading::estimator)
      : bands_(n_bands), decay_(decay) {
    for (Band& band : bands_)
      for (Matrix* bound : {&band.lower, &band.upper}) bound->resize(points.n_points(), points.n_outputs());
  }

  // Those of the covariance that a method stands on.
  void set_sigma(const Tangent& at, const Covariance& covariance);

  // Computes all that is below. A reason in open_, which is empty before, says why a bound of the method is not there
  // or what is wrong with it.
  virtual bool make_bands(Tangent& at, NewPoints& points, std::uint64_t seed) = 0;

  // No bound at point m.
  void leave_open(Index m, const std::string& reason);

  std::vector<Band> bands_;
  std::vector<std::string> open_;
  Matrix se_;
  double sigma_ = 0, dof_ = 0;
  Vector output_sigmas_, output_dofs_;
  Refits refits_;
  std::string remark_;

 private:
  const DecayReading decay_;
};

struct IntervalMethod {
  std::string name;
  std::string summary;
  std::string formula = {};  // of the interval, in the symbols of the header that has the method
  std::string source = {};   // author, year, equation or section

  // Why such a band cannot be had of fits like this one, in words; or nothing. What data do not allow is known only
  // when it is computed.
  std::function<std::optional<std::string>(const Fit& like, const IntervalOptions&, const BandRequest&)>
      why_not;

  // Errors: InputError for options that make no sense; logic_error for a band that cannot be had
  std::function<std::unique_ptr<IntervalEngine>(const Fit& like, const NewPoints& points,
                                                const IntervalOptions&, const std::vector<BandRequest>&)>
      prepare;

  bool refits = false;  // whether it fits again, many times
  bool draws = false;   // whether bounds are quantiles of IntervalOptions::n_refits draws
  std::optional<CovarianceKind> covariance = {};  // of which it makes t intervals

  // The coverage of a new observation that comes as the data came, whatever the law of the noise and whatever the
  // network cannot fit; nothing where theory gives none.
  std::function<double(Index n_observations, double level)> exact_coverage = {};
};

// In the order of help, lists and rows.
std::span<const IntervalMethod> interval_method_table();

// What a method gives of one band: it, or one line that says why not.
struct Answer {
  Band band;
  std::string reason;
};

// What it gives of several. The rest is as IntervalEngine has it, and but for the refits empty where there is no band
// at all.
struct Answers {
  std::vector<Answer> bands;  // in the order of the requests
  std::vector<std::string> open;
  double sigma = 0, dof = 0;
  Vector output_sigmas = {}, output_dofs = {};
  Refits refits = {};
  std::string remark = {};
};

// Of the fit at which `at` and `points` stand, by an engine that is made for this one call.
// Errors: InputError for options that make no sense
Answers answers_of(const IntervalMethod& method, const std::vector<BandRequest>& requests,
                   const IntervalOptions& how, Tangent& at, NewPoints& points, std::uint64_t seed);

// Throws InputError, listing the known names, for an unknown one.
const IntervalMethod& find_interval_method(std::string_view name);

// The one of default_covariance().
const IntervalMethod& default_interval_method(const Fit& like);

}  // namespace jacobench
