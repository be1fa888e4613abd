// A model between two affine maps that are not parameters: what scaled the columns of the data before a network was
// trained.
//
// Model:  y = outputs(f(inputs(x); theta)); a map takes each column by itself, x_d scale_d + shift_d
// Shapes: inputs has D entries, outputs K, or none for the identity
#pragma once

#include "jacobench/network/model.hpp"

namespace jacobench {

struct AffineMap {
  Vector scale = {}, shift = {};  // one entry a column; both empty: the identity

  bool is_identity() const { return scale.size() == 0; }

  // Shapes: X, Y [N x columns]
  Matrix of(const MatrixView& X) const;
  Matrix inverse_of(const MatrixView& Y) const;  // no scale may be 0

  // x -> next(this(x))
  AffineMap then(const AffineMap& next) const;
};

struct ScaledModel {
  Model model;
  AffineMap inputs = {}, outputs = {};

  bool has_maps() const { return !inputs.is_identity() || !outputs.is_identity(); }
};

// The same function of x with the maps inside the first and the last layer, which then have a bias where a shift needs
// one. Its parameters, and a penalty on them, mean something else.
// Errors: InputError where a map of the outputs stands behind an activation, which no layer can take in
Model folded(const ScaledModel& scaled);

// y at the rows of X [N x D], in the units of the data.
Matrix evaluate(const ScaledModel& scaled, const MatrixView& X);

}  // namespace jacobench
