#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/claim.hpp>
#include <weir/core/digest.hpp>
#include <weir/core/epoch.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/core/key_group.hpp>
#include <weir/core/sink.hpp>
#include <weir/core/source.hpp>

namespace weir {

/// 128 bits of XXH3.
struct Checksum {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Checksum&, const Checksum&) = default;
  std::string hex() const;
};

Checksum checksum(std::string_view bytes);

/// A file in the checkpoint store, found by its content and by who wrote it.
struct StoredFile {
  std::string name;  ///< within the snapshot it belongs to
  std::uint64_t bytes = 0;
  Checksum checksum;
  ClaimNumber claim = 0;  ///< of the process that wrote it; 0: a version of weir that did not say
  /// What the store calls it: `<claim>-<checksum>`, or the checksum alone.
  std::string stored_name() const;
  friend bool operator==(const StoredFile&, const StoredFile&) = default;
};

struct PartitionProgress {
  std::string source;
  std::string partition;
  Position begin;  ///< at the previous barrier: with `end`, the range of epoch n
  Position end;    ///< at this barrier: where a restore goes on
  EventTime watermark;
  bool ended = false;  ///< had been read to the end that it had; a later run reads on where there is more
};

struct StateShard {
  std::uint32_t worker = 0;
  KeyGroupRange key_groups;
  std::vector<StoredFile> files;
};

struct OperatorStateEntry {
  std::string operator_name;
  std::uint32_t worker = 0;
  std::string bytes;
  std::optional<EventTime> ended_at =
      std::nullopt;  ///< SnapshotWriter::ended_at(); none: its inputs had not ended
};

struct StateSchemaEntry {
  std::string operator_name;
  StateDescription state;
};

struct SinkProgress {
  std::string sink;
  std::vector<SinkPart> parts;
};

/// Rows of one epoch on one edge: what its senders sent, what its receivers received. Equal, or the checkpoint is refused.
struct EdgeLedger {
  std::string edge;  ///< "flights → hourly-delay"
  Digest sent;
  Digest received;
};

/// Everything that makes checkpoint n: with the files it names, enough to go on from barrier n.
struct Manifest {
  std::string job;
  std::string instance;
  std::string fingerprint;
  Epoch epoch = kNoEpoch;
  Epoch predecessor = kNoEpoch;   ///< the epoch this one followed
  Checksum predecessor_checksum;  ///< of that manifest's bytes; zero for the first
  std::uint32_t max_parallelism = kDefaultMaxParallelism;
  std::uint32_t parallelism = 1;
  std::int64_t created_millis = 0;
  bool final = false;  ///< the last one of a run that ended or was stopped
  Checksum
      origin;  ///< of the manifest of the savepoint that this chain of checkpoints began with; zero: with none
  std::vector<PartitionProgress> sources;
  std::vector<StateShard> shards;
  std::vector<OperatorStateEntry> operator_states;
  std::vector<StateSchemaEntry> schemas;
  std::vector<SinkProgress> sinks;
  std::vector<EdgeLedger> edges;
};

/// What the sinks' own transaction carries about epoch n. With kNoEpoch it says only whose the instance is: nothing is committed yet.
struct CommitRecord {
  std::string job;
  std::string instance;
  Epoch epoch = kNoEpoch;
  Checksum manifest;  ///< of the manifest's bytes; covers positions and ledger
  std::vector<PartitionProgress> sources;
  ClaimNumber claim = 0;   ///< of the process that wrote the record; 0: a version of weir that did not say
  std::string store = {};  ///< CheckpointStore::identity() of where its checkpoints are
  std::string fingerprint = {};  ///< of the pipeline
  std::string holder = {};       ///< that process, in words for people
  Checksum origin = {};          ///< Manifest::origin
};

/// The bytes of a manifest file: magic, version, length, Protobuf, checksum of all before. docs/formats/manifest.md.
std::string encode(const Manifest& manifest);
/// `name` is used in messages. Throws FailJob(kStateUnusable), saying what is wrong, unless every byte is as written.
Manifest decode_manifest(std::string_view bytes, const std::string& name);

std::string encode(const CommitRecord& record);
/// Throws FailJob(kStateUnusable).
CommitRecord decode_commit_record(std::string_view bytes);

}  // namespace weir
