// Choosing the decay of a fit from the data: a path of penalties, each fitted, each scored by one criterion.
//
// Model:  the penalty at k is  k u sum_p tau_p^2,  tau the parameters of the network that is fitted to standardised
//         inputs and outputs and u the mean square of g o (y - mean y): k is what the decay would be on standardised
//         data of weight one, in whatever units the data are. In theta, with s_d the standard deviation of input d
//         (about 0 where the first layer has no bias) and g the row factors of fit/dataset.hpp, that is
//           k_p = k u;  times s_d^2 for a weight from input d;  with mean_n g_nk^2 for u where p leads to output k and
//                       the
//           output layer is the identity.
//         Where biases are penalised too, it is a fit to columns less their means (of inputs, where the first layer has
//         a bias; of outputs, where the last has one and is the identity), so that it does not depend on where 0 is:
//         `inputs` and `outputs` of the choice lead there and back. Without a penalty on biases, units that vanish or
//         become equal leave them open, and there is no covariance.
// Scores: of the model linearised at the fit, H = J (J'J + K)^-1 J' and r = g o (y - f), n = N K; the lowest
//         is the best
//           loo       sum_n |(I - H_nn)^-1 r_n|^2, H_nn the K x K block of an observation: what is left of each
//                     observation when the model is fitted to all others; exact for a linear model
//           gcv       |r|^2 / (1 - tr H / n)^2
//           evidence  -2 log p(y | k) with theta_p ~ N(0, sigma^2 / k_p) where k_p > 0, a flat prior of density 1 on
//                     the q others, and sigma^2 at its best, S / (n - q):
//                     (n - q) (log(2 pi S / (n - q)) + 1) + log det(J'J + K) - sum log k_p
// Path:   k from 10 to 1e-6, two to a power of ten, each from the fit before and from a few drawn starts; then four
//         more around the best, and all the starts that were asked for at the best. By `auto` the path ends where the
//         score has been above one standard error over the lowest for two powers of ten. k = 0 has all the starts and
//         one from the end of the path, and is a candidate where its fit has settled and has a covariance. With so many
//         more parameters than observations that fits take the dual form (fit/dual_equations.hpp) it is not tried, and
//         fits of the path are short: from the one before, and from a drawn start as long as that is no more than a
//         mean. By `auto` this path ends where the score is first above one standard error over the lowest, or where
//         two fits in succession have not settled that would not be better by one. Then, as long as that settles and
//         FitOptions::search_flops last, the next k that may be better by one than all that has settled is fitted to
//         its end; there are two drawn starts at the best unless more were asked for.
// Best:   none where the fit without a decay passes through more data than it has parameters, or fits come ever closer
//         to these down to the end of the path, as by a power of the penalty: residuals under one would be what it
//         leaves, and no noise. Else the lowest score of those that have settled and leave a degree of freedom. By
//         `auto` none at all, where its score is within one standard error of the lowest and no unit runs to
//         infinity (inference/runaway.hpp); else the largest k of those within one standard error at which the score
//         stops falling: with a small k, units that bend between two observations have leverages, and with them scores,
//         that a linear model does not tell
// Cost:   n_starts descents two or three times, and some twenty times those of three; a tangent each
// Source: Allen (1974), Technometrics 16(1) (loo); Golub, Heath and Wahba (1979), Technometrics 21(2) (gcv); MacKay
//         (1992), Neural Computation 4(3) (evidence); Breiman, Friedman, Olshen and Stone (1984), sec. 3.4.3 (one
//         standard error)
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jacobench/inference/covariance.hpp"
#include "jacobench/network/scaled_model.hpp"

namespace jacobench {

// The k_p of the penalty at k, on columns that are centred where it is to be on biases.  Shape: [P].
// Errors: logic_error without an observation
Vector standardised_decay(const Perceptron& network, const Dataset& data, double k, DecayOf of);

// |(I - H_nn)^-1 r_n|^2 of each observation [N]; none where some I - H_nn is singular, as for an observation that the
// fit passes through whatever it is.
std::optional<Vector> leave_one_out_losses(Tangent& at);

struct DecayScore {
  double value;
  std::optional<double> standard_error;  // where it is a sum over observations
};

// None where the score is not defined: a leverage of 1, nothing left of n, or parameters that data and decay leave
// open.
std::optional<DecayScore> leave_one_out_score(Tangent& at);
std::optional<DecayScore> gcv_score(Tangent& at);
std::optional<DecayScore> evidence_score(Tangent& at);

struct DecayRule {
  std::string_view name;
  std::string_view summary;
  std::optional<DecayScore> (*score)(Tangent& at);
  bool is_cautious;  // whether standard errors count, as in `auto`
};

std::span<const DecayRule> decay_rule_table();

// Throws InputError, listing the known names, for an unknown one.
const DecayRule& find_decay_rule(std::string_view name);

// One fit of the path.
struct DecayPoint {
  double k = 0;
  Vector theta = {};
  FitEnd end = {};
  double effective_parameters = 0;       // tr H
  std::optional<DecayScore> score = {};  // none: not a candidate
};

struct DecayChoice {
  Fit fit;  // the chosen one; with a decay of biases, of columns less their means
  double k = 0;
  double effective_parameters = 0;
  std::vector<DecayPoint> path = {};      // from large to small k; empty where no decay was tried
  std::optional<Fit> undecayed = {};      // the fit without a decay, where another was chosen
  std::vector<std::string> reasons = {};  // why none was kept, or was not, a sentence each
  AffineMap inputs = {},
            outputs = {};        // from the data to the inputs of `fit`, and from its outputs to the data
  bool was_interrupted = false;  // then the fit is the best so far, and has not settled
};

struct DecayChoiceOptions {
  const DecayRule* rule = &decay_rule_table().front();
  DecayOf decay_of = DecayOf::weights_and_biases;
  CovarianceOptions undecayed = {};  // the covariance that a fit without a decay is to have
  DatasetNames names = {};           // for words
};

// `options.decay` is not read. Where options.go_on ends it, the best so far is chosen.
// Errors: those of fit()
DecayChoice choose_decay(const Perceptron& network, const Dataset& data, const FitOptions& options,
                         const DecayChoiceOptions& how = {});

}  // namespace jacobench
