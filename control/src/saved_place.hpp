#pragma once

#include <functional>
#include <memory>
#include <string>

#include <weir/checkpoint/saved_state.hpp>
#include <weir/checkpoint/state_changes.hpp>
#include <weir/control/command_line.hpp>

#include "configuration.hpp"
#include "flags.hpp"
#include "scratch_directory.hpp"

namespace weir {

/// A directory with checkpoints or one savepoint, opened to be looked at: nothing is claimed, nothing changed.
class SavedPlace {
 public:
  /// Throws FailJob(kUsage) when there is no checkpoint in `directory`, kStateUnusable when there is none that is committed.
  SavedPlace(const Configuration& configuration, const Program& program, const std::string& directory);

  const std::string& directory() const { return directory_; }
  CheckpointStore& store() { return *store_; }
  /// The newest checkpoint that is known to be committed.
  Epoch epoch() const { return epoch_; }
  Manifest manifest();

 private:
  const std::string directory_;
  std::unique_ptr<CheckpointStore> store_;
  Epoch epoch_ = kNoEpoch;
};

/// The keyed state of a place, in scratch space that goes with it.
class OpenedState {
 public:
  OpenedState(const Configuration& configuration, const Program& program, SavedPlace& place);
  const SavedState& state() const { return *state_; }

 private:
  ScratchDirectory scratch_{"state"};  // outlives the others
  std::unique_ptr<StateBackend> backend_;
  std::unique_ptr<SavedState> state_;
};

/// Does something with the newest committed checkpoint of a place. A job that runs removes that when it has newer ones, perhaps before all of
/// it was read: then the same is done with the next. `action` begins anew, and shows nothing before it has read what it needs.
void with_newest(const Configuration& configuration, const Program& program, const std::string& directory,
                 const std::function<void(SavedPlace&)>& action);

/// Where a question is about: --at, else the job's own checkpoints.
std::string place_of(const Configuration& configuration, const StateQuestion& question);
/// Throws FailJob(kUsage) when --of is not OPERATOR or OPERATOR/STATE.
SavedStateFilter filter_of(const StateQuestion& question);
/// An entry as a line of JSON, without the end of the line.
std::string json_line(const SavedEntry& entry);

}  // namespace weir
