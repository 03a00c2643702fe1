#include <weir/checkpoint/saved_state_writer.hpp>

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/ordered_codec.hpp>
#include <weir/state/rewrite.hpp>
#include <weir/state/store.hpp>

#include "json_state.hpp"

namespace weir {

namespace {

using Json = simdjson::dom::element;
using Kind = StateType::Kind;

constexpr std::size_t kPortionBytes = std::size_t{16} << 20;

/// The members of a line.
struct Line {
  std::optional<Json> operator_name, state, key, map_key, value;
};

Line members_of(const Json& json) {
  if (!json.is_object()) throw BadJson("it is not a JSON object");
  Line line;
  for (const auto& [name, member] : json.get<simdjson::dom::object>()) {
    std::optional<Json>* known = name == "operator"  ? &line.operator_name
                                 : name == "state"   ? &line.state
                                 : name == "key"     ? &line.key
                                 : name == "map_key" ? &line.map_key
                                 : name == "value"   ? &line.value
                                                     : nullptr;
    if (name == "pane_end")
      throw BadJson("pane_end: the state of windows cannot be written; their operator keeps more about them");
    if (!known)
      throw BadJson(fmt::format("there is no member {}: only operator, state, key, map_key and value", name));
    if (*known) throw BadJson(fmt::format("{} is there twice", name));
    *known = member;
  }
  return line;
}

std::string text_of(const Json& json, const char* name) {
  if (!json.is_string()) throw BadJson(fmt::format("{}: {} is not text", name, simdjson::minify(json)));
  return std::string(json.get<std::string_view>().value());
}

SavedStateWriter::StateName name_of(const Line& line,
                                    const std::optional<SavedStateWriter::StateName>& otherwise) {
  if (!otherwise && (!line.operator_name || !line.state))
    throw BadJson("it does not say which operator and state it is for");
  SavedStateWriter::StateName name = otherwise.value_or(SavedStateWriter::StateName());
  if (line.operator_name) name.first = text_of(*line.operator_name, "operator");
  if (line.state) name.second = text_of(*line.state, "state");
  return name;
}

/// The states that can be written, for messages.
std::string writable_states(const JobGraph& graph) {
  std::string names;
  for (const Vertex& vertex : graph.vertices)
    if (const auto* op = std::get_if<OperatorVertex>(&vertex.what); op && op->state_by_key)
      for (const StateDescription& state : op->states)
        names += fmt::format("{}{}/{}", names.empty() ? "" : ", ", vertex.name, state.name);
  return names.empty() ? "none" : names;
}

const StateDescription& find_state(const JobGraph& graph, const SavedStateWriter::StateName& name) {
  const Vertex* vertex = graph.find(name.first);
  const auto* op = vertex ? std::get_if<OperatorVertex>(&vertex->what) : nullptr;
  if (op && op->state_by_key)
    for (const StateDescription& state : op->states)
      if (state.name == name.second && is_key(StateType::parse(state.key_type))) return state;
  const bool known =
      op && std::any_of(op->states.begin(), op->states.end(),
                        [&](const StateDescription& state) { return state.name == name.second; });
  throw FailJob(fmt::format("state {}/{} {}; there are: {}", name.first, name.second,
                            known ? "cannot be written: its operator keeps more about it than entries by key"
                                  : "is not in this program",
                            writable_states(graph)),
                ExitCode::kUsage);
}

}  // namespace

struct SavedStateWriter::Parser {
  simdjson::dom::parser json;
};

SavedStateWriter::SavedStateWriter(const JobGraph& graph, Manifest identity, StateBackend& backend)
    : graph_(graph), manifest_(std::move(identity)), parser_(std::make_unique<Parser>()) {
  shards_.emplace_back();
  shards_.back().groups = {0, manifest_.max_parallelism};
  shards_.back().tier = backend.create(0);
}

SavedStateWriter::SavedStateWriter(const JobGraph& graph, CheckpointStore& base, Epoch epoch,
                                   StateBackend& backend)
    : graph_(graph),
      manifest_(decode_manifest(base.load(epoch), base.describe(epoch))),
      parser_(std::make_unique<Parser>()) {
  for (const StateShard& shard : manifest_.shards) {
    std::vector<SnapshotFile> files;
    for (const StoredFile& file : shard.files) files.push_back(base.get(file, backend.staging_directory()));
    Shard& own = shards_.emplace_back();
    own.groups = shard.key_groups;
    own.tier = backend.open(shard.worker, files);
  }
}

SavedStateWriter::~SavedStateWriter() = default;

void SavedStateWriter::replace(const StateName& name) {
  if (written_.contains(name)) return;
  const StateDescription& state = find_state(graph_, name);
  Written written;
  written.id = state_id(name.first, name.second);
  written.key = StateType::parse(state.key_type);
  written.value = StateType::parse(state.value_type);
  for (Shard& shard : shards_) drop_state(*shard.tier, shard.groups, written.id);
  std::erase_if(manifest_.schemas, [&](const StateSchemaEntry& entry) {
    return entry.operator_name == name.first && entry.state.name == name.second;
  });
  manifest_.schemas.push_back({name.first, state});
  written_.emplace(name, std::move(written));
}

SavedStateWriter::Written& SavedStateWriter::state_of(const StateName& name) {
  const auto found = written_.find(name);
  if (found != written_.end()) return found->second;
  replace(name);
  return written_.at(name);
}

void SavedStateWriter::add(std::string_view line, const LineOf& at,
                           const std::optional<StateName>& otherwise) {
  try {
    take(line, at, otherwise);
  } catch (const BadJson& bad) {
    complain(at, bad.what());
  } catch (const simdjson::simdjson_error& bad) {
    complain(at, fmt::format("it is not JSON: {}", bad.what()));
  } catch (const FailJob& bad) {
    complain(at, bad.what());
  }
}

void SavedStateWriter::take(std::string_view text, const LineOf& at,
                            const std::optional<StateName>& otherwise) {
  const Line line = members_of(parser_->json.parse(text.data(), text.size()));
  Written& state = state_of(name_of(line, otherwise));
  if (!line.key || !line.value) throw BadJson(line.key ? "value is missing" : "key is missing");
  if (line.map_key.has_value() != (state.value.kind == Kind::kMap))
    throw BadJson(line.map_key ? "map_key: the state is not a map"
                               : "map_key is missing: the state is a map");
  std::string key, value;
  append_state(key, state.key, *line.key, {"key"});
  append_state(value, state.value, *line.value, {"value"});
  StateReader key_in(key);
  const KeyGroup group = key_group_of(hash_of_key(state.key, key_in), manifest_.max_parallelism);
  std::string name = state_prefix(group, state.id, 0) + key;
  if (state.value.kind == Kind::kMap) {
    std::string map_key;
    append_state(map_key, state.value.parts[0], *line.map_key, {"map_key"});
    StateReader in(map_key);
    append_ordered(name, state.value.parts[0], in);
  }
  ++entries_;
  if (state.value.kind != Kind::kRows) return put(std::move(name), value, group, at);
  if (value.empty()) return;  // no rows: no entry
  std::string chunk;
  detail::append_ordered(chunk, state.next_chunk++);
  put(name + chunk, value, group, at);
}

void SavedStateWriter::put(std::string key, std::string_view value, KeyGroup group, const LineOf& at) {
  const auto shard =
      std::find_if(shards_.begin(), shards_.end(), [&](const Shard& s) { return s.groups.contains(group); });
  WEIR_ASSERT(shard != shards_.end(), "the shards of a manifest hold all key groups");
  shard->delta.put(key, value);
  shard->lines.emplace_back(std::move(key), at);
  if (shard->delta.bytes() >= kPortionBytes) write(*shard);
}

void SavedStateWriter::write(Shard& shard) {
  const auto by_key = [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.file, a.second.number) <
           std::tie(b.first, b.second.file, b.second.number);
  };
  std::sort(shard.lines.begin(), shard.lines.end(), by_key);
  std::vector<std::string> keys;
  for (const auto& [key, at] : shard.lines) keys.push_back(key);
  const auto earlier = shard.tier->multi_get(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool again = i > 0 && keys[i] == keys[i - 1];
    if (again)
      complain(shard.lines[i].second,
               fmt::format("the same key is in {} line {}", shard.lines[i - 1].second.file,
                           shard.lines[i - 1].second.number));
    else if (earlier[i]) complain(shard.lines[i].second, "the same key is in an earlier line");
  }
  shard.lines.clear();
  shard.delta.sort();
  if (!shard.delta.empty()) shard.tier->apply(shard.delta);
  shard.delta = StateDelta();
}

