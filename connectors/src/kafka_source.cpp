#include "kafka_source.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "format.hpp"
#include "kafka_cluster.hpp"
#include "kafka_error.hpp"
#include "kafka_fetch.hpp"
#include "kafka_reader.hpp"

namespace weir::kafka {

namespace {

constexpr std::chrono::milliseconds kFarewell{1'000};
constexpr std::chrono::milliseconds kSettleWithin{5'000};

class KafkaSource final : public Source {
 public:
  KafkaSource(Address address, const ConnectorContext& context, const SourceOptions& options)
      : address_(std::move(address)),
        options_(options),
        schema_(*context.schema),
        notes_(std::make_shared<SourceNotes>(context.name, context.warn)),
        metrics_(context.metrics),
        environment_(*context.environment),
        memory_bytes_(context.memory_bytes),
        cluster_(address_, environment_) {
    (void)make_decoder(address_.format,
                       schema_);  // a schema that does not suit is found here, not on a worker
  }
  ~KafkaSource() override { await_reports(environment_.now() + kFarewell); }

  std::vector<std::string> partitions() override;
  std::unique_ptr<PartitionReader> open(const std::string& partition, const std::optional<Position>& position,
                                        std::function<void()> wake) override;
  void report_committed(const std::vector<std::pair<std::string, Position>>& positions) override;

 private:
  int count_partitions();
  Cluster::Range settled_range(int partition, const std::optional<Position>& position);
  ReaderOptions where(int partition, const std::optional<Position>& position);
  void connect();
  void await_reports(Environment::Instant deadline);

  Address address_;
  SourceOptions options_;
  const RowSchema& schema_;
  const std::shared_ptr<SourceNotes> notes_;
  MetricRegistry* metrics_;
  Environment& environment_;
  const std::size_t memory_bytes_;  ///< for what is fetched
  Cluster cluster_;
  std::shared_ptr<Client> consumer_;  ///< shared with the readers; null until the first is opened
  Queue reports_;                     ///< answers to report_committed()
  int reports_open_ = 0;
};

int KafkaSource::count_partitions() {
  const auto count = cluster_.partitions(address_.topic);
  if (!count)
    throw FailJob(fmt::format("kafka topic {} does not exist on {}", address_.topic, address_.brokers),
                  ExitCode::kCannotConnect);
  return *count;
}

std::vector<std::string> KafkaSource::partitions() {
  std::vector<std::string> names;
  for (int i = 0, count = count_partitions(); i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

void KafkaSource::connect() {
  if (consumer_) return;
  std::map<std::string, std::string> defaults = fetch_limits(memory_bytes_, count_partitions());
  defaults.insert({{"socket.nagle.disable", "true"},
                   {"fetch.error.backoff.ms", "10"},
                   {"fetch.wait.max.ms", "100"},
                   {"retry.backoff.ms", "10"}});
  consumer_ = std::make_shared<Client>(RD_KAFKA_CONSUMER,
                                       make_conf(address_, defaults,
                                                 {{"group.id", address_.group},
                                                  {"isolation.level", "read_committed"},
                                                  {"enable.partition.eof", "true"},
                                                  {"auto.offset.reset", "error"},
                                                  {"enable.auto.commit", "false"},
                                                  {"enable.auto.offset.store", "false"},
                                                  {"allow.auto.create.topics", "false"}}),
                                       address_.brokers);
  reports_.reset(rd_kafka_queue_new(consumer_->get()));
}

// After a change of leaders the end may lie before what was read already, until the replicas have caught up.
Cluster::Range KafkaSource::settled_range(int partition, const std::optional<Position>& position) {
  const auto until = environment_.now() + kSettleWithin;
  Cluster::Range range = cluster_.range(address_.topic, partition);
  while (position && position->offset > range.end && environment_.now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    range = cluster_.range(address_.topic, partition);
  }
  return range;
}

ReaderOptions KafkaSource::where(int partition, const std::optional<Position>& position) {
  const Cluster::Range range = settled_range(partition, position);
  ReaderOptions where;
  where.topic = address_.topic;
  where.partition = partition;
  where.null_is_empty = address_.format == "raw" && address_.tombstones == Tombstones::kReject;
  where.tombstones = address_.tombstones;
  if (address_.tombstones == Tombstones::kRow)
    where.tombstone_rows.emplace(*schema_.find(*address_.key), *schema_.find(*address_.deleted));
  where.from_beginning = !position && options_.start == StartAt::kEarliest;
  where.begin = position ? position->offset : where.from_beginning ? range.begin : range.end;
  if (options_.bounded) where.end = range.end;
  if (where.begin < range.begin || where.begin > range.end)
    throw FailJob(
        fmt::format(
            "kafka topic {}, partition {}: offset {} is wanted, but the topic holds {} to {}. Its records "
            "were deleted "
            "before they were read, or the topic was made anew. Lengthen its retention, or start anew with "
            "--from earliest",
            address_.topic, partition, where.begin, range.begin, range.end),
        ExitCode::kStateUnusable);
  return where;
}

std::unique_ptr<PartitionReader> KafkaSource::open(const std::string& partition,
                                                   const std::optional<Position>& position,
                                                   std::function<void()> wake) {
  int number = -1;
  const auto [end, error] = std::from_chars(partition.data(), partition.data() + partition.size(), number);
  if (error != std::errc{} || end != partition.data() + partition.size())
    throw FailJob(fmt::format("kafka topic {} has no partition `{}`", address_.topic, partition),
                  ExitCode::kStateUnusable);
  connect();
  return std::make_unique<Reader>(consumer_, where(number, position),
                                  make_decoder(address_.format, schema_, notes_), std::move(wake), metrics_);
}

void KafkaSource::report_committed(const std::vector<std::pair<std::string, Position>>& positions) {
  if (!consumer_ || positions.empty()) return;
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const auto& [partition, position] : positions)
    rd_kafka_topic_partition_list_add(list.get(), address_.topic.c_str(), std::atoi(partition.c_str()))
        ->offset = position.offset;
  if (!rd_kafka_commit_queue(consumer_->get(), list.get(), reports_.get(), nullptr, nullptr)) ++reports_open_;
  await_reports(environment_.now());
}

// A report that fails is followed by the next one a commit later: nobody depends on it.
void KafkaSource::await_reports(Environment::Instant deadline) {
  while (reports_open_ > 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - environment_.now()).count();
    const Event event(rd_kafka_queue_poll(reports_.get(), static_cast<int>(std::max<long>(left, 0))));
    if (event) --reports_open_;
    else if (left <= 0) return;
  }
}

}  // namespace

std::unique_ptr<Source> make_source(Address address, const ConnectorContext& context,
                                    const SourceOptions& options) {
  return std::make_unique<KafkaSource>(std::move(address), context, options);
}

}  // namespace weir::kafka
