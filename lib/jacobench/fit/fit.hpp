// A fit: a network and the parameters that penalised nonlinear least squares gave it, with all that was known when they
// were found, so that whoever makes intervals from it knows it too.
//
// Model:  theta minimises   S(theta) = RSS(theta) + sum_p k_p theta_p^2,
//           RSS = sum_nk w_n (y_nk - f_k(x_n; theta))^2 / d_k^2,   and more where outputs are correlated,
//         all in the user's units: k_p is added to the sum of squares as it stands, k ||theta||^2 for equal k, neither
//         halved nor divided by the number of observations, and on the weights of the unstandardised network.
//         RSS with its w, d and C is the noise model of the data (fit/dataset.hpp).
// Shapes: theta, decay [P]; data as in fit/dataset.hpp
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "jacobench/fit/dataset.hpp"
#include "jacobench/fit/remaining.hpp"
#include "jacobench/fit/step_form.hpp"
#include "jacobench/fit/stop.hpp"
#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/network/model.hpp"

namespace jacobench {

enum class DecayOf { weights, weights_and_biases };

// k for all weights, and for biases k or 0.  Shape: [P]
Vector equal_decay(const Perceptron& network, double k, DecayOf of);

// What became of one start, before units of the best are drawn anew.
struct StartOutcome {
  double objective;  // in the user's units; not finite where the network was not
  bool is_drawn;     // or given
  bool has_arrived;  // at a minimum, rather than at the limit of iterations
};

// Of so many starts the first are kept one by one.
inline constexpr Index most_outcomes = 4096;

// What became of the starts. Two that end within 1 part in 1000 of each other's objective are at the same optimum.
struct StartSummary {
  Index n_starts = 0;
  Index n_failed = 0;                          // the network was not finite there
  Index n_at_best = 0;                         // reached the optimum of the fit
  double lowest = 0, median = 0, highest = 0;  // objective, over those that did not fail
  Index n_drawn = 0;                           // of those that did not fail; the others were given
  Index n_optima = 0;                          // different ones that drawn starts reached
  Index n_seen_once = 0;                       // of these, those that one start reached
  Index n_redraws = 0;                         // of units (fit/redraw.hpp)
  Index n_lowered = 0;                         // of these, those that led further down
  std::optional<Index> n_wanted = {};          // how often the best was to be reached, where that was said
  bool has_reached_work_limit = false;         // FitOptions::search_flops ended the search
  std::vector<StartOutcome> outcomes =
      {};  // in the order of the starts; none of fits by files that do not say

  // The probability that another drawn start reaches an optimum that none has reached: the share seen once, and its
  // expectation where all numbers and sizes of optima are alike beforehand, for w optima in n starts
  // w (w + 1) / (n (n - 1)), at most 1 and never 0. None without drawn starts.
  // Source: Good (1953), Biometrika 40; Boender and Rinnooy Kan (1987), Math. Programming 37
  std::optional<double> chance_of_new_by_good() const;
  std::optional<double> chance_of_new() const;
};

// How a fit ended. In the user's units.
struct FitEnd {
  Stop stop = Stop::not_finite;
  Index n_iterations = 0;                      // of the best start
  double rss = 0;                              // weighted, of the data alone
  double penalty = 0;                          // sum_p k_p theta_p^2
  double gradient_norm = 0;                    // |dS / d theta|, Euclidean
  std::optional<double> relative_offset = {};  // none for observations that do not outnumber the rank
  std::optional<Remaining> remaining = {};     // none where there is no s to compare with
  StartSummary starts = {};

  // Where there is no s, a minimum up to rounding has settled.
  bool has_settled() const { return remaining ? remaining->is_settled() : is_minimum(stop); }
};

struct Fit {
  Perceptron network;
  Vector theta;
  Dataset data;
  Vector decay = {};                    // k_p [P], or empty
  JacobianChoice jacobian = {};         // which strategy gave the Jacobian, and is to give it to intervals
  std::optional<FitEnd> end = {};       // nothing where the parameters come from elsewhere
  StepForm form = StepForm::automatic;  // in which its steps were asked for, and its covariance is

  Index n_params() const { return network.n_params(); }
  Index n_values() const { return data.n_values(); }  // N K
  bool has_decay() const { return (decay.array() > 0).any(); }
  bool has_converged() const { return end && is_minimum(end->stop); }
  bool has_settled() const { return end && end->has_settled(); }

  // The objective at theta, and the part of it that is of the data.
  double rss() const;
  double objective() const;

  // sqrt(rss / (n_values - n_params)); none where the values do not outnumber the parameters.
  std::optional<double> sigma() const;
};

// What a fit under way tells, from time to time, on the thread that called it or one of its workers.
struct FitProgress {
  Index n_starts_done, n_starts;
  Index n_iterations;  // of all starts together
  double objective;    // the lowest so far, in the user's units; infinite before there is one
};

struct FitOptions {
  std::optional<Vector> start = {};  // in the user's units
  Index n_starts = 10;           // drawn ones beside it; at most, where `n_wanted_at_best` says when to end
  Index n_tries_from_start = 2;  // of which the first that ends at a minimum is the last: 1 or 2
  Matrix starts = {};  // [P x any number] in the user's units, in the place of drawn ones where there are any
  // How often units of the best are drawn anew (fit/redraw.hpp); none: for half as many iterations as the starts took.
  std::optional<Index> n_redraws = {};
  // Where this is given, units are drawn anew from where each start leads, until none of them leads further down, and
  // drawn starts end when the best optimum was reached so often.
  std::optional<Index> n_wanted_at_best = {};
  // After about so much work such a search begins nothing new: half a minute of one core.
  double search_flops = 5e11;
  std::string initialisation = "lecun";
  std::uint64_t seed = 1;
  Vector decay = {};  // k_p, or empty
  // Of several outputs whose scales the data do not say (fit/output_scales.hpp).
  OutputNoise output_noise = OutputNoise::own;
  Index max_iterations = 1000;
  double relative_offset = 0;  // of Bates and Watts, small enough to stop at; 0: where rounding stops it
  JacobianChoice jacobian = {};
  StepForm form = StepForm::automatic;  // of the equations of a step
  Index n_threads = 1;

  // Called after each iteration, by one thread at a time. Returns whether to go on: if not, the fit ends with the best
  // that it has, as Stop::interrupted.
  std::function<bool(const FitProgress&)> go_on = {};
};

// The best of all starts (fit/fitter.hpp says how), with the noise scale of each of several outputs
// (fit/output_scales.hpp).
// Cost:   n_starts descents on n_threads threads; an iteration is J, J'J, a solve and one evaluation more
// Errors: InputError for data that cannot be fitted (check_dataset), an unknown name, a decay that is negative or not
//         finite; logic_error for a start or a decay of another size than P. Not to converge is an outcome: `end`
Fit fit(const Perceptron& network, const Dataset& data, const FitOptions& options = {});

}  // namespace jacobench
