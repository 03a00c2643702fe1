#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// What stands around the Protobuf of a manifest or commit record. The frame itself never changes; `version` counts the
/// changes of what is inside. docs/formats/manifest.md.
struct FrameKind {
  std::string_view magic;  ///< eight characters
  std::uint32_t version;   ///< the one written, and the newest one read
};

inline constexpr FrameKind kManifestFrame{"WEIRMAN1", 1};
inline constexpr FrameKind kCommitFrame{"WEIRCMT1", 1};

std::string framed(const FrameKind& kind, std::string_view content);

/// What is inside. `name` begins the messages: "manifest 42". Throws FailJob(kStateUnusable) saying what is wrong.
std::string_view unframed(const FrameKind& kind, std::string_view bytes, const std::string& name);

/// FailJob(kStateUnusable): what is wrong with `name`, and what can be done.
[[noreturn]] void refuse(const std::string& name, const std::string& fact);

}  // namespace weir
