// Activation functions: value, first and second derivative, right over all doubles.
//
// One table declares them. A new activation is one enumerator (base/activation_id.hpp), one formula
// (kernel/path/activation_formulas.hpp) with its place in kernel/path/kernels.cpp, one row, and its textbook form for
// the reference (activation_reference.cpp).
#pragma once

#include <span>
#include <string_view>

#include "jacobench/base/activation_id.hpp"
#include "jacobench/base/matrix.hpp"

namespace jacobench {

// What the error of phi'(z) is measured against: phi' itself; or, for a product phi = z t(z) whose phi'
// passes through zero where t and z t' cancel, the size |t| + |z t'| of these terms, that is |phi / z| +
// |phi' - phi / z|.
enum class DerivativeScale { itself, cancelling_terms };

// One row of the activation table. `slope_jump` is phi'(0+) - phi'(0-): not zero for a kink. Where `bends` is false,
// phi'' is zero on both sides of 0.
// Shapes:   z, a, d, d2 are arrays of n doubles; each output may be z itself.
// Accuracy: value_ulp and derivative_ulp bound the errors of phi and phi' in units in the last place wherever
//           the true result is a normal number; tests hold them to it over the whole double range. Limits at
//           +-inf are exact, NaN gives NaN, as does what has no limit there (sin), and no finite z gives NaN.
// Cost:     one pass; `value_and_derivative` shares the transcendental function between the two.
struct ActivationInfo {
  Activation id;
  std::string_view name;
  std::string_view summary;
  double value_ulp = 0;
  double derivative_ulp = 0;
  DerivativeScale derivative_scale = DerivativeScale::itself;
  double slope_jump = 0;
  bool bends = true;

  void value(const double* z, double* a, Index n) const;
  void value_and_derivative(const double* z, double* a, double* d, Index n) const;
  void all(const double* z, double* a, double* d, double* d2, Index n) const;
};

std::span<const ActivationInfo> activation_table();

const ActivationInfo& info(Activation id);

// What derivative_ulp is relative to at z, by the row's derivative_scale, from value = phi(z) and slope =
// phi'(z).
double derivative_magnitude(const ActivationInfo& phi, double z, double value, double slope);

// Throws InputError, listing the known names, for an unknown one.
Activation activation_from_name(std::string_view name);

}  // namespace jacobench
