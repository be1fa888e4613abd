#include "jacobench/fit/lsmr.hpp"

#include <cmath>

namespace jacobench {
namespace {

// c a + s b = r, s a = c b
struct Rotation {
  Rotation(double a, double b) : r(std::hypot(a, b)), c(r > 0 ? a / r : 1), s(r > 0 ? b / r : 0) {}
  double r, c, s;
};

double normalise(Vector& v) {
  const double norm = v.norm();
  if (norm > 0) v /= norm;
  return norm;
}

}  // namespace

LsmrEnd Lsmr::solve(LinearOperator& A, const Vector& b, const Enough& is_enough, Index max_iterations) {
  u_ = b;
  const double size = normalise(u_);
  A.transposed_times(u_, v_);
  double alpha = normalise(v_);
  x_.setZero(v_.size());
  A_x_.setZero(b.size());
  double alpha_bar = alpha, zeta_bar = alpha * size, rho = 1, rho_bar = 1, c_bar = 1, s_bar = 0;
  h_ = v_;
  A_h_.setZero(b.size());
  h_bar_.setZero(v_.size());
  A_h_bar_.setZero(b.size());
  double of_last_h = 0;  // what A h of the last iteration is multiplied by in that of this one
  Index i = 0;
  while (zeta_bar != 0 && i < max_iterations) {
    ++i;
    A.times(v_, A_v_);
    A_h_ = A_v_ - of_last_h * A_h_;
    u_ = A_v_ - alpha * u_;
    const double beta = normalise(u_);
    A.transposed_times(u_, A_t_u_);
    v_ = A_t_u_ - beta * v_;
    alpha = normalise(v_);
    const double rho_before = rho, rho_bar_before = rho_bar;
    const Rotation first(alpha_bar, beta);
    rho = first.r;
    const double theta = first.s * alpha;
    alpha_bar = first.c * alpha;
    const double theta_bar = s_bar * rho;
    const Rotation second(c_bar * rho, theta);
    rho_bar = second.r;
    c_bar = second.c;
    s_bar = second.s;
    const double zeta = c_bar * zeta_bar;
    zeta_bar *= -s_bar;
    const double of_h_bar = theta_bar * rho / (rho_before * rho_bar_before), step = zeta / (rho * rho_bar);
    h_bar_ = h_ - of_h_bar * h_bar_;
    A_h_bar_ = A_h_ - of_h_bar * A_h_bar_;
    x_ += step * h_bar_;
    A_x_ += step * A_h_bar_;
    of_last_h = theta / rho;
    h_ = v_ - of_last_h * h_;
    if (is_enough(std::abs(zeta_bar), x_, A_x_)) return {std::abs(zeta_bar), i, true};
  }
  return {std::abs(zeta_bar), i, zeta_bar == 0};
}

}  // namespace jacobench
