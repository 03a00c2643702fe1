#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/async.hpp>
#include <weir/operators/lookup.hpp>
#include <weir/operators/pipeline.hpp>

namespace weir {

inline namespace asking {

/// The rows of these tests, and what a service makes of them.
struct Order {
  std::uint64_t id;
  std::string_view item;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, item))

struct Priced {
  std::uint64_t id;
  std::string_view item;
  std::int64_t price;
};
BOOST_DESCRIBE_STRUCT(Priced, (), (id, item, price))

/// A service that answers when the test says so.
class HeldService {
 public:
  struct Request {
    std::uint64_t id;
    std::string item;
    AsyncResult<Priced> result;
  };
  /// Every request so far that has not been taken away, in order.
  std::vector<Request> requests;
  std::size_t asked = 0;

  auto start() {
    return [this](const Order& order, AsyncResult<Priced> result) {
      ++asked;
      requests.push_back({order.id, std::string(order.item), std::move(result)});
    };
  }
  std::vector<std::uint64_t> ids() const {
    std::vector<std::uint64_t> ids;
    for (const Request& request : requests) ids.push_back(request.id);
    return ids;
  }
  Request take(std::uint64_t id) {
    for (auto it = requests.begin(); it != requests.end(); ++it) {
      if (it->id != id) continue;
      Request request = std::move(*it);
      requests.erase(it);
      return request;
    }
    throw std::logic_error("nobody has asked for order " + std::to_string(id));
  }
  /// Answers with the price 100 * id; the text is gone right after.
  void answer(std::uint64_t id) {
    const Request request = take(id);
    std::string item = request.item;
    request.result.complete(Priced{id, item, static_cast<std::int64_t>(100 * id)});
    item.assign(item.size(), '?');
  }
  void fail(std::uint64_t id, const std::string& reason = "no luck") { take(id).result.fail(reason); }
};

class BenchEnvironment final : public Environment {
 public:
  Instant now() override { return Instant{wall.millis * 1'000'000}; }
  EventTime wall_clock() override { return wall; }
  std::uint64_t random() override { return random_(); }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}

  EventTime wall{1'000'000};

 private:
  std::mt19937_64 random_{7};
};

/// Drives one async operator step by step, as its task would, noting rows and the watermarks that may pass: "3=300@7" is the
/// result of order 3 with time 7, "w10" a watermark, "!3" an order that failed.
class AsyncBench {
 public:
  explicit AsyncBench(const JobGraph& graph, const std::string& name = "prices")
      : make_(std::get<OperatorVertex>(graph.find(name)->what).make) {
    begin({});
  }

  void begin(std::vector<std::string> restored, std::uint32_t worker = 0, std::uint32_t parallelism = 1) {
    driven_.reset();
    reached_ = passed_ = EventTime::min();
    OperatorContext context;
    context.name = "prices";
    context.worker = worker;
    context.parallelism = parallelism;
    context.environment = &environment;
    context.metrics = &metrics;
    context.wake = [this] { ++wakes; };
    context.restored = std::move(restored);
    context.outputs.resize(2);
    context.outputs[0].push_back(std::make_unique<Writer>(
        [this](const Batch& rows, std::size_t i) {
          const Priced& row = static_cast<const RowBatch<Priced>&>(rows)[i];
          CHECK(row.item == "item " + std::to_string(row.id));
          return std::to_string(row.id) + "=" + std::to_string(row.price) + "@" +
                 std::to_string(rows.time(i).millis);
        },
        log));
    context.outputs[1].push_back(std::make_unique<Writer>(
        [](const Batch& rows, std::size_t i) {
          const auto& failed = static_cast<const RowBatch<FailedRow<Order>>&>(rows)[i];
          return "!" + std::to_string(failed.row.id) + " " + std::string(failed.reason) + " (" +
                 std::to_string(failed.attempts) + (failed.timed_out ? ", timed out)" : ")");
        },
        log));
    driven_ = make_(std::move(context));
  }

  /// A batch of orders, each with its id as its time.
  AsyncBench& orders(std::vector<std::uint64_t> ids) {
    RowBatch<Order> batch;
    for (const std::uint64_t id : ids)
      batch.append(Order{id, batch.arena().copy("item " + std::to_string(id))},
                   EventTime{static_cast<std::int64_t>(id)});
    driven_->process(0, batch);
    return *this;
  }
  AsyncBench& watermark(std::int64_t millis) {
    reached_ = EventTime{millis};
    CHECK(driven_->advance_watermark(reached_));
    pass_watermark();
    return *this;
  }
  /// Everything that is due; the log since the last call.
  std::vector<std::string> step() {
    int steps = 0;
    while (driven_->next_processing_time() <= environment.wall && ++steps < 10'000) {
      while (!driven_->advance_processing_time(environment.wall)) pass_watermark();
      pass_watermark();
    }
    CHECK(steps < 10'000);
    return std::exchange(log, {});
  }
  std::vector<std::string> after(Duration duration) {
    environment.wall = environment.wall + duration;
    return step();
  }
  bool end() { return driven_->end_of_input() && driven_->watermark_hold() == EventTime::max(); }
  bool accepts_rows() const { return driven_->accepts_rows(); }
  EventTime next() const { return driven_->next_processing_time(); }
  std::string snapshot() {
    struct Kept final : SnapshotWriter {
      void keyed(std::unique_ptr<SealedState>) override {}
      void operator_state(std::string bytes) override { state = std::move(bytes); }
      std::string state;
    } kept;
    driven_->snapshot(kept);
    return kept.state;
  }
  void restart() {
    std::string state = snapshot();
    begin(state.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::move(state)});
  }
  void destroy() { driven_.reset(); }

  BenchEnvironment environment;
  MetricRegistry metrics;
  std::vector<std::string> log;
  int wakes = 0;

 private:
  class Writer final : public BatchConsumer {
   public:
    using Text = std::function<std::string(const Batch&, std::size_t)>;
    Writer(Text text, std::vector<std::string>& log) : text_(std::move(text)), log_(log) {}
    void consume(const Batch& rows) override {
      for (std::size_t i = 0; i < rows.size(); ++i) log_.push_back(text_(rows, i));
    }

   private:
    const Text text_;
    std::vector<std::string>& log_;
  };

  void pass_watermark() {
    const EventTime watermark = std::min(reached_, driven_->watermark_hold());
    if (watermark <= passed_) return;
    passed_ = watermark;
    log.push_back("w" + std::to_string(watermark.millis));
  }

  const OperatorFactory make_;
  EventTime reached_ = EventTime::min();
  EventTime passed_ = EventTime::min();
  std::unique_ptr<Operator> driven_;
};

/// orders → prices → sinks, asked for as `options` say.
template <class Start, class OnFailure = FailTheJob>
JobGraph pricing(Start start, AsyncOptions<OnFailure> options = {}) {
  Pipeline pipeline("pricing");
  auto prices = pipeline.source<Order>("orders").template async<Priced>("prices", std::move(start), options);
  prices.sink("priced");
  if constexpr (std::is_same_v<OnFailure, KeepFailedRows>) prices.failed().sink("failed");
  return pipeline.graph();
}

}  // namespace asking

}  // namespace weir
