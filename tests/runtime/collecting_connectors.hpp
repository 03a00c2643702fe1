#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/connector.hpp>
#include <weir/core/error.hpp>
#include <weir/testing/operator_run.hpp>

namespace weir {

/// A log with transactions that outlives jobs: what a reader of committed rows sees, by sink.
struct CollectedRows {
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> committed;
  std::map<std::string, std::vector<std::string>> open;
  std::optional<std::string> record;

  std::vector<std::string> sorted(const std::string& sink) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> rows = committed[sink];
    std::sort(rows.begin(), rows.end());
    return rows;
  }
};

/// Sinks that collect rows as text, all committed by one log; sources are made by the test.
class CollectingConnectors final : public Connectors, private CommitLog {
 public:
  using MakeSource = std::function<std::unique_ptr<Source>()>;
  explicit CollectingConnectors(CollectedRows& rows, MakeSource make_source = {})
      : rows_(rows), make_source_(std::move(make_source)) {}

  std::unique_ptr<Source> source(const ConnectorUri&, const ConnectorContext&,
                                 const SourceOptions&) override {
    return make_source_();
  }
  std::unique_ptr<Sink> sink(const ConnectorUri&, const ConnectorContext& context) override {
    return std::make_unique<CollectingSink>(*this, context.name, *context.schema);
  }

 private:
  class CollectingSink final : public Sink {
   public:
    CollectingSink(CollectingConnectors& all, std::string name, const RowSchema& schema)
        : all_(all), name_(std::move(name)), schema_(schema) {}
    CommitLog* commit_log() override { return &all_; }
    void recover(Epoch, const std::vector<SinkPart>&) override {}
    void commit(Epoch epoch, const std::vector<SinkPart>&) override { committed_ = epoch; }
    std::unique_ptr<SinkWriter> open_writer(std::uint32_t worker) override {
      return std::make_unique<Writer>(*this, worker);
    }

   private:
    class Writer final : public SinkWriter {
     public:
      Writer(CollectingSink& sink, std::uint32_t worker) : sink_(sink) { part_.worker = worker; }
      bool try_write(const Batch& rows) override {
        if (flushed_ > sink_.committed_)
          return false;  // rows of the next epoch stay out of this one's transaction
        const std::lock_guard lock(sink_.all_.rows_.mutex);
        auto& open = sink_.all_.rows_.open[sink_.name_];
        for (std::size_t i = 0; i < rows.size(); ++i)
          open.push_back(testing::described_as_text(sink_.schema_, rows.row(i)));
        return true;
      }
      bool try_flush(Epoch epoch) override {
        flushed_ = epoch;
        return true;
      }
      SinkPart take_part() override { return part_; }

     private:
      CollectingSink& sink_;
      SinkPart part_;
      Epoch flushed_ = kNoEpoch;
    };

    CollectingConnectors& all_;
    const std::string name_;
    const RowSchema& schema_;
    std::atomic<Epoch> committed_{kNoEpoch};
  };

  std::optional<std::string> look() override { return rows_.record; }
  void claim(const std::string& record) override { rows_.record = record; }
  void fence() override {
    const std::lock_guard lock(rows_.mutex);
    rows_.open.clear();
  }
  std::optional<std::string> last_record() override { return rows_.record; }
  void commit(Epoch, const std::string& record) override {
    const std::lock_guard lock(rows_.mutex);
    for (auto& [sink, open] : rows_.open) {
      auto& committed = rows_.committed[sink];
      committed.insert(committed.end(), open.begin(), open.end());
    }
    rows_.open.clear();
    rows_.record = record;
  }

  CollectedRows& rows_;
  const MakeSource make_source_;
};

}  // namespace weir
