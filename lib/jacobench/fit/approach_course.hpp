// The rules by which an approach to a minimum goes on and ends, whoever computes its points (fit/approach.hpp has the
// model).
#pragma once

#include <cmath>
#include <optional>

#include "jacobench/fit/solvers.hpp"

namespace jacobench {

// Of L, from which on normal equations are safe.
inline constexpr double least_pivot_of_J = 1e-3;

// Whether normal equations can say of these residuals when so small an offset is reached.
inline bool can_resolve(double relative_offset, const Residuals& residuals) {
  constexpr double least_offset = 1e-8;
  return relative_offset >= least_offset && residuals.n_rows() > residuals.n_params();
}

// Of residuals that outnumber the parameters.
inline double relative_offset_of(const Standing& standing, const Residuals& residuals) {
  const auto P = static_cast<double>(residuals.n_params()), n = static_cast<double>(residuals.n_rows());
  const double normal = standing.objective - standing.tangential * standing.tangential;
  return normal > 0 ? standing.tangential / std::sqrt(P) / std::sqrt(normal / (n - P)) : 1;
}

class ApproachCourse {
 public:
  enum class Next { arrived, leaves, gauss_newton, newton };

  // `residuals` and `options` are kept by reference; so they are by what follows.
  enum class SecondDerivatives { cost_more, are_there };
  void begin(const Residuals& residuals, const PolishOptions& options,
             SecondDerivatives second_derivatives = SecondDerivatives::cost_more) {
    *this = {};
    second_derivatives_ = second_derivatives;
    residuals_ = &residuals;
    options_ = &options;
  }

  // What comes after the start, and after each point that was tried; of a point where normal equations are not safe
  // there is no standing.
  Next next(const std::optional<Standing>& tried) {
    has_moved_ = false;
    if (!tried) return Next::leaves;
    if (!is_at_start_) {
      if (!is_better(*tried, now_, objective_rounding(*residuals_, now_.objective))) return Next::leaves;
      has_moved_ = true;
      ++n_iterations_;
      is_slow_ = is_slow_ || tried->tangential > slow_contraction * now_.tangential;
    }
    now_ = *tried;
    offset_ = relative_offset_of(now_, *residuals_);
    if (has_moved_ && options_->go_on && !options_->go_on(now_.objective)) return Next::leaves;
    is_at_start_ = false;
    if (offset_ <= options_->relative_offset) return Next::arrived;
    if (n_iterations_ == options_->max_iterations) return Next::leaves;
    const bool is_near =
        second_derivatives_ == SecondDerivatives::are_there && offset_ <= near_enough_for_newton;
    return is_slow_ || is_near ? Next::newton : Next::gauss_newton;
  }

  bool has_moved() const { return has_moved_; }  // to the point that was tried last
  Index n_iterations() const { return n_iterations_; }
  const Standing& standing() const { return now_; }
  double relative_offset() const { return offset_; }

 private:
  const Residuals* residuals_ = nullptr;
  const PolishOptions* options_ = nullptr;
  SecondDerivatives second_derivatives_ = SecondDerivatives::cost_more;
  bool is_at_start_ = true, has_moved_ = false, is_slow_ = false;
  Index n_iterations_ = 0;
  Standing now_{};
  double offset_ = 1;
};

// n_left: degrees of freedom; newton() moves to the minimum that second derivatives promise and says what it would
// gain, or nothing where there is none.
struct NewtonMove {
  double fall, squared_length;  // of S, and in the norm of J'J
};
template <class Newton>
std::optional<Remaining> remaining_of(double rss, double n_left, double tangential, const Newton& newton) {
  if (!(n_left > 0 && rss > 0)) return {};
  const double s = std::sqrt(rss / n_left), gauss_newton = tangential / s;
  if (gauss_newton > negligible_move)
    if (const std::optional<NewtonMove> move = newton())
      return Remaining{.fall = move->fall / (s * s), .move = std::sqrt(move->squared_length) / s};
  return Remaining{.fall = gauss_newton * gauss_newton, .move = gauss_newton};
}

// tr J (J'J + K)^-1 J', J of the data alone and C^-1 (J'J + K) C^-1 = L L': what the penalty rows have of the P that
// all rows have. T is room for a matrix.
template <class Factor>
double effective_parameters(const Residuals& residuals, const Factor& L, const Vector& C, Matrix& T) {
  const auto P = static_cast<double>(C.size());
  if (residuals.n_penalty_rows() == 0) return P;
  T.setIdentity(C.size(), C.size());
  L.template triangularView<Eigen::Lower>().transpose().solveInPlace(T);
  T.array().colwise() /= C.array();
  return P - residuals.penalty_form(T);
}

}  // namespace jacobench
