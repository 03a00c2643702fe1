#include "attempt.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>
#include <weir/state/rewrite.hpp>

#include "failure_place.hpp"
#include "operator_task.hpp"
#include "restored_sources.hpp"
#include "savepoint.hpp"
#include "sink_task.hpp"
#include "source_address.hpp"
#include "watch.hpp"

namespace weir {

namespace {

constexpr std::chrono::microseconds kDefaultLinger{200};

Environment::Instant linger_of(const JobOptions& options) {
  return options.linger.count() > 0 ? Environment::Instant(options.linger)
                                    : Environment::Instant(kDefaultLinger);
}

bool is_stateful(const Vertex& vertex) {
  const auto* op = std::get_if<OperatorVertex>(&vertex.what);
  return op && !op->states.empty();
}

std::string address_of(const Vertex& vertex, const std::map<std::string, std::string>& bound,
                       const std::string& program_default) {
  const auto found = bound.find(vertex.name);
  return found != bound.end() ? found->second : program_default;
}

}  // namespace

Attempt::Attempt(const JobGraph& graph, const JobOptions& options, const JobWorld& world,
                 CheckpointStore& checkpoints, Epoch oldest)
    : graph_(graph),
      options_(options),
      world_(world),
      checkpoints_(checkpoints),
      control_(world.environment, linger_of(options)) {
  try {
    build(oldest);
  } catch (...) {
    world_.environment.await_blocking();  // as in the destructor: what runs there may use what was built
    throw;
  }
}

void Attempt::build(Epoch oldest) {
  open_connectors();
  recover(oldest);
  check_sources();
  restore_state();
  build_channels();
  tasks_.resize(options_.parallelism);
  for (std::uint32_t worker = 0; worker < options_.parallelism; ++worker) build_tasks(worker);
  build_coordinator();
}

Attempt::~Attempt() { world_.environment.await_blocking(); }

void Attempt::open_connectors() {
  connectors_ = world_.connectors();
  // Sinks first: the fence must come before anything else can take long.
  for (const Vertex& vertex : graph_.vertices) {
    const auto* sink = std::get_if<SinkVertex>(&vertex.what);
    if (!sink) continue;
    const ConnectorUri uri = ConnectorUri::parse(address_of(vertex, options_.sinks, sink->default_uri));
    sinks_.push_back({&vertex, connectors_->sink(uri, connector_context(vertex, sink->schema, uri.scheme))});
  }
  for (const Vertex& vertex : graph_.vertices) {
    if (!std::holds_alternative<SourceVertex>(vertex.what)) continue;
    Pace pace;
    OpenSource& open = sources_.emplace_back();
    open.vertex = &vertex;
    open.source = open_source(open, pace);
    open.partitions = open.source->partitions();
    open.board = std::make_unique<SourceBoard>(open.partitions.size(), pace.rate, world_.environment.now(),
                                               pace.in_turn);
    open.progress.resize(options_.parallelism);
  }
  align_sources();
  control_.find_rows_under_way([this] { return rows_under_way(); });
}

void Attempt::align_sources() {
  std::map<std::string, std::vector<const SourceBoard*>> groups;
  const auto group_of = [](const OpenSource& open) {
    return std::get<SourceVertex>(open.vertex->what).drift_group;
  };
  for (const OpenSource& open : sources_) groups[group_of(open)].push_back(open.board.get());
  for (const OpenSource& open : sources_)
    if (const std::string group = group_of(open); !group.empty()) open.board->align_with(groups[group]);
}

std::unique_ptr<Source> Attempt::open_source(OpenSource& open, Pace& pace) {
  const Vertex& vertex = *open.vertex;
  const auto& source = std::get<SourceVertex>(vertex.what);
  SourceAddress address =
      SourceAddress::parse(vertex.name, address_of(vertex, options_.sources, source.default_uri));
  pace.rate = address.rate;
  if (address.uri.scheme == "generator") {
    const GeneratorOptions generator = address.generator();
    if (!source.generator)
      throw FailJob(fmt::format("source '{}' has no generator: bind it to a file or a topic", vertex.name),
                    ExitCode::kUsage);
    bounded_ = bounded_ && generator.events.has_value();
    pace.in_turn = true;
    return source.generator(generator);
  }
  SourceOptions options;
  options.start = options_.from == StartFrom::kLatest ? StartAt::kLatest : StartAt::kEarliest;
  options.bounded = options_.until_latest;
  open.has_own_ends = address.uri.scheme == "file";
  bounded_ = bounded_ && (options_.until_latest || open.has_own_ends);
  return connectors_->source(address.uri, connector_context(vertex, source.schema, address.uri.scheme),
                             options);
}

/// An eighth of all memory is for what connectors hold, in equal parts.
std::size_t Attempt::connector_bytes() const {
  std::size_t connectors = 0;
  for (const Vertex& vertex : graph_.vertices)
    connectors += !std::holds_alternative<OperatorVertex>(vertex.what);
  return options_.memory_bytes / 8 / std::max<std::size_t>(connectors, 1);
}

ConnectorContext Attempt::connector_context(const Vertex& vertex, const RowSchema* schema,
                                            const std::string& scheme) const {
  ConnectorContext context{graph_.name, options_.instance,   vertex.name,
                           schema,      &world_.environment, &world_.metrics,
                           {},          warning(world_),     world_.stopping};
  if (const auto found = options_.connectors.find(scheme); found != options_.connectors.end())
    context.settings = found->second;
  context.memory_bytes = connector_bytes();
  return context;
}

void Attempt::recover(Epoch oldest) {
  CommitLog* log = nullptr;
  std::vector<NamedSink> named;
  for (OpenSink& open : sinks_) {
    named.push_back({open.vertex->name, open.sink.get()});
    CommitLog* own = open.sink->commit_log();
    if (own && log && own != log)
      throw FailJob("the sinks belong to two transactional clusters; one commit cannot cover both",
                    ExitCode::kUsage);
    if (own) log = own;
  }
  Counter& failures = world_.metrics.counter("weir_checkpoint_cleanup_failures_total",
                                             "Commits behind which older checkpoints were not removed.");
  protocol_ = std::make_unique<CommitProtocol>(checkpoints_, log, std::move(named),
                                               [this, &failures](const std::string& line) {
                                                 failures.add(1);
                                                 warning(world_)(line);
                                               });
  recovery_ = protocol_->recover(recovery_options(oldest));
  start_ = recovery_.manifest;
  state_files_ = &checkpoints_;
  if (!start_ && options_.from == StartFrom::kSavepoint) open_savepoint();
  log_ignored(oldest);
  if (!start_) return;
  plan_state();
  world_.log(recovery_.manifest ? fmt::format("going on from epoch {}", start_->epoch)
                                : fmt::format("starting from {}", state_files_->describe(start_->epoch)));
}

RecoveryOptions Attempt::recovery_options(Epoch oldest) {
  RecoveryOptions wanted = weir::recovery_options(graph_, options_, world_.store, oldest);
  wanted.fits = [this](const Manifest& manifest) { plan_of(manifest, checkpoints_); };
  return wanted;
}

void Attempt::log_ignored(Epoch oldest) const {
  // Its own earlier attempts' commits are not ignored: then nothing had been read.
  if (recovery_.ignored == kNoEpoch || oldest != std::numeric_limits<Epoch>::max()) return;
  const char* const means = options_.from == StartFrom::kLatest
                                ? "rows between that and the present end are skipped"
                                : "rows from there on are read again, and what they gave is written again";
  warning(world_)(
      fmt::format("--from {} passes over epoch {}, which is committed: the job begins with empty state, "
                  "and {}; without "
                  "--from it goes on from that epoch",
                  to_string(options_.from), recovery_.ignored, means));
}

void Attempt::check_sources() {
  if (!start_) return;
  for (const PartitionProgress& progress : start_->sources)
    known_[{progress.source, progress.partition}] = &progress;
  for (OpenSource& open : sources_)
    open.source->check_restored(restored_partitions(*start_, open.vertex->name));
}

bool Attempt::pins_first_positions() const {
  return std::any_of(sources_.begin(), sources_.end(), [this](const OpenSource& open) {
    return open.source->first_positions_move() &&
           std::any_of(open.partitions.begin(), open.partitions.end(), [&](const std::string& partition) {
             return restored(open.vertex->name, partition) == nullptr;
           });
  });
}

void Attempt::open_savepoint() {
  Savepoint savepoint = weir::open_savepoint(options_, world_.store);
  start_ = std::move(savepoint.manifest);
  start_->origin = savepoint.checksum;
  savepoint_ = std::move(savepoint.store);
  state_files_ = savepoint_.get();
}

RestorePlan Attempt::plan_of(const Manifest& manifest, const CheckpointStore& from) const {
  RestorePlan plan = plan_restore(manifest, graph_, {options_.max_parallelism, options_.allow_dropped_state});
  if (!plan.refusals.empty())
    throw FailJob(
        fmt::format(
            "{} does not fit this pipeline; convert it by a program that has both forms, or start over "
            "with --from fresh: {}",
            from.describe(manifest.epoch), fmt::join(plan.refusals, "; ")),
        ExitCode::kStateUnusable);
  return plan;
}

void Attempt::plan_state() {
  plan_ = plan_of(*start_, *state_files_);
  for (const StateOutcome& outcome : plan_.states)
    if (outcome.change.kind != StateChange::Kind::kSame) world_.log(outcome.line);
  for (const std::string& line : plan_.left_behind) warning(world_)(line);
}

void Attempt::restore_state() {
  stores_.resize(options_.parallelism);
  if (std::none_of(graph_.vertices.begin(), graph_.vertices.end(), is_stateful)) return;
  backend_ = world_.backend(options_);
  for (std::uint32_t worker = 0; worker < options_.parallelism; ++worker) {
    const KeyGroupRange range = key_groups_of(worker, options_.parallelism, options_.max_parallelism);
    std::unique_ptr<StateTier> tier = restore_tier(*backend_, worker, range);
    rewrite_states(*tier, range);
    stores_[worker] = std::make_unique<StateStore>(std::move(tier), options_.state, range,
                                                   options_.memory_bytes / 2 / options_.parallelism);
  }
}

std::unique_ptr<StateTier> Attempt::restore_tier(StateBackend& backend, std::uint32_t worker,
                                                 KeyGroupRange range) {
  if (!start_) return backend.create(worker);
  const auto fetch = [&](const StateShard& shard) {
    std::vector<SnapshotFile> files;
    for (const StoredFile& file : shard.files) {
      files.push_back(state_files_->get(file, backend.staging_directory()));
      kill_point("mid_restore");
    }
    return files;
  };
  for (const StateShard& shard : start_->shards)
    if (shard.key_groups == range) return backend.open(worker, fetch(shard));
  // Another parallelism than the checkpoint's: the key groups of this worker lie in several shards, each a contiguous range.
  std::unique_ptr<StateTier> tier = backend.create(worker);
  for (const StateShard& shard : start_->shards) {
    const KeyGroupRange overlap{std::max(range.first, shard.key_groups.first),
                                std::min(range.end, shard.key_groups.end)};
    if (overlap.first >= overlap.end) continue;
    const auto source = backend.open(options_.parallelism + worker, fetch(shard));
    copy_key_groups(*source, overlap, *tier);
  }
  return tier;
}

void Attempt::rewrite_states(StateTier& tier, KeyGroupRange range) const {
  for (const StateOutcome& outcome : plan_.states) {
    const StateChange& change = outcome.change;
    const std::uint32_t id = state_id(change.operator_name, change.state_name);
    if (change.kind == StateChange::Kind::kConverted) convert_state(tier, range, id, *change.conversion);
    if (change.kind == StateChange::Kind::kDropped) drop_state(tier, range, id);
  }
}

void Attempt::build_channels() {
  for (std::uint32_t worker = 0; worker < options_.parallelism; ++worker)
    parkers_.push_back(std::make_unique<Parker>());
  const std::uint32_t workers = options_.parallelism;
  std::map<std::string, int> seen;
  for (const Edge& edge : graph_.edges) {
    std::string name = fmt::format("{} → {}", graph_.vertices[edge.from].name, graph_.vertices[edge.to].name);
    if (const int n = ++seen[name]; n > 1) name += fmt::format(" #{}", n);
    edge_names_.push_back(std::move(name));
    auto& channels = channels_.emplace_back(workers * workers);
    for (std::uint32_t from = 0; from < workers; ++from) {
      for (std::uint32_t to = 0; to < workers; ++to) {
        if (edge.partitioning == Partitioning::kForward && from != to) continue;
        channels[from * workers + to] =
            from == to ? std::make_unique<Channel>(nullptr, nullptr)
                       : std::make_unique<Channel>(parkers_[from].get(), parkers_[to].get());
      }
    }
  }
}

void Attempt::build_tasks(std::uint32_t worker) {
  for (const Vertex& vertex : graph_.vertices) {
    if (std::holds_alternative<SourceVertex>(vertex.what))
      tasks_[worker].push_back(build_source(vertex, worker));
    else if (std::holds_alternative<OperatorVertex>(vertex.what))
      tasks_[worker].push_back(build_operator(vertex, worker));
    else tasks_[worker].push_back(build_sink(vertex, worker));
  }
}

std::unique_ptr<Task> Attempt::build_source(const Vertex& vertex, std::uint32_t worker) {
  const auto& definition = std::get<SourceVertex>(vertex.what);
  OpenSource& open = source_of(vertex);
  std::vector<std::unique_ptr<EdgeOutput>> edges;
  SourceContext context{this->context(vertex, worker, edges), RejectPolicy::kFail, world_.log};
  if (const auto found = options_.on_reject.find(vertex.name); found != options_.on_reject.end())
    context.on_reject = found->second;
  return std::make_unique<SourceTask>(
      SourceTaskOptions{vertex.name, worker, definition.max_drift, definition.idle_after, options_.at_end,
                        open.has_own_ends},
      control_, world_.metrics, *open.board, open.progress[worker], TaskOutputs(std::move(edges)),
      definition.make(std::move(context)), assign_partitions(open, worker));
}

std::unique_ptr<Task> Attempt::build_operator(const Vertex& vertex, std::uint32_t worker) {
  std::vector<std::unique_ptr<EdgeOutput>> edges;
  OperatorContext context = this->context(vertex, worker, edges);
  StateStore* const state = is_stateful(vertex) ? stores_[worker].get() : nullptr;
  context.state = state;
  return std::make_unique<OperatorTask>(vertex.name, worker, control_, world_.metrics, gate(vertex, worker),
                                        TaskOutputs(std::move(edges)), hot_key_watch(vertex, worker), state,
                                        std::get<OperatorVertex>(vertex.what).make(std::move(context)));
}

std::unique_ptr<Task> Attempt::build_sink(const Vertex& vertex, std::uint32_t worker) {
  const auto open =
      std::find_if(sinks_.begin(), sinks_.end(), [&](const OpenSink& s) { return s.vertex == &vertex; });
  return std::make_unique<SinkTask>(vertex.name, worker, control_, world_.metrics, gate(vertex, worker),
                                    open->sink->open_writer(worker));
}

std::vector<AssignedPartition> Attempt::assign_partitions(OpenSource& open, std::uint32_t worker) {
  std::vector<AssignedPartition> assigned;
  for (std::uint32_t index = worker; index < open.partitions.size(); index += options_.parallelism) {
    const std::string& name = open.partitions[index];
    const PartitionProgress* progress = restored(open.vertex->name, name);
    AssignedPartition partition{index, name, nullptr};
    if (progress) {
      partition.watermark = progress->watermark;
      if (progress->ended) partition.ended_before = progress->end;
    }
    partition.reader = open.source->open(name, progress ? std::optional(progress->end) : std::nullopt,
                                         [parker = parkers_[worker].get()] { parker->unpark(); });
    assigned.push_back(std::move(partition));
  }
  return assigned;
}

const PartitionProgress* Attempt::restored(const std::string& source, const std::string& partition) const {
  const auto found = known_.find({source, partition});
  return found == known_.end() ? nullptr : found->second;
}

OperatorContext Attempt::context(const Vertex& vertex, std::uint32_t worker,
                                 std::vector<std::unique_ptr<EdgeOutput>>& edges) {
  const std::uint32_t workers = options_.parallelism;
  OperatorContext context;
  context.name = vertex.name;
  context.worker = worker;
  context.parallelism = workers;
  context.max_parallelism = options_.max_parallelism;
  context.key_groups = key_groups_of(worker, workers, options_.max_parallelism);
  context.environment = &world_.environment;
  context.metrics = &world_.metrics;
  context.wake = [parker = parkers_[worker].get()] { parker->unpark(); };
  for (std::size_t e = 0; e < graph_.edges.size(); ++e) {
    const Edge& edge = graph_.edges[e];
    if (edge.from != vertex.id) continue;
    std::vector<Channel*> targets;
    for (std::uint32_t to = 0; to < workers; ++to)
      if (Channel* channel = channels_[e][worker * workers + to].get()) targets.push_back(channel);
    edges.push_back(
        std::make_unique<EdgeOutput>(edge, edge_names_[e], options_.max_parallelism, std::move(targets)));
    if (context.outputs.size() <= edge.port) context.outputs.resize(edge.port + 1);
    context.outputs[edge.port].push_back(
        placed_chain(edge, graph_.vertices[edge.to].name, edge.bind(*edges.back())));
  }
  if (start_)
    for (const OperatorStateEntry& entry : start_->operator_states)
      if (entry.operator_name == vertex.name) {
        context.restored.push_back(entry.bytes);
        if (entry.ended_at && !is_end_of_input(*entry.ended_at))
          context.restored_end = std::max(context.restored_end, *entry.ended_at);
      }
  return context;
}

InputGate Attempt::gate(const Vertex& vertex, std::uint32_t worker) {
  const std::uint32_t workers = options_.parallelism;
  std::vector<InputGate::Input> inputs;
  for (std::size_t e = 0; e < graph_.edges.size(); ++e) {
    if (graph_.edges[e].to != vertex.id) continue;
    for (std::uint32_t from = 0; from < workers; ++from)
      if (Channel* channel = channels_[e][from * workers + worker].get())
        inputs.push_back({channel, graph_.edges[e].input, edge_names_[e]});
  }
  return InputGate(std::move(inputs));
}

HotKeyWatch Attempt::hot_key_watch(const Vertex& vertex, std::uint32_t worker) {
  std::vector<HotKeyWatch::KeyText> key_texts;
  for (const Edge& edge : graph_.edges) {
    if (edge.to != vertex.id) continue;
    if (key_texts.size() <= edge.input) key_texts.resize(edge.input + 1);
    key_texts[edge.input] = edge.key_text;
  }
  return HotKeyWatch(vertex.name, worker, std::move(key_texts), hot_keys_, world_.metrics);
}

void Attempt::build_coordinator() {
  CheckpointPlan plan;
  plan.identity.job = graph_.name;
  plan.identity.instance = options_.instance;
  plan.identity.fingerprint = fingerprint(graph_);
  plan.identity.epoch = recovery_.manifest ? recovery_.manifest->epoch : kNoEpoch;
  plan.identity.parallelism = options_.parallelism;
  if (start_) plan.identity.origin = start_->origin;
  plan.identity.max_parallelism = options_.max_parallelism;
  for (const Vertex& vertex : graph_.vertices)
    if (const auto* op = std::get_if<OperatorVertex>(&vertex.what))
      for (const StateDescription& state : op->states) plan.identity.schemas.push_back({vertex.name, state});
  for (const OpenSource& open : sources_)
    if (start_) carry_on(partitions_away(*start_, open.vertex->name, open.partitions), away_);
  plan.identity.sources = away_;
  plan.pins_first_positions = pins_first_positions();
  if (options_.at_end == AtEnd::kKeep) plan.ending_sources = sources_.size() * options_.parallelism;
  plan.interval = options_.checkpoint_interval;
  plan.tasks = graph_.vertices.size() * options_.parallelism;
  for (const auto& store : stores_) plan.stores.push_back(store.get());
  plan.checkpoints = &checkpoints_;
  plan.protocol = protocol_.get();
  plan.next_epoch = recovery_.next_epoch;
  plan.committed = [this](const Manifest& manifest) { report_committed(manifest); };
  coordinator_ = std::make_unique<Coordinator>(std::move(plan), control_, world_.metrics);
}

void Attempt::report_committed(const Manifest& manifest) {
  for (OpenSource& open : sources_) {
    std::vector<std::pair<std::string, Position>> positions;
    for (const PartitionProgress& progress : manifest.sources)
      if (progress.source == open.vertex->name && !is_in(away_, progress))
        positions.emplace_back(progress.partition, progress.end);
    open.source->report_committed(positions);
  }
}

Attempt::OpenSource& Attempt::source_of(const Vertex& vertex) {
  return *std::find_if(sources_.begin(), sources_.end(),
                       [&](const OpenSource& s) { return s.vertex == &vertex; });
}

}  // namespace weir
