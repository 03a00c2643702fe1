#pragma once

#include <atomic>

namespace weir {

namespace detail {
inline std::atomic<void (*)(const char* point)> kill_hook{nullptr};
}

/// Names a moment of the protocol at which tests end the process. Costs a load when no test asks for it; placed where
/// things happen once a batch or once an epoch, never once a record. docs/checkpoint-protocol.md lists the points.
inline void kill_point(const char* point) {
  if (auto* hook = detail::kill_hook.load(std::memory_order_relaxed)) hook(point);
}

}  // namespace weir
