#pragma once

#include <string>
#include <vector>

#include <weir/checkpoint/saved_state.hpp>
#include <weir/checkpoint/store.hpp>

namespace weir {

/// What a checkpoint holds, a line an entry, and where its sources stood. `scratch` is a directory for state files.
inline std::vector<std::string> dump(const std::string& checkpoint, const std::string& scratch) {
  const auto store = make_directory_store(checkpoint);
  const auto backend = make_rocksdb_backend({scratch, 8 << 20});
  const SavedState state(*store, store->epochs().back(), *backend);
  std::vector<std::string> lines;
  for (const PartitionProgress& source : state.manifest().sources)
    lines.push_back(source.source + " " + source.partition + " at " + std::to_string(source.end.offset) +
                    " watermark " + std::to_string(source.watermark.millis) + (source.ended ? " ended" : ""));
  for (const StateSchemaEntry& schema : state.manifest().schemas)
    lines.push_back(schema.operator_name + "/" + schema.state.name + " is " + schema.state.key_type + " -> " +
                    schema.state.value_type);
  state.for_each({}, [&](const SavedEntry& entry) {
    std::string line = entry.state->operator_name + "/" + entry.state->state.name;
    if (entry.pane_end) line += " pane " + std::to_string(entry.pane_end->millis);
    lines.push_back(line + " " + entry.key + " " + entry.map_key + " " + entry.value);
    return true;
  });
  return lines;
}

}  // namespace weir
