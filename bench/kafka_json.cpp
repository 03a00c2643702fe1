// JSON from a topic into a topic, exactly once, beside what the bare client can do: librdkafka's consumer and simdjson, no output.
// Both read the same messages in the same run, in turn. Needs a broker:
//
//   scripts/kafka start --port 19392
//   build/release/bench/kafka_json --brokers 127.0.0.1:19392 --messages 2000000 --runs 3
//   scripts/kafka wipe --port 19392

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <CLI/CLI.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/runtime/job.hpp>
#include <weir/runtime/real_environment.hpp>

#include "cpu_seconds.hpp"
#include "kafka_client.hpp"
#include "real_world.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::check;
using weir::bench::client;
using weir::bench::create_topic;
using Clock = std::chrono::steady_clock;

struct Bid {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view url;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Bid, (), (auction, bidder, price, channel, url, dateTime, extra))

struct Options {
  std::string brokers;
  std::int64_t messages = 2'000'000;
  int partitions = 2;
  int runs = 3;
  std::uint32_t parallelism = 1;
  std::string sink;
  bool engine_only = false;
  std::string scratch = (std::filesystem::temp_directory_path() / "weir-kafka-json").string();
};

struct Measured {
  double wall = 0;
  double cpu = 0;
};

template <class Work>
Measured measure(Work&& work) {
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  work();
  return {std::chrono::duration<double>(Clock::now() - begin).count(), cpu_seconds() - cpu};
}

std::string json_bid(std::int64_t n) {
  return fmt::format(
      R"({{"auction":{},"bidder":{},"price":{},"channel":"channel-{}","url":"https://www.nexmark.com/abc/def/ghi/item.htm?query=1&channel_id={}","dateTime":{},"extra":"{:0>80}"}})",
      1000 + n % 7919, 1000 + n % 104'729, 100 + n * 31 % 10'000'000, n % 10'000, n % 1'000'003,
      1'436'918'400'000 + n / 10, n);
}

void load(const Options& options, const std::string& input, const std::string& output) {
  rd_kafka_t* producer = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers},
                                                    {"linger.ms", "20"},
                                                    {"queue.buffering.max.messages", "1000000"}});
  create_topic(producer, input, options.partitions);
  create_topic(producer, output, options.partitions);
  for (std::int64_t n = 0; n < options.messages; ++n) {
    const std::string bid = json_bid(n);
    while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(input.c_str()),
                             RD_KAFKA_V_PARTITION(static_cast<int>(n % options.partitions)),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_VALUE(const_cast<char*>(bid.data()), bid.size()),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
      rd_kafka_poll(producer, 10);
    if (n % 10'000 == 0) rd_kafka_poll(producer, 0);
  }
  check(rd_kafka_flush(producer, 120'000) == RD_KAFKA_RESP_ERR_NO_ERROR, "load",
        "not all messages were delivered in two minutes");
  rd_kafka_destroy(producer);
}

/// Every message parsed, all seven fields taken.
Measured bare(const Options& options, const std::string& input) {
  rd_kafka_t* consumer = client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", options.brokers},
                                                    {"group.id", "bare"},
                                                    {"enable.auto.commit", "false"},
                                                    {"isolation.level", "read_committed"}});
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(options.partitions);
  for (int p = 0; p < options.partitions; ++p)
    rd_kafka_topic_partition_list_add(all, input.c_str(), p)->offset = 0;
  std::int64_t sum = 0;
  const Measured measured = measure([&] {
    rd_kafka_assign(consumer, all);
    rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
    std::vector<rd_kafka_message_t*> messages(1000);
    simdjson::ondemand::parser parser;
    std::string padded;
    for (std::int64_t left = options.messages; left > 0;) {
      const auto got = rd_kafka_consume_batch_queue(queue, 1000, messages.data(), messages.size());
      for (ssize_t i = 0; i < got; ++i) {
        if (messages[static_cast<std::size_t>(i)]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          const rd_kafka_message_t& message = *messages[static_cast<std::size_t>(i)];
          padded.assign(static_cast<const char*>(message.payload), message.len);
          padded.append(simdjson::SIMDJSON_PADDING, '\0');
          simdjson::ondemand::document document = parser.iterate(padded.data(), message.len, padded.size());
          simdjson::ondemand::object bid = document.get_object();
          sum += bid["auction"].get_int64().value() + bid["bidder"].get_int64().value() +
                 bid["price"].get_int64().value();
          sum += static_cast<std::int64_t>(bid["channel"].get_string().value().size() +
                                           bid["url"].get_string().value().size());
          sum += bid["dateTime"].get_int64().value() +
                 static_cast<std::int64_t>(bid["extra"].get_string().value().size());
          --left;
        }
        rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
      }
    }
    rd_kafka_queue_destroy(queue);
  });
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_destroy(consumer);
  check(sum != 0, "bare consumer", "nothing was read");
  return measured;
}

