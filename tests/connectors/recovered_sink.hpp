#pragma once

#include <vector>

#include <weir/core/sink.hpp>

/// As CommitProtocol does it where no commit log decides.
inline void recover(weir::Sink& sink, weir::Epoch restored, const std::vector<weir::SinkPart>& parts) {
  const weir::ClaimNumber last = sink.reserve(false);
  sink.claim({last + 1, false});
  sink.recover(restored, parts);
}
