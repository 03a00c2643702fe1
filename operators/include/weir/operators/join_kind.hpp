#pragma once

namespace weir {

/// Which rows come out of a join without a partner: none, the left ones, the right ones, or all.
enum class JoinKind { kInner, kLeft, kRight, kFull };

}  // namespace weir
