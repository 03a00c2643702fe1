#pragma once

#include <memory>
#include <string>

#include <weir/checkpoint/store.hpp>

namespace weir {

/// Where checkpoints or a savepoint lie: a directory, or `s3://bucket/prefix?…`.
bool is_remote(const std::string& location);

/// The store of a location. Throws as make_directory_store() and make_s3_store() do.
std::unique_ptr<CheckpointStore> make_store(const std::string& location, StoreClaim claim);

/// Whether there may be checkpoints at a location. Where this is false, opening a store would make an empty one.
bool may_hold_checkpoints(const std::string& location);
/// Whether something is there already, so that a savepoint cannot be made in its place. Throws as a store does.
bool is_taken(const std::string& location);
/// Removes all of a savepoint. Requires: nobody uses it.
void remove_all(const std::string& location);

}  // namespace weir
