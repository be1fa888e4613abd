// GSL's Levenberg-Marquardt with geodesic acceleration (gsl_multifit_nlinear, trs lmaccel), as its manual sets it up:
// its default scaling and QR, the second directional derivative by its own finite difference, the Jacobian by
// `layerwise`. xtol and gtol are those of the manual's examples, 1e-8.
// Source: Transtrum and Sethna (2012), "Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares
//         minimization", arXiv:1201.5885
#pragma once

#include "solvers/solver.hpp"

namespace jacobench::solvers {

Trial run_gsl(const Problem& problem, const Matrix& starts, const Limits& limits);

}  // namespace jacobench::solvers
