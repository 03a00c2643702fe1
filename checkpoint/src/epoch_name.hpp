#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <weir/core/epoch.hpp>

namespace weir {

/// Manifests are named by their epochs, so that names are in the order of epochs: 00000000000000000042.
std::string epoch_name(Epoch epoch);
/// The epoch in such a name with `suffix` at its end; nullopt for other names.
std::optional<Epoch> epoch_in(const std::string& name, std::string_view suffix);

/// Ends the name of a trace of the highest epoch there was, or of a manifest that is being written (its writer's token stands between).
inline constexpr std::string_view kUnpublished = ".tmp";

}  // namespace weir
