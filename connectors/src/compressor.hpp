#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "compression.hpp"

namespace weir {

/// Compresses one file's content as it comes. Throws RestartJob when the library fails.
class Compressor {
 public:
  virtual ~Compressor() = default;
  /// Appends to `out` what `text` gives; some of it may be held back until finish().
  virtual void add(std::string_view text, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;
};

std::unique_ptr<Compressor> make_compressor(Compression compression);

}  // namespace weir
