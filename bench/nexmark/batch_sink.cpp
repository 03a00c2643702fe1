#include "batch_sink.hpp"

#include <utility>

#include <weir/connectors/connectors.hpp>

namespace nexmark {

namespace {

class TakingWriter final : public weir::SinkWriter {
 public:
  TakingWriter(std::uint32_t worker, TakeBatch take) : worker_(worker), take_(std::move(take)) {}
  bool try_write(const weir::Batch& rows) override {
    take_(rows);
    rows_ += rows.size();
    return true;
  }
  bool try_flush(weir::Epoch) override { return true; }
  weir::SinkPart take_part() override {
    return {worker_, {}, weir::Digest{std::exchange(rows_, std::uint64_t{0}), 0, 0}};
  }

 private:
  const std::uint32_t worker_;
  const TakeBatch take_;
  std::uint64_t rows_ = 0;
};

class TakingSink final : public weir::Sink {
 public:
  TakingSink(OpenTaker open, weir::ConnectorContext context)
      : open_(std::move(open)), context_(std::move(context)) {}
  void recover(weir::Epoch, const std::vector<weir::SinkPart>&) override {}
  void commit(weir::Epoch, const std::vector<weir::SinkPart>&) override {}
  std::unique_ptr<weir::SinkWriter> open_writer(std::uint32_t worker) override {
    return std::make_unique<TakingWriter>(worker, open_(context_));
  }

 private:
  const OpenTaker open_;
  const weir::ConnectorContext context_;
};

class ConnectorsAndOne final : public weir::Connectors {
 public:
  ConnectorsAndOne(std::string scheme, OpenTaker open)
      : scheme_(std::move(scheme)), open_(std::move(open)), others_(weir::make_connectors()()) {}
  std::unique_ptr<weir::Source> source(const weir::ConnectorUri& uri, const weir::ConnectorContext& context,
                                       const weir::SourceOptions& options) override {
    return others_->source(uri, context, options);
  }
  std::unique_ptr<weir::Sink> sink(const weir::ConnectorUri& uri,
                                   const weir::ConnectorContext& context) override {
    if (uri.scheme == scheme_) return std::make_unique<TakingSink>(open_, context);
    return others_->sink(uri, context);
  }

 private:
  const std::string scheme_;
  const OpenTaker open_;
  const std::unique_ptr<weir::Connectors> others_;
};

}  // namespace

weir::ConnectorsFactory connectors_with(std::string scheme, OpenTaker open) {
  return [scheme = std::move(scheme), open = std::move(open)] {
    return std::make_unique<ConnectorsAndOne>(scheme, open);
  };
}

}  // namespace nexmark
