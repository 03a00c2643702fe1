#include "kafka_cluster.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "kafka_error.hpp"

namespace weir::kafka {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswerWithin{8'000};
constexpr milliseconds kSettleWithin{60'000};
constexpr milliseconds kSlice{2'000};  // of a wait, after which a stop is noticed
constexpr milliseconds kPause{20};

/// Ends the consumption of one partition, whatever happens.
class Consumption {
 public:
  Consumption(rd_kafka_topic_t* topic, int partition, std::int64_t begin)
      : topic_(topic), partition_(partition) {
    if (rd_kafka_consume_start(topic, partition, begin) == -1)
      throw RestartJob(fmt::format("kafka topic {}, partition {}, cannot be read: {}",
                                   rd_kafka_topic_name(topic), partition, text_of(rd_kafka_last_error())));
  }
  ~Consumption() { rd_kafka_consume_stop(topic_, partition_); }
  Consumption(const Consumption&) = delete;
  Consumption& operator=(const Consumption&) = delete;

 private:
  rd_kafka_topic_t* topic_;
  int partition_;
};

int slice_of(milliseconds left) { return static_cast<int>(std::clamp(left, kPause, kSlice).count()); }

bool passes(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
         code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

bool is_key(const rd_kafka_message_t& message, const std::string& key) {
  return std::string_view(static_cast<const char*>(message.key), message.key_len) == key;
}

}  // namespace

Cluster::Cluster(const Address& address, const ConnectorContext& context)
    : environment_(*context.environment),
      stopping_(context.stopping),
      client_(RD_KAFKA_CONSUMER,
              make_conf(address,
                        {{"socket.nagle.disable", "true"},
                         {"fetch.wait.max.ms", "10"},
                         {"fetch.error.backoff.ms", "10"},
                         {"retry.backoff.ms", "10"},
                         {"topic.metadata.refresh.fast.interval.ms", "20"}},
                        {{"isolation.level", "read_committed"},
                         {"enable.partition.eof", "true"},
                         {"auto.offset.reset", "error"},
                         {"allow.auto.create.topics", "false"},
                         {"enable.auto.commit", "false"},
                         {"enable.auto.offset.store", "false"}}),
              address.brokers) {}

void Cluster::go_on_waiting_for(const std::string& wanted) const {
  if (stopping_ && stopping_())
    throw RestartJob(fmt::format("kafka at {} has not answered (wanted: {}) before a stop was asked for{}",
                                 client_.brokers(), wanted, client_.cause()));
}

std::optional<int> Cluster::partitions(const std::string& topic) {
  const Topic handle(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  for (const auto until = deadline(kAnswerWithin);; std::this_thread::sleep_for(kPause)) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - environment_.now());
    const rd_kafka_metadata_t* answer = nullptr;
    auto code = rd_kafka_metadata(client_.get(), 0, handle.get(), &answer, slice_of(left));
    const Metadata metadata(answer);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      note_reached(client_.brokers());
      if (metadata->topic_cnt != 1) return std::nullopt;
      code = metadata->topics[0].err;
      if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::nullopt;
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return metadata->topics[0].partition_cnt;
    }
    if (!passes(code))
      raise(remedy_of(code), fmt::format("kafka topic {} on {}: {}{}", topic, client_.brokers(),
                                         text_of(code), missing_right(code, "Describe on topic " + topic)));
    if (left <= kPause) raise_unreachable(client_, fmt::format("topic {}", topic));
    go_on_waiting_for(fmt::format("topic {}", topic));
  }
}

void Cluster::create_topic(const std::string& topic, int partitions, bool compacted) {
  char reason[512] = "";
  using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, FreeWith<rd_kafka_NewTopic_destroy>>;
  const NewTopic wanted(rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, reason, sizeof reason));
  if (!wanted)
    throw FailJob(fmt::format("kafka topic {} cannot be made: {}", topic, reason), ExitCode::kUsage);
  if (compacted) rd_kafka_NewTopic_set_config(wanted.get(), "cleanup.policy", "compact");

