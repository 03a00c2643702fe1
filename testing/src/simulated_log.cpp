#include "simulated_log.hpp"

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "row_text.hpp"

namespace weir::testing {

namespace {

class LogCommit final : public CommitLog {
 public:
  LogCommit(SimulatedLog& log, SimulatedEnvironment& environment, const Faults& faults)
      : log_(log), environment_(environment), faults_(faults) {}

  std::optional<std::string> look() override { return log_.record; }
  void fence() override {
    log_.open.clear();
    holder_ = ++log_.holder;
  }
  std::optional<std::string> last_record() override { return log_.record; }
  void claim(const std::string& record) override {
    check_holder();
    log_.record = record;
  }
  void commit(Epoch, const std::string& record) override {
    kill_point("after_flush_before_commit");
    check_holder();
    const bool ambiguous = environment_.chance(faults_.ambiguous_commit);
    if (ambiguous && environment_.chance(0.5)) throw RestartJob("the commit timed out, and never happened");
    for (auto& [topic, rows] : log_.open) {
      auto& visible = log_.committed[topic];
      visible.insert(visible.end(), rows.begin(), rows.end());
    }
    log_.open.clear();
    log_.record = record;
    ++log_.commits;
    if (ambiguous) throw RestartJob("the commit timed out, yet it happened");
    kill_point("after_commit_before_ack");
  }
  void write(const std::string& topic, std::string row) {
    check_holder();
    log_.open[topic].push_back(std::move(row));
  }

 private:
  void check_holder() const {
    if (holder_ != log_.holder) throw Fenced("another holder has taken over");
  }

  SimulatedLog& log_;
  SimulatedEnvironment& environment_;
  const Faults& faults_;
  std::uint64_t holder_ = 0;
};

class LogWriter final : public SinkWriter {
 public:
  LogWriter(std::string topic, std::uint32_t worker, const RowSchema& schema, LogCommit& log,
            SimulatedEnvironment& environment, const Faults& faults, Epoch& committed)
      : topic_(std::move(topic)),
        schema_(schema),
        log_(log),
        environment_(environment),
        faults_(faults),
        committed_(committed) {
    part_.worker = worker;
  }

  bool try_write(const Batch& rows) override {
    // Rows of the next epoch must not enter a transaction that is still to be committed.
    if (flushed_ > committed_ || environment_.chance(faults_.refuse)) return false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      log_.write(topic_, row_text(schema_, rows.row(i)));
      part_.written.add(1);
    }
    return true;
  }
  bool try_flush(Epoch epoch) override {
    if (environment_.chance(faults_.refuse)) return false;
    flushed_ = epoch;
    return true;
  }
  SinkPart take_part() override { return std::exchange(part_, {part_.worker, {}, {}}); }

 private:
  const std::string topic_;
  const RowSchema& schema_;
  LogCommit& log_;
  SimulatedEnvironment& environment_;
  const Faults& faults_;
  Epoch& committed_;
  Epoch flushed_ = kNoEpoch;
  SinkPart part_;
};

class LogSink final : public Sink {
 public:
  LogSink(std::string topic, const RowSchema& schema, LogCommit& log, SimulatedEnvironment& environment,
          const Faults& faults)
      : topic_(std::move(topic)), schema_(schema), log_(log), environment_(environment), faults_(faults) {}
  CommitLog* commit_log() override { return &log_; }
  void recover(Epoch, const std::vector<SinkPart>&) override {}
  void commit(Epoch epoch, const std::vector<SinkPart>&) override { committed_ = epoch; }
  std::unique_ptr<SinkWriter> open_writer(std::uint32_t worker) override {
    return std::make_unique<LogWriter>(topic_, worker, schema_, log_, environment_, faults_, committed_);
  }

 private:
  const std::string topic_;
  const RowSchema& schema_;
  LogCommit& log_;
  SimulatedEnvironment& environment_;
  const Faults& faults_;
  Epoch committed_ = kNoEpoch;
};

class SimulatedConnectors final : public Connectors {
 public:
  SimulatedConnectors(SimulatedLog& log, SimulatedEnvironment& environment, const Faults& faults)
      : commit_(log, environment, faults), environment_(environment), faults_(faults) {}
  std::unique_ptr<Source> source(const ConnectorUri& uri, const ConnectorContext&,
                                 const SourceOptions&) override {
    throw FailJob("a simulation reads from generators only, not from '" + uri.text + "'", ExitCode::kUsage);
  }
  std::unique_ptr<Sink> sink(const ConnectorUri&, const ConnectorContext& context) override {
    return std::make_unique<LogSink>(context.name, *context.schema, commit_, environment_, faults_);
  }

 private:
  LogCommit commit_;
  SimulatedEnvironment& environment_;
  const Faults& faults_;
};

}  // namespace

std::unique_ptr<Connectors> make_simulated_connectors(SimulatedLog& log, SimulatedEnvironment& environment,
                                                      const Faults& faults) {
  return std::make_unique<SimulatedConnectors>(log, environment, faults);
}

}  // namespace weir::testing
