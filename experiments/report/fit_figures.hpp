// Figures of a fit: the data with the fitted function and its bands, and what its residuals say.
#pragma once

#include <filesystem>
#include <optional>

#include "jacobench/files/fit_file.hpp"

#include "report/page.hpp"

namespace jacobench::harness {

// Figures bands, residuals, quantiles, leverage and starts, as far as the fit has what they need; where it has not, a
// paragraph says why. All in the units of the data.
// Bands:  those of the file, as `interval` wrote it, where it runs along one input; otherwise the fit's own pointwise
//         95% bands by its default method, along each input with the others at their means, among the data moved there
//         (fit + residual)
// Source: Cook and Weisberg (1982), Residuals and Influence in Regression, ch. 2; Blom (1958) for the normal quantiles
// Errors: InputError for a file that is not one of bands of this fit
PageSection fit_section(const StoredFit& stored, const std::optional<std::filesystem::path>& bands);

}  // namespace jacobench::harness