  const Queue answers(rd_kafka_queue_new(client_.get()));
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(client_.get(), topics, 1, nullptr, answers.get());
  Event event;
  for (const auto until = deadline(kAnswerWithin); !event;) {
    event.reset(rd_kafka_queue_poll(answers.get(), static_cast<int>(kSlice.count())));
    if (!event && environment_.now() > until) raise_unreachable(client_, fmt::format("topic {} made", topic));
    if (!event) go_on_waiting_for(fmt::format("topic {} made", topic));
  }
  auto code = rd_kafka_event_error(event.get());
  std::string text = code ? rd_kafka_event_error_string(event.get()) : "";
  if (const auto* result = rd_kafka_event_CreateTopics_result(event.get()); result && !code) {
    std::size_t count = 0;
    const auto** made = rd_kafka_CreateTopics_result_topics(result, &count);
    if (count == 1) {
      code = rd_kafka_topic_result_error(made[0]);
      if (const char* why = rd_kafka_topic_result_error_string(made[0])) text = why;
    }
  }
  if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    throw FailJob(fmt::format("kafka topic {} cannot be made on {}: {}{}", topic, client_.brokers(), text,
                              missing_right(code, "Create on topic " + topic)),
                  ExitCode::kCannotConnect);
  for (const auto until = deadline(kAnswerWithin); !this->partitions(topic);
       std::this_thread::sleep_for(kPause))
    if (environment_.now() > until)
      raise_unreachable(client_, fmt::format("topic {}, which has just been made", topic));
}

Cluster::Range Cluster::range(const std::string& topic, int partition) {
  for (const auto until = deadline(kAnswerWithin);; std::this_thread::sleep_for(kPause)) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - environment_.now());
    Range range{};
    const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition, &range.begin,
                                                       &range.end, slice_of(left));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
    if (!passes(code))
      raise(remedy_of(code),
            fmt::format("kafka topic {}, partition {}, on {}: {}{}", topic, partition, client_.brokers(),
                        text_of(code), missing_right(code, "Describe on topic " + topic)));
    const std::string wanted = fmt::format("offsets of topic {}, partition {}", topic, partition);
    if (left <= kPause) raise_unreachable(client_, wanted);
    go_on_waiting_for(wanted);
  }
}

Cluster::Found Cluster::read_from(rd_kafka_topic_t* topic, int partition, std::int64_t begin,
                                  const std::string& key, Open open, Environment::Instant deadline) {
  const Consumption consumption(topic, partition, begin);
  Found found{std::nullopt, begin};
  while (environment_.now() < deadline) {
    const Message message(rd_kafka_consume(topic, partition, 100));
    if (!message) {
      go_on_waiting_for(fmt::format("topic {}", rd_kafka_topic_name(topic)));
      continue;
    }
    if (!message->err) {
      if (is_key(*message, key))
        found.value.emplace(static_cast<const char*>(message->payload), message->len);
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
      throw RestartJob(fmt::format("kafka topic {}, partition {}: {}", rd_kafka_topic_name(topic), partition,
                                   rd_kafka_message_errstr(message.get())));
    found.end = message->offset;
    if (open == Open::kPassedOver) return found;
    // The end of what is committed is only the end when no open transaction lies behind it: a record there
    // may be the one that is looked for.
    std::int64_t low = 0, high = 0;
    rd_kafka_get_watermark_offsets(client_.get(), rd_kafka_topic_name(topic), partition, &low, &high);
    if (found.end >= high) return found;
  }
  throw RestartJob(fmt::format(
      "kafka topic {}, partition {}: the newest record cannot be read, a transaction is still open or the "
      "broker is away{}",
      rd_kafka_topic_name(topic), partition, client_.cause()));
}

std::optional<std::string> Cluster::newest_value(const std::string& topic, int partition,
                                                 const std::string& key, Open open) {
  const Topic handle(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  const Range all = range(topic, partition);
  const auto until = deadline(kSettleWithin);
  for (std::int64_t back = 16;; back *= 16) {
    const std::int64_t begin = std::max(all.begin, all.end - back);
    const Found found = read_from(handle.get(), partition, begin, key, open, until);
    if (found.value || begin == all.begin) return found.value;
  }
}

}  // namespace weir::kafka