void SavedStateWriter::complain(const LineOf& at, const std::string& why) {
  if (++problem_count_ <= kProblemsMost)
    problems_.push_back(fmt::format("{} line {}: {}", at.file, at.number, why));
}

const std::vector<std::string>& SavedStateWriter::problems() {
  for (Shard& shard : shards_) write(shard);
  return problems_;
}

Manifest SavedStateWriter::put_into(CheckpointStore& to) {
  WEIR_ASSERT(problems().empty(), "nothing is published of lines that cannot be taken");
  describe_states();
  manifest_.fingerprint = fingerprint(graph_);
  manifest_.shards.clear();
  for (std::uint32_t worker = 0; worker < shards_.size(); ++worker) {
    StateShard shard{worker, shards_[worker].groups, {}};
    for (const SnapshotFile& file : shards_[worker].tier->snapshot()) shard.files.push_back(to.put(file));
    manifest_.shards.push_back(std::move(shard));
  }
  return manifest_;
}

/// Operators that the checkpoint knew nothing of would take their state for a new one, without entries.
void SavedStateWriter::describe_states() {
  for (const auto& [name, written] : written_) {
    const bool known =
        std::any_of(manifest_.operator_states.begin(), manifest_.operator_states.end(),
                    [&, op = name.first](const auto& entry) { return entry.operator_name == op; });
    if (known) continue;
    for (std::uint32_t worker = 0; worker < shards_.size(); ++worker)
      manifest_.operator_states.push_back(
          {name.first, worker, OperatorStates::progress(EventTime::min(), shards_[worker].groups, 1)});
  }
}

}  // namespace weir
