#pragma once

#include <string>

#include <weir/checkpoint/manifest.hpp>

namespace weir {

/// What makes a manifest impossible although every byte is as written: it says the opposite of itself, or names what
/// cannot be. Completes "manifest 42 …"; empty: consistent.
std::string inconsistency(const Manifest& manifest);

}  // namespace weir
