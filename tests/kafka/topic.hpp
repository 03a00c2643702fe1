#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <weir/core/connector.hpp>
#include <weir/core/error.hpp>

#include "admin.hpp"
#include "broker.hpp"
#include "kafka_connector.hpp"

namespace weir::testing {

struct Line {
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Line, (), (text))

struct Visit {
  std::int64_t id;
  std::string_view page;
};
BOOST_DESCRIBE_STRUCT(Visit, (), (id, page))

/// The machine's clocks; blocking jobs run at once.
class PlainEnvironment final : public Environment {
 public:
  Instant now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
  EventTime wall_clock() override {
    return {std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
  std::uint64_t random() override { return 4; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}
};

/// One attempt of a job: a connector and what it is told about its surroundings.
struct Attempt {
  explicit Attempt(std::string job_name) : job(std::move(job_name)) {}

  ConnectorContext context(const RowSchema& schema = row_schema<Line>()) {
    return {job,
            "0",
            "vertex",
            &schema,
            &environment,
            &metrics,
            settings,
            [this](const std::string& line) {
              std::lock_guard lock(mutex);
              warned.push_back(line);
            },
            [this] { return stopping.load(); }};
  }
  std::vector<std::string> warnings() {
    std::lock_guard lock(mutex);
    return warned;
  }
  std::unique_ptr<Source> source(const std::string& address, SourceOptions options = {},
                                 const RowSchema& schema = row_schema<Line>()) {
    return connector->source(ConnectorUri::parse(address), context(schema), options);
  }
  std::unique_ptr<Sink> sink(const std::string& address, const RowSchema& schema = row_schema<Line>()) {
    return connector->sink(ConnectorUri::parse(address), context(schema));
  }
  double metric(const std::string& name, const std::string& label = "") const {
    for (const MetricSample& sample : metrics.collect())
      if (sample.name == name &&
          (label.empty() || (!sample.labels.empty() && sample.labels[0].second == label)))
        return sample.value;
    return -1;
  }

  std::string job;
  std::map<std::string, std::string> settings;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::vector<std::string> warned;  ///< guarded by mutex
  PlainEnvironment environment;
  MetricRegistry metrics;
  std::unique_ptr<KafkaConnector> connector = make_kafka_connector();
};

/// A name no other test uses.
inline std::string fresh(const std::string& stem) {
  static int number = 0;
  return fmt::format("{}-{}-{}", stem, ::getpid(), ++number);
}

inline std::string at(const std::string& topic, const std::string& parameters = "format=raw") {
  return fmt::format("kafka://{}/{}?{}", Broker::get().address(), topic, parameters);
}

/// Asks again until it is so; fails the test otherwise.
inline void eventually(const std::function<bool()>& is_so,
                       std::chrono::seconds within = std::chrono::seconds{20}) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("waited in vain");
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

inline void write(SinkWriter& writer, const std::vector<std::string>& lines,
                  EventTime time = EventTime::min()) {
  RowBatch<Line> batch(lines.size());
  for (const auto& line : lines) batch.append(Line{line}, time);
  eventually([&] { return writer.try_write(batch); });
}

inline SinkPart flush(SinkWriter& writer, Epoch epoch) {
  eventually([&] { return writer.try_flush(epoch); });
  return writer.take_part();
}

/// Collects what a reader hands over.
class Collected final : public RowSink {
 public:
  Batch& batch() override { return *batch_; }
  void reject(const Rejected& rejected) override {
    rejections.push_back(fmt::format("{}: {}", rejected.offset, rejected.reason));
  }
  ReadStatus read(PartitionReader& reader, std::size_t limit = 500) {
    const ReadStatus status = reader.read(*this, limit);
    for (const Line& line : batch_->rows()) lines.emplace_back(line.text);
    batch_->clear();
    return status;
  }

  std::vector<std::string> lines;
  std::vector<std::string> rejections;

 private:
  std::unique_ptr<RowBatch<Line>> batch_ = std::make_unique<RowBatch<Line>>(1024);
};

/// Reads on until the reader says `status`.
inline Collected read_until(PartitionReader& reader, ReadStatus status) {
  Collected collected;
  eventually([&] { return collected.read(reader) == status; });
  return collected;
}

inline SourceOptions bounded() { return {StartAt::kEarliest, true}; }

/// Everything committed in a one-partition topic, by weir's own source. A commit is certain before its markers have reached
/// every partition, so a reader that expects `at_least` lines looks until they are there.
inline std::vector<std::string> committed_lines(const std::string& topic, std::size_t at_least = 0) {
  std::vector<std::string> lines;
  eventually([&] {
    Attempt reader("reader");
    auto source = reader.source(at(topic), bounded());
    lines = read_until(*source->open("0", std::nullopt, {}), ReadStatus::kEnd).lines;
    return lines.size() >= at_least;
  });
  return lines;
}

struct Seen {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int64_t timestamp;
  int partition;
  std::int64_t offset;
};

/// The same by librdkafka alone, so that a mistake in our reader cannot hide one in our writer.
inline std::vector<Seen> seen_by_librdkafka(const std::string& topic, const char* isolation,
                                            int partition = 0) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", Broker::get().address().c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "isolation.level", isolation, nullptr, 0);
  rd_kafka_conf_set(conf, "enable.partition.eof", "true", nullptr, 0);
  rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", nullptr, 0);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  rd_kafka_consume_start(handle, partition, RD_KAFKA_OFFSET_BEGINNING);
  std::vector<Seen> seen;
  const auto text = [](const void* at, std::size_t length) {
    return at ? std::optional<std::string>(std::string(static_cast<const char*>(at), length)) : std::nullopt;
  };
  for (bool end = false; !end;) {
    rd_kafka_message_t* message = rd_kafka_consume(handle, partition, 20'000);
    if (!message) break;
    end = message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!end)
      seen.push_back({text(message->key, message->key_len), text(message->payload, message->len),
                      rd_kafka_message_timestamp(message, nullptr), message->partition, message->offset});
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consume_stop(handle, partition);
  rd_kafka_topic_destroy(handle);
  rd_kafka_destroy(client);
  return seen;
}

/// What a reader of committed messages sees, once there are `at_least` so many; see committed_lines().
inline std::vector<Seen> committed_messages(const std::string& topic, std::size_t at_least,
                                            int partition = 0) {
  std::vector<Seen> messages;
  eventually([&] {
    messages = seen_by_librdkafka(topic, "read_committed", partition);
    return messages.size() >= at_least;
  });
  return messages;
}

/// Writes lines by librdkafka alone, without transactions. nullopt: a message without value.
inline void produce_plainly(const std::string& topic, const std::vector<std::optional<std::string>>& lines) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", Broker::get().address().c_str(), nullptr, 0);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  for (const auto& line : lines)
    rd_kafka_produce(handle, 0, RD_KAFKA_MSG_F_COPY, line ? const_cast<char*>(line->data()) : nullptr,
                     line ? line->size() : 0, nullptr, 0, nullptr);
  rd_kafka_flush(client, 20'000);
  rd_kafka_topic_destroy(handle);
  rd_kafka_destroy(client);
}

/// A sink that has been fenced and has one writer.
struct Writing {
  Writing(const std::string& job, const std::string& topic,
          const std::string& parameters = "format=raw&create=true&partitions=1")
      : attempt(job), sink(attempt.sink(at(topic, parameters))), log(*sink->commit_log()) {
    log.fence();
    writer = sink->open_writer(0);
  }
  void commit(Epoch epoch, const std::vector<std::string>& lines) {
    write(*writer, lines);
    flush(*writer, epoch);
    log.commit(epoch, std::to_string(epoch));
  }
  /// Ends it as a crash would: nothing is aborted, the connection just goes. The clients are left behind on
  /// purpose.
  static void crash(std::unique_ptr<Writing> writing) { (void)writing.release(); }

  Attempt attempt;
  std::unique_ptr<Sink> sink;
  CommitLog& log;
  std::unique_ptr<SinkWriter> writer;
};

}  // namespace weir::testing
