#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/state/codec.hpp>

namespace weir {

/// Bytes of operator state in front of what an operator adds: see OperatorStates.
inline constexpr std::size_t kOperatorStateHeaderBytes = 24;

/// States that lie in the manifest, by name: what an operator gives to OperatorStates::seal() besides. Written as
/// `(name:text content:text)*`; docs/formats/state.md.
class ManifestStates {
 public:
  /// `content` as the state's type says.
  static void append(std::string& out, std::string_view name, std::string_view content) {
    StateCodec<std::string_view>::encode(out, name);
    StateCodec<std::string_view>::encode(out, content);
  }
  /// Views into `bytes`. Throws FailJob(kStateUnusable) unless they are what append() wrote.
  static std::vector<std::pair<std::string_view, std::string_view>> parse(std::string_view bytes) {
    std::vector<std::pair<std::string_view, std::string_view>> states;
    for (StateReader in(bytes); !in.at_end();) {
      const std::string_view name = in.take(in.number<std::uint32_t>());
      states.emplace_back(name, in.take(in.number<std::uint32_t>()));
    }
    return states;
  }
  /// The content of one of them; a null view when it is not there.
  static std::string_view find(std::string_view bytes, std::string_view name) {
    for (const auto& [known, content] : parse(bytes))
      if (known == name) return content;
    return {};
  }
};

}  // namespace weir
