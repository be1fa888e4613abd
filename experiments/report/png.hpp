// SVG to PNG, by rsvg-convert of librsvg.
#pragma once

#include <string>

namespace jacobench::harness {

// The picture at twice its size, for print. Errors: InputError where rsvg-convert is missing or fails
std::string png_of(const std::string& svg);

}  // namespace jacobench::harness
