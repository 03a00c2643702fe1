// From when a record is produced to when a reader of committed records has it, through a job that copies a topic, exactly once. Ends with 1
// unless every record came out once. Needs a broker:
//
//   scripts/kafka start --port 19392
//   build/release/bench/kafka_latency --brokers 127.0.0.1:19392 --rate 50000 --interval 50
//   scripts/kafka wipe --port 19392

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/runtime/job.hpp>
#include <weir/runtime/real_environment.hpp>

#include "kafka_client.hpp"
#include "real_world.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::check;
using weir::bench::client;
using weir::bench::create_topic;

struct Record {
  std::int64_t sent;  ///< nanoseconds, of the steady clock
  std::int64_t number;
  std::string_view more;
};
BOOST_DESCRIBE_STRUCT(Record, (), (sent, number, more))

struct Options {
  std::string brokers;
  std::int64_t rate = 50'000;
  std::int64_t seconds = 30;
  std::int64_t warm_up = 10;
  std::int64_t interval = 50;
  std::uint32_t parallelism = 1;
  std::string linger;
  std::string scratch = (std::filesystem::temp_directory_path() / "weir-kafka-latency").string();
  std::int64_t records() const { return rate * (warm_up + seconds); }
};

std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// As many each millisecond as the rate asks for.
void produce(const Options& options, const std::string& topic) {
  rd_kafka_t* producer =
      client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers}, {"linger.ms", "1"}});
  const std::string more(150, 'x');
  const std::int64_t begin = now();
  for (std::int64_t n = 0; n < options.records();) {
    const std::int64_t due = std::min(options.records(), (now() - begin) / 1'000 * options.rate / 1'000'000);
    for (; n < due; ++n) {
      const std::string json = fmt::format(R"({{"sent":{},"number":{},"more":"{}"}})", now(), n, more);
      while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                               RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                               RD_KAFKA_V_VALUE(const_cast<char*>(json.data()), json.size()),
                               RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(producer, 1);
    }
    rd_kafka_poll(producer, 0);
    std::this_thread::sleep_for(1ms);
  }
  rd_kafka_flush(producer, 10'000);
  rd_kafka_destroy(producer);
}

std::int64_t number_behind(const std::string& json, const char* key) {
  const std::size_t at = json.find(key);
  check(at != std::string::npos, "a record without", key);
  return std::strtoll(json.c_str() + at + std::char_traits<char>::length(key), nullptr, 10);
}

/// Reads until every record was seen, or nothing has come for ten seconds. Milliseconds of those behind the warm-up; empty: some were missing, or came twice.
std::vector<double> latencies(const Options& options, const std::string& topic) {
  rd_kafka_t* consumer = client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", options.brokers},
                                                    {"group.id", "latency"},
                                                    {"enable.auto.commit", "false"},
                                                    {"fetch.wait.max.ms", "5"},
                                                    {"isolation.level", "read_committed"}});
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(all, topic.c_str(), 0)->offset = 0;
  rd_kafka_assign(consumer, all);
  std::vector<double> found;
  std::vector<bool> seen(static_cast<std::size_t>(options.records()));
  std::int64_t left = options.records(), twice = 0;
  for (std::int64_t last = now(); left > 0 && now() - last < 10'000'000'000;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 10);
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      last = now();
      const std::string json(static_cast<const char*>(message->payload), message->len);
      const std::int64_t number = number_behind(json, "\"number\":");
      if (seen.at(static_cast<std::size_t>(number))) ++twice;
      else --left;
      seen[static_cast<std::size_t>(number)] = true;
      if (number >= options.rate * options.warm_up)
        found.push_back(static_cast<double>(last - number_behind(json, "\"sent\":")) / 1e6);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_destroy(consumer);
  if (left == 0 && twice == 0) return found;
  fmt::print(stderr, "{} records missing, {} twice\n", left, twice);
  return {};
}

weir::JobOptions job_options(const Options& options, const std::string& input, const std::string& output) {
  weir::JobOptions job;
  job.parallelism = options.parallelism;
  job.checkpoint_dir = options.scratch + "/checkpoints";
  job.state_dir = options.scratch + "/state";
  job.checkpoint_interval = weir::Duration{options.interval};
  job.sources["records"] =
      fmt::format("kafka://{}/{}?format=json&fetch.wait.max.ms=5", options.brokers, input);
  job.sinks["out"] = fmt::format("kafka://{}/{}?format=json", options.brokers, output);
  if (!options.linger.empty()) job.sinks["out"] += "&linger.ms=" + options.linger;
  return job;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("From produced to visible, exactly once");
  Options options;
  app.add_option("--brokers", options.brokers, "host:port of a broker")->required();
  app.add_option("--rate", options.rate, "records a second")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seconds", options.seconds, "that are measured")->check(CLI::Range(1, 600));
  app.add_option("--warm-up", options.warm_up, "seconds before");
  app.add_option("--interval", options.interval, "milliseconds between checkpoints");
  app.add_option("--parallelism", options.parallelism, "workers");
  app.add_option("--linger", options.linger, "of the sink's producer, milliseconds; its default");
  CLI11_PARSE(app, argc, argv);
  const std::string suffix = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  const std::string input = "latency-" + suffix, output = "visible-" + suffix;
  rd_kafka_t* admin = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers}});
  create_topic(admin, input, 1);
  create_topic(admin, output, 1);
  rd_kafka_destroy(admin);
  std::filesystem::remove_all(options.scratch);

  weir::Pipeline pipeline("kafka-latency-" + suffix);
  pipeline.source<Record>("records").sink("out");
  const auto environment = weir::make_real_environment();
  weir::MetricRegistry metrics;
  weir::Job job(pipeline.graph(), job_options(options, input, output),
                weir::bench::real_world(*environment, metrics));
  weir::ExitCode code = weir::ExitCode::kDone;
  std::thread running([&] { code = job.run(); });
  std::thread producing([&] { produce(options, input); });
  std::vector<double> found = latencies(options, output);
  producing.join();
  job.stop();
  running.join();
  std::filesystem::remove_all(options.scratch);
  if (code != weir::ExitCode::kDone) return 1;
  if (found.empty()) return 1;
  std::sort(found.begin(), found.end());
  const auto at = [&](double share) {
    return found[std::min(found.size() - 1,
                          static_cast<std::size_t>(share * static_cast<double>(found.size())))];
  };
  fmt::print("{} records a second, a checkpoint every {} ms, {} records measured, each visible once; ms:\n",
             options.rate, options.interval, found.size());
  fmt::print("{:>8} {:>8} {:>8} {:>8}\n{:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f}\n", "p50", "p99", "p99.9", "max",
             at(0.5), at(0.99), at(0.999), found.back());
}
