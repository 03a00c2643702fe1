#include "manifest_proto.hpp"

namespace weir {

namespace {

void fill(pb::Checksum& to, const Checksum& from) {
  to.set_low(from.low);
  to.set_high(from.high);
}
Checksum value(const pb::Checksum& from) { return {from.low(), from.high()}; }

void fill(pb::Digest& to, const Digest& from) {
  to.set_count(from.count);
  to.set_low(from.low);
  to.set_high(from.high);
}
Digest value(const pb::Digest& from) { return {from.count(), from.low(), from.high()}; }

void fill(pb::Position& to, const Position& from) {
  to.set_offset(from.offset);
  to.set_detail(from.detail);
}
Position value(const pb::Position& from) { return {from.offset(), from.detail()}; }

void fill(pb::PartitionProgress& to, const PartitionProgress& from) {
  to.set_source(from.source);
  to.set_partition(from.partition);
  fill(*to.mutable_begin(), from.begin);
  fill(*to.mutable_end(), from.end);
  to.set_watermark_millis(from.watermark.millis);
  to.set_ended(from.ended);
}
PartitionProgress value(const pb::PartitionProgress& from) {
  return {from.source(),     from.partition(),          value(from.begin()),
          value(from.end()), {from.watermark_millis()}, from.ended()};
}

void fill(pb::StoredFile& to, const StoredFile& from) {
  to.set_name(from.name);
  to.set_bytes(from.bytes);
  fill(*to.mutable_checksum(), from.checksum);
  to.set_claim(from.claim);
}
StoredFile value(const pb::StoredFile& from) {
  return {from.name(), from.bytes(), value(from.checksum()), from.claim()};
}

void fill(pb::SinkPart& to, const SinkPart& from) {
  to.set_worker(from.worker);
  to.set_payload(from.payload);
  fill(*to.mutable_written(), from.written);
}
SinkPart value(const pb::SinkPart& from) { return {from.worker(), from.payload(), value(from.written())}; }

// Declared before the templates that call them: lookup by argument does not look into an unnamed namespace.
void fill(pb::StateShard& to, const StateShard& from);
StateShard value(const pb::StateShard& from);
void fill(pb::OperatorState& to, const OperatorStateEntry& from);
OperatorStateEntry value(const pb::OperatorState& from);
void fill(pb::StateSchema& to, const StateSchemaEntry& from);
StateSchemaEntry value(const pb::StateSchema& from);
void fill(pb::SinkProgress& to, const SinkProgress& from);
SinkProgress value(const pb::SinkProgress& from);
void fill(pb::EdgeLedger& to, const EdgeLedger& from);
EdgeLedger value(const pb::EdgeLedger& from);

/// Both directions for a repeated field whose elements have a fill() and a value().
template <class Messages, class Values>
void fill_all(Messages& to, const Values& from) {
  for (const auto& element : from) fill(*to.Add(), element);
}
template <class Value, class Messages>
std::vector<Value> values(const Messages& from) {
  std::vector<Value> to;
  to.reserve(static_cast<std::size_t>(from.size()));
  for (const auto& element : from) to.push_back(value(element));
  return to;
}

void fill(pb::StateShard& to, const StateShard& from) {
  to.set_worker(from.worker);
  to.set_first_key_group(from.key_groups.first);
  to.set_end_key_group(from.key_groups.end);
  fill_all(*to.mutable_files(), from.files);
}
StateShard value(const pb::StateShard& from) {
  return {from.worker(), {from.first_key_group(), from.end_key_group()}, values<StoredFile>(from.files())};
}

void fill(pb::OperatorState& to, const OperatorStateEntry& from) {
  to.set_operator_name(from.operator_name);
  to.set_worker(from.worker);
  to.set_content(from.bytes);
  if (from.ended_at) to.set_ended_at_millis(from.ended_at->millis);
}
OperatorStateEntry value(const pb::OperatorState& from) {
  OperatorStateEntry entry{from.operator_name(), from.worker(), from.content()};
  if (from.has_ended_at_millis()) entry.ended_at = EventTime{from.ended_at_millis()};
  return entry;
}

void fill(pb::StateSchema& to, const StateSchemaEntry& from) {
  to.set_operator_name(from.operator_name);
  to.set_state_name(from.state.name);
  to.set_key_type(from.state.key_type);
  to.set_value_type(from.state.value_type);
}
StateSchemaEntry value(const pb::StateSchema& from) {
  return {from.operator_name(), {from.state_name(), from.key_type(), from.value_type()}};
}

void fill(pb::SinkProgress& to, const SinkProgress& from) {
  to.set_sink(from.sink);
  fill_all(*to.mutable_parts(), from.parts);
}
SinkProgress value(const pb::SinkProgress& from) { return {from.sink(), values<SinkPart>(from.parts())}; }

void fill(pb::EdgeLedger& to, const EdgeLedger& from) {
  to.set_edge(from.edge);
  fill(*to.mutable_sent(), from.sent);
  fill(*to.mutable_received(), from.received);
}
EdgeLedger value(const pb::EdgeLedger& from) {
  return {from.edge(), value(from.sent()), value(from.received())};
}

}  // namespace

pb::Manifest to_proto(const Manifest& manifest) {
  pb::Manifest proto;
  proto.set_job(manifest.job);
  proto.set_instance(manifest.instance);
  proto.set_fingerprint(manifest.fingerprint);
  proto.set_epoch(manifest.epoch);
  proto.set_predecessor(manifest.predecessor);
  fill(*proto.mutable_predecessor_checksum(), manifest.predecessor_checksum);
  proto.set_max_parallelism(manifest.max_parallelism);
  proto.set_parallelism(manifest.parallelism);
  proto.set_created_millis(manifest.created_millis);
  proto.set_final(manifest.final);
  fill_all(*proto.mutable_sources(), manifest.sources);
  fill_all(*proto.mutable_shards(), manifest.shards);
  fill_all(*proto.mutable_operator_states(), manifest.operator_states);
  fill_all(*proto.mutable_schemas(), manifest.schemas);
  fill_all(*proto.mutable_sinks(), manifest.sinks);
  fill_all(*proto.mutable_edges(), manifest.edges);
  if (manifest.origin != Checksum{}) fill(*proto.mutable_origin(), manifest.origin);
  return proto;
}

Manifest from_proto(const pb::Manifest& proto) {
  Manifest manifest;
  manifest.job = proto.job();
  manifest.instance = proto.instance();
  manifest.fingerprint = proto.fingerprint();
  manifest.epoch = proto.epoch();
  manifest.predecessor = proto.predecessor();
  manifest.predecessor_checksum = value(proto.predecessor_checksum());
  manifest.max_parallelism = proto.max_parallelism();
  manifest.parallelism = proto.parallelism();
  manifest.created_millis = proto.created_millis();
  manifest.origin = value(proto.origin());
  manifest.final = proto.final();
  manifest.sources = values<PartitionProgress>(proto.sources());
  manifest.shards = values<StateShard>(proto.shards());
  manifest.operator_states = values<OperatorStateEntry>(proto.operator_states());
  manifest.schemas = values<StateSchemaEntry>(proto.schemas());
  manifest.sinks = values<SinkProgress>(proto.sinks());
  manifest.edges = values<EdgeLedger>(proto.edges());
  return manifest;
}

pb::CommitRecord to_proto(const CommitRecord& record) {
  pb::CommitRecord proto;
  proto.set_job(record.job);
  proto.set_instance(record.instance);
  proto.set_epoch(record.epoch);
  fill(*proto.mutable_manifest(), record.manifest);
  fill_all(*proto.mutable_sources(), record.sources);
  proto.set_claim(record.claim);
  proto.set_store(record.store);
  proto.set_fingerprint(record.fingerprint);
  proto.set_holder(record.holder);
  if (record.origin != Checksum{}) fill(*proto.mutable_origin(), record.origin);
  return proto;
}

CommitRecord from_proto(const pb::CommitRecord& proto) {
  return {proto.job(),
          proto.instance(),
          proto.epoch(),
          value(proto.manifest()),
          values<PartitionProgress>(proto.sources()),
          proto.claim(),
          proto.store(),
          proto.fingerprint(),
          proto.holder(),
          value(proto.origin())};
}

}  // namespace weir