Measured exactly_once(const Options& options, const std::string& input, const std::string& output) {
  std::filesystem::remove_all(options.scratch);
  weir::Pipeline pipeline("kafka-json-" + output);
  pipeline.source<Bid>("bids").event_time(&Bid::dateTime, weir::bounded_out_of_orderness(4s)).sink("out");
  weir::JobOptions job;
  job.parallelism = options.parallelism;
  job.checkpoint_dir = options.scratch + "/checkpoints";
  job.checkpoint_interval = 1s;
  job.until_latest = true;
  job.sources["bids"] = fmt::format("kafka://{}/{}?format=json", options.brokers, input);
  job.sinks["out"] = fmt::format("kafka://{}/{}?format=json{}", options.brokers, output, options.sink);
  const auto environment = weir::make_real_environment();
  weir::MetricRegistry metrics;
  weir::Job running(pipeline.graph(), job, weir::bench::real_world(*environment, metrics));
  return measure([&] {
    if (running.run() != weir::ExitCode::kDone) throw std::runtime_error("the job failed");
  });
}

void print_row(const char* what, std::int64_t messages, const Measured& m) {
  const auto n = static_cast<double>(messages);
  fmt::print("{:<44} {:>9.0f} {:>9.2f} {:>14.0f}\n", what, n / m.wall / 1e3, m.wall, n / m.cpu / 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("JSON from topic to topic, exactly once, beside the bare client");
  Options options;
  app.add_option("--brokers", options.brokers, "host:port of a broker")->required();
  app.add_option("--messages", options.messages, "messages in the topic");
  app.add_option("--partitions", options.partitions, "of both topics");
  app.add_option("--runs", options.runs, "rounds; each measures both")->check(CLI::Range(1, 99));
  app.add_option("--parallelism", options.parallelism, "workers");
  app.add_option("--sink", options.sink, "more of the sink's address: &linger.ms=5&compression.type=lz4");
  app.add_flag("--engine-only", options.engine_only, "without the bare client");
  CLI11_PARSE(app, argc, argv);
  const std::string suffix = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  const std::string input = "bids-" + suffix;
  load(options, input, "copy-" + suffix + "-0");
  fmt::print("{:<44} {:>9} {:>9} {:>14}\n", "", "k msg/s", "seconds", "k msg/CPU s");
  std::vector<double> ratios;
  for (int run = 0; run < options.runs; ++run) {
    const std::string output = fmt::format("copy-{}-{}", suffix, run);
    if (run > 0) {
      rd_kafka_t* admin = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers}});
      create_topic(admin, output, options.partitions);
      rd_kafka_destroy(admin);
    }
    const Measured alone = options.engine_only ? Measured{} : bare(options, input);
    const Measured engine = exactly_once(options, input, output);
    if (!options.engine_only) print_row("librdkafka + simdjson, reading only", options.messages, alone);
    print_row("weir, topic to topic, exactly once", options.messages, engine);
    ratios.push_back(alone.wall / engine.wall);
  }
  if (options.engine_only) return 0;
  std::sort(ratios.begin(), ratios.end());
  fmt::print("weir / bare by wall time: median {:.2f}, {:.2f} to {:.2f}\n", ratios[ratios.size() / 2],
             ratios.front(), ratios.back());
  std::filesystem::remove_all(options.scratch);
}
