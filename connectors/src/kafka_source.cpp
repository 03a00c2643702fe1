#include "kafka_source.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "format.hpp"
#include "kafka_cluster.hpp"
#include "kafka_error.hpp"
#include "kafka_fetch.hpp"
#include "kafka_group.hpp"
#include "kafka_reader.hpp"
#include "kafka_watch.hpp"

namespace weir::kafka {

namespace {

constexpr std::chrono::milliseconds kFarewell{2'000};  // while brokers answer
constexpr std::chrono::milliseconds kSettleWithin{5'000};

int number_of(const std::string& partition) {
  int number = -1;
  const auto [end, error] = std::from_chars(partition.data(), partition.data() + partition.size(), number);
  return error == std::errc{} && end == partition.data() + partition.size() ? number : -1;
}

class KafkaSource final : public Source {
 public:
  KafkaSource(Address address, const ConnectorContext& context, const SourceOptions& options)
      : address_(std::move(address)),
        options_(options),
        context_(context),
        schema_(*context.schema),
        notes_(std::make_shared<SourceNotes>(context.name, context.warn)),
        environment_(*context.environment),
        cluster_(address_, context) {
    (void)make_decoder(address_.format,
                       schema_);  // a schema that does not suit is found here, not on a worker
  }

  ~KafkaSource() override {
    if (reports_ && watch_->hears_all()) reports_->finish(kFarewell);
  }

  std::vector<std::string> partitions() override;
  void check_restored(const std::vector<RestoredPartition>& restored) override;
  bool first_positions_move() const override { return true; }
  std::unique_ptr<PartitionReader> open(const std::string& partition, const std::optional<Position>& position,
                                        std::function<void()> wake) override;
  void report_committed(const std::vector<std::pair<std::string, Position>>& positions) override;

 private:
  int count_partitions();
  Cluster::Range settled_range(int partition, const std::optional<Position>& position);
  ReaderOptions where(int partition, const std::optional<Position>& position);
  void check_range(ReaderOptions& where, const Cluster::Range& range);
  void connect();
  /// Logs `complaint` where the address says that what is missing is passed over, and throws it otherwise.
  void miss(const std::string& complaint, const std::string& instead);

  Address address_;
  SourceOptions options_;
  ConnectorContext context_;
  const RowSchema& schema_;
  const std::shared_ptr<SourceNotes> notes_;
  Environment& environment_;
  Cluster cluster_;
  bool goes_on_ = false;              ///< from a checkpoint that knows this topic
  std::shared_ptr<Client> consumer_;  ///< shared with the readers; null until the first is opened
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<GroupReports> reports_;
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

void KafkaSource::miss(const std::string& complaint, const std::string& instead) {
  if (!address_.ignore_missing)
    throw FailJob(fmt::format("{}. Start anew with --from earliest, or add missing=ignore to the source's "
                              "address: then {}",
                              complaint, instead),
                  ExitCode::kStateUnusable);
  if (context_.warn)
    context_.warn(fmt::format("source '{}': {}; with missing=ignore {}", context_.name, complaint, instead));
}

// A topic's partitions only ever become more: fewer are another topic's.
void KafkaSource::check_restored(const std::vector<RestoredPartition>& restored) {
  goes_on_ = !restored.empty();
  const int count = count_partitions();
  for (const RestoredPartition& known : restored) {
    const int number = number_of(known.name);
    if (number >= 0 && number < count) continue;
    miss(
        fmt::format("kafka topic {} has no partition {} any more, which the checkpoint has read up to offset "
                    "{}; it has {}, so it was made anew",
                    address_.topic, known.name, known.position.offset, count),
        "what that partition held is left out");
  }
}

void KafkaSource::connect() {
  if (consumer_) return;
  std::map<std::string, std::string> defaults = fetch_limits(context_.memory_bytes, count_partitions());
  defaults.insert({{"socket.nagle.disable", "true"},
                   {"fetch.error.backoff.ms", "10"},
                   {"fetch.wait.max.ms", "100"},
                   {"retry.backoff.ms", "10"},
                   {"socket.timeout.ms", "10000"}});
  // librdkafka says in this category alone that a broker no longer serves a partition; see ClientLog.
  std::string debug = "topic";
  if (const auto own = address_.properties.find("debug"); own != address_.properties.end())
    debug += "," + own->second;
  consumer_ = std::make_shared<Client>(RD_KAFKA_CONSUMER,
                                       make_conf(address_, defaults,
                                                 {{"isolation.level", "read_committed"},
                                                  {"enable.partition.eof", "true"},
                                                  {"auto.offset.reset", "error"},
                                                  {"enable.auto.commit", "false"},
                                                  {"enable.auto.offset.store", "false"},
                                                  {"debug", debug},
                                                  {"allow.auto.create.topics", "false"}}),
                                       address_.brokers);
  watch_ = std::make_unique<Watch>(consumer_, address_.topic, context_);
  reports_ = std::make_unique<GroupReports>(consumer_, address_.group, address_.topic, context_.warn);
}

// After a change of leaders the end may lie before what was read already, until the replicas have caught up.
Cluster::Range KafkaSource::settled_range(int partition, const std::optional<Position>& position) {
  const auto until = environment_.now() + kSettleWithin;
  Cluster::Range range = cluster_.range(address_.topic, partition);
  while (position && position->offset > range.end && environment_.now() < until) {
    if (context_.stopping && context_.stopping())
      throw RestartJob(fmt::format("kafka topic {}, partition {} ends before offset {}", address_.topic,
                                   partition, position->offset));
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
  where.json = address_.format == "json";
  where.null_is_empty = address_.format == "raw" && address_.tombstones == Tombstones::kReject;
  where.tombstones = address_.tombstones;
  if (address_.tombstones == Tombstones::kRow)
    where.tombstone_rows.emplace(*schema_.find(*address_.key), *schema_.find(*address_.deleted),
                                 address_.key_format);
  // A partition that the checkpoint does not know was added since: what it holds has come since.
  where.from_beginning = !position && (options_.start == StartAt::kEarliest || goes_on_);
  where.oldest = range.begin;
  where.begin = position ? position->offset : where.from_beginning ? range.begin : range.end;
  if (position) where.last = Fingerprint::parse(position->detail);
  if (options_.bounded) where.end = range.end;
  check_range(where, range);
  return where;
}

void KafkaSource::check_range(ReaderOptions& where, const Cluster::Range& range) {
  const auto holds =
      fmt::format("kafka topic {}, partition {}: offset {} is wanted, but the topic holds {} to {}",
                  where.topic, where.partition, where.begin, range.begin, range.end);
  if (where.begin < range.begin)
    miss(holds +
             ": records were deleted before they were read (lengthen the topic's retention), or the topic "
             "was made anew",
         "reading goes on at the oldest record there is");
  else if (where.begin > range.end)
    miss(holds + ": the topic was made anew, or its newest records were lost",
         "the partition is read from its beginning");
  else return;
  where.begin = range.begin;
  where.last.reset();
}

std::unique_ptr<PartitionReader> KafkaSource::open(const std::string& partition,
                                                   const std::optional<Position>& position,
                                                   std::function<void()> wake) {
  const int number = number_of(partition);
  if (number < 0)
    throw FailJob(fmt::format("kafka topic {} has no partition `{}`", address_.topic, partition),
                  ExitCode::kStateUnusable);
  connect();
  ReaderOptions options = where(number, position);
  auto watched = watch_->add(number, options.begin, options.end);
  return std::make_unique<Reader>(consumer_, std::move(options),
                                  make_decoder(address_.format, schema_, notes_), std::move(wake),
                                  std::move(watched), environment_);
}

void KafkaSource::report_committed(const std::vector<std::pair<std::string, Position>>& positions) {
  if (reports_) reports_->report(positions);
}

}  // namespace

std::unique_ptr<Source> make_source(Address address, const ConnectorContext& context,
                                    const SourceOptions& options) {
  return std::make_unique<KafkaSource>(std::move(address), context, options);
}

}  // namespace weir::kafka
