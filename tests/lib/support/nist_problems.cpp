#include "support/nist_problems.hpp"

#include <ostream>
#include <vector>

namespace jacobench::testing {
namespace {

Vector values(const std::vector<double>& list) {
  return Eigen::Map<const Vector>(list.data(), static_cast<Index>(list.size()));
}

Dataset dataset(const std::vector<double>& x, const std::vector<double>& y) {
  return {values(x), values(y), {}, {}};
}

NistProblem rat42() {
  return {
      .name = "Rat42",
      .network = Perceptron(1, {{1, Activation::logistic}, {1, Activation::identity, Bias::none}}),
      .data = dataset({9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0},
                      {8.93, 10.8, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08}),
      .start_b = {values({100.0, 1.0, 0.1}), values({75.0, 2.5, 0.07})},
      .certified_b = values({7.2462237576e1, 2.6180768402, 6.7359200066e-2}),
      .certified_sd_b = values({1.7340283401, 8.8295217536e-2, 3.4465663377e-3}),
      .certified_rss = 8.0565229338,
      .certified_residual_sd = 1.1587725499,
      .fit_at_first_row = 8.5480058036653692,
      .se_at_first_row = 0.57250834247417551,
      .fit_at_last_row = 67.913137047695766,
      .se_at_last_row = 0.89703951700004385,
      .max_leverage = 0.59927581787122297,
      .theta_of =
          [](const Vector& b) {
            return values({b[2], -b[1], b[0]});
          },
      .b_of =
          [](const Vector& t) {
            return values({t[2], -t[1], t[0]});
          },
      .J_b_theta =
          [](const Vector&) {
            Matrix J(3, 3);
            J << 0, 0, 1, 0, -1, 0, 1, 0, 0;
            return J;
          },
  };
}

NistProblem misra1d() {
  return {
      .name = "Misra1d",
      .network =
          Perceptron(1, {{1, Activation::softsign, Bias::none}, {1, Activation::identity, Bias::none}}),
      .data = dataset(
          {77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0},
          {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78}),
      .start_b = {values({500.0, 0.0001}), values({450.0, 0.0003})},
      .certified_b = values({4.3736970754e2, 3.0227324449e-4}),
      .certified_sd_b = values({3.6489174345, 2.9334354479e-6}),
      .certified_rss = 5.6419295283e-2,
      .certified_residual_sd = 6.8568272111e-2,
      .fit_at_first_row = 10.023993616210147,
      .se_at_first_row = 0.012110866450903729,
      .fit_at_last_row = 81.705831952496276,
      .se_at_last_row = 0.047515247150484641,
      .max_leverage = 0.48019714541865835,
      .theta_of =
          [](const Vector& b) {
            return values({b[1], b[0]});
          },
      .b_of =
          [](const Vector& t) {
            return values({t[1], t[0]});
          },
      .J_b_theta =
          [](const Vector&) {
            Matrix J(2, 2);
            J << 0, 1, 1, 0;
            return J;
          },
  };
}

NistProblem lanczos2() {
  return {
      .name = "Lanczos2",
      .network = Perceptron(1, {{3, Activation::exp, Bias::none}, {1, Activation::identity, Bias::none}}),
      .data = dataset(
          {0.0,  5e-2,   1e-1, 1.5e-1, 2e-1, 2.5e-1, 3e-1, 3.5e-1, 4e-1, 4.5e-1, 5e-1, 5.5e-1,
           6e-1, 6.5e-1, 7e-1, 7.5e-1, 8e-1, 8.5e-1, 9e-1, 9.5e-1, 1.0,  1.05,   1.1,  1.15},
          {2.5134,     2.04433,    1.6684,     1.36642,    1.12323,    9.2689e-1,  7.67934e-1, 6.38878e-1,
           5.33784e-1, 4.47936e-1, 3.77585e-1, 3.19739e-1, 2.72013e-1, 2.32497e-1, 1.99659e-1, 1.7227e-1,
           1.49341e-1, 1.3007e-1,  1.13812e-1, 1.00042e-1, 8.83321e-2, 7.83354e-2, 6.97669e-2, 6.23931e-2}),
      .start_b = {values({1.2, 0.3, 5.6, 5.5, 6.5, 7.6}), values({0.5, 0.7, 3.6, 4.2, 4.0, 6.3})},
      .certified_b =
          values({9.6251029939e-2, 1.0057332849, 8.6424689056e-1, 3.0078283915, 1.5529016879, 5.00287981}),
      .certified_sd_b = values({6.6770575477e-4, 3.3989646176e-3, 1.7185846685e-3, 4.1707005856e-3,
                                2.3744381417e-3, 1.3958787284e-3}),
      .certified_rss = 2.2299428125e-11,
      .certified_residual_sd = 1.1130395851e-6,
      .fit_at_first_row = 2.5133996083664301,
      .se_at_first_row = 1.0717460613099614e-6,
      .fit_at_last_row = 0.062392718171325092,
      .se_at_last_row = 8.3142973551533936e-7,
      .max_leverage = 0.92717683354844923,
      .theta_of =
          [](const Vector& b) {
            return values({-b[1], -b[3], -b[5], b[0], b[2], b[4]});
          },
      .b_of =
          [](const Vector& t) {
            return values({t[3], -t[0], t[4], -t[1], t[5], -t[2]});
          },
      .J_b_theta =
          [](const Vector&) {
            Matrix J(6, 6);
            J.setZero();
            for (Index i = 0; i < 3; ++i) {
              J(2 * i, 3 + i) = 1;
              J(2 * i + 1, i) = -1;
            }
            return J;
          },
  };
}

NistProblem eckerle4() {
  return {
      .name = "Eckerle4",
      .network = Perceptron(1, {{1, Activation::gaussian}, {1, Activation::identity, Bias::none}}),
      .data = dataset(
          {400.0, 405.0, 410.0, 415.0, 420.0, 425.0, 430.0, 435.0, 436.5, 438.0, 439.5, 441.0,
           442.5, 444.0, 445.5, 447.0, 448.5, 450.0, 451.5, 453.0, 454.5, 456.0, 457.5, 459.0,
           460.5, 462.0, 463.5, 465.0, 470.0, 475.0, 480.0, 485.0, 490.0, 495.0, 500.0},
          {0.0001575, 0.0001699, 0.000235,  0.0003102, 0.0004917, 0.000871,  0.0017418, 0.00464,   0.0065895,
           0.0097302, 0.0149002, 0.023731,  0.0401683, 0.0712559, 0.1264458, 0.2073413, 0.2902366, 0.3445623,
           0.3698049, 0.3668534, 0.3106727, 0.2078154, 0.1164354, 0.0616764, 0.03372,   0.0194023, 0.0117831,
           0.0074357, 0.0022732, 0.00088,   0.0004579, 0.0002345, 0.0001586, 0.0001143, 0.000071}),
      .start_b = {values({1.0, 10.0, 500.0}), values({1.5, 5.0, 450.0})},
      .certified_b = values({1.5543827178, 4.0888321754, 4.5154121844e2}),
      .certified_sd_b = values({1.5408051163e-2, 4.6803020753e-2, 4.6800518816e-2}),
      .certified_rss = 1.4635887487e-3,
      .certified_residual_sd = 6.7629245447e-3,
      .fit_at_first_row = 1.1920743462116164e-35,
      .se_at_first_row = 2.1681730127264858e-35,
      .fit_at_last_row = 1.2019778817849182e-31,
      .se_at_last_row = 1.9325323400508889e-31,
      .max_leverage = 0.31044071920569625,
      .theta_of =
          [](const Vector& b) {
            return values({1 / b[1], -b[2] / b[1], b[0] / b[1]});
          },
      .b_of =
          [](const Vector& t) {
            return values({t[2] / t[0], 1 / t[0], -t[1] / t[0]});
          },
      .J_b_theta =
          [](const Vector& t) {
            Matrix J(3, 3);
            J << -t[2] / (t[0] * t[0]), 0, 1 / t[0],  //
                -1 / (t[0] * t[0]), 0, 0,             //
                t[1] / (t[0] * t[0]), -1 / t[0], 0;
            return J;
          },
  };
}

}  // namespace

std::span<const NistProblem> nist_problems() {
  static const std::array problems{rat42(), misra1d(), lanczos2(), eckerle4()};
  return problems;
}

std::ostream& operator<<(std::ostream& out, const NistProblem& problem) { return out << problem.name; }

}  // namespace jacobench::testing
