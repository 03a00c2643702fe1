#pragma once

#include <string_view>

#include <weir/checkpoint/manifest.hpp>

struct XXH3_state_s;

namespace weir {

/// The checksum of content that comes in pieces.
class StreamingChecksum {
 public:
  StreamingChecksum();
  ~StreamingChecksum();
  StreamingChecksum(const StreamingChecksum&) = delete;
  StreamingChecksum& operator=(const StreamingChecksum&) = delete;

  void add(std::string_view piece);
  Checksum value() const;

 private:
  XXH3_state_s* state_;
};

}  // namespace weir
