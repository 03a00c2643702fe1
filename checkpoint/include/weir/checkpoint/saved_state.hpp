#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/store.hpp>
#include <weir/state/state_type.hpp>
#include <weir/state/tier.hpp>

namespace weir {

/// One entry of a checkpoint's state, as people read it.
struct SavedEntry {
  const StateSchemaEntry* state = nullptr;
  KeyGroup group = 0;                 ///< of keyed state
  std::optional<EventTime> pane_end;  ///< of windows' panes
  std::string key;                    ///< as JSON
  std::string map_key;                ///< as JSON; of maps only
  std::string value;                  ///< as JSON
  std::size_t bytes = 0;              ///< of key and value as stored
};

/// What to look at; empty fields admit everything.
struct SavedStateFilter {
  std::string operator_name;
  std::string state_name;
  std::optional<std::string> key;  ///< a text key as it is, any other key as its JSON
  std::string key_prefix;          ///< of the same text
};

/// Reads the state of a checkpoint or savepoint, without the program that wrote it. Every file is verified before the first
/// entry is shown. Not thread-safe.
class SavedState {
 public:
  /// Loads epoch `epoch` of `store`; state files are linked or copied to where `backend` stages them. Throws FailJob(kStateUnusable)
  /// with the name of what is damaged. References outlive this.
  SavedState(CheckpointStore& store, Epoch epoch, StateBackend& backend);
  ~SavedState();

  const Manifest& manifest() const { return manifest_; }
  /// Visits entries in the order of key group, state, namespace and key; a list's entries as one. Then what lies in the manifest: broadcast
  /// states, and the lists of workers, whose key is the worker. A visit that returns false ends the walk.
  void for_each(const SavedStateFilter& filter, const std::function<bool(const SavedEntry&)>& visit) const;
  /// The same for one key group, without the manifest. False when the walk was ended.
  bool for_each_in(KeyGroup group, const SavedStateFilter& filter,
                   const std::function<bool(const SavedEntry&)>& visit) const;

 private:
  struct Known {
    const StateSchemaEntry* entry;
    StateType key;
    StateType value;
  };
  /// The state that an entry of the tier belongs to; null: none, or one that the filter leaves out.
  const Known* find(std::string_view key, const SavedStateFilter& filter) const;
  static SavedEntry decode(const Known& known, std::string_view key, std::string_view value);
  void for_each_in_manifest(const SavedStateFilter& filter,
                            const std::function<bool(const SavedEntry&)>& visit) const;

  Manifest manifest_;
  std::map<std::uint32_t, Known> states_;  ///< by id in the tier
  std::vector<std::unique_ptr<StateTier>> tiers_;
};

}  // namespace weir
