// Power laws y = c x^a, fitted on logarithms.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jacobench::harness {

struct Point {
  double x, y;
};

// Model:  log y = log c + a log x + error, ordinary least squares; the interval from Student's t with n - 2 degrees
//         of freedom. Source: Draper and Smith (1998), Applied Regression Analysis, sec. 1.4
struct PowerLaw {
  double exponent = 0;    // a
  double half_width = 0;  // of its 95% interval
  double factor = 0;      // c
  std::size_t n_points = 0;
  double from = 0, to = 0;          // the range of x
  double centre = 0;                // geometric mean of x
  double half_width_at_centre = 0;  // of the 95% interval of log y there

  // Whether the interval of the exponent is less than 1 wide, so that it holds at most one whole power: a wider one
  // does not tell a constant from a proportion, or a proportion from a square.
  bool is_determined() const { return half_width < 0.5; }

  double at(double x) const;

  // The factor by which the 95% interval of c x^a reaches to both sides of it.
  double band_at(double x) const;
};

// Nothing where fewer than three points have x and y above zero, or all of these the same x.
std::optional<PowerLaw> fit_power_law(const std::vector<Point>& points);

// "2.1e-3 P^1.02 (95%: 1.00 to 1.04; 9 points, P from 11 to 1e5)", or
// "not determined as a power of P (95%: -0.79 to 1.31, which is wider than 1; 4 points, P from 22 to 129)"
std::string to_text(const PowerLaw& law, std::string_view variable);

}  // namespace jacobench::harness
