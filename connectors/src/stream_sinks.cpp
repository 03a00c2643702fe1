#include "stream_sinks.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/core.h>

#include <weir/core/error.hpp>
#include <weir/core/hash.hpp>

#include "format.hpp"
#include "parameters.hpp"

namespace weir {

namespace {

/// A sink that holds nothing back: there is nothing to recover, to flush or to commit.
template <class Writer>
class ImmediateSink final : public Sink {
 public:
  explicit ImmediateSink(std::string format = {}, const RowSchema* schema = nullptr)
      : format_(std::move(format)), schema_(schema) {}
  void recover(Epoch, const std::vector<SinkPart>&) override {}
  void commit(Epoch, const std::vector<SinkPart>&) override {}
  std::unique_ptr<SinkWriter> open_writer(std::uint32_t worker) override {
    return std::make_unique<Writer>(worker, format_, schema_);
  }

 private:
  std::string format_;
  const RowSchema* schema_;
};

class PrintWriter final : public SinkWriter {
 public:
  PrintWriter(std::uint32_t worker, const std::string& format, const RowSchema* schema)
      : worker_(worker), encoder_(make_encoder(format, *schema)) {}

  bool try_write(const Batch& rows) override {
    text_.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t begin = text_.size();
      encoder_->encode(rows.row(i), text_);
      written_.add(hash_bytes(std::string_view(text_).substr(begin)));
      text_ += '\n';
    }
    // One call a batch: stdio locks the stream for it, so that the lines of several workers stay whole.
    if (std::fwrite(text_.data(), 1, text_.size(), stdout) != text_.size() || std::fflush(stdout) != 0)
      throw FailJob(fmt::format("print sink: cannot write to standard output: {}", std::strerror(errno)));
    return true;
  }
  bool try_flush(Epoch) override { return true; }
  SinkPart take_part() override { return {worker_, {}, std::exchange(written_, {})}; }

 private:
  const std::uint32_t worker_;
  std::unique_ptr<RowEncoder> encoder_;
  std::string text_;
  Digest written_;
};

class DiscardWriter final : public SinkWriter {
 public:
  DiscardWriter(std::uint32_t worker, const std::string&, const RowSchema*) : worker_(worker) {}
  bool try_write(const Batch& rows) override {
    rows_ += rows.size();
    return true;
  }
  bool try_flush(Epoch) override { return true; }
  SinkPart take_part() override { return {worker_, {}, Digest{std::exchange(rows_, 0), 0, 0}}; }

 private:
  const std::uint32_t worker_;
  std::uint64_t rows_ = 0;
};

void refuse_place(const ConnectorUri& uri, const Parameters& parameters) {
  if (!uri.path.empty() || !uri.authority.empty())
    parameters.refuse(fmt::format("`{}:` takes no path", uri.scheme));
}

}  // namespace

std::unique_ptr<Sink> make_print_sink(const ConnectorUri& uri, const ConnectorContext& context) {
  const Parameters parameters(uri, context.settings, {"format"});
  refuse_place(uri, parameters);
  const std::string format = parameters.one_of("format", {"json", "jsonl", "csv", "raw"}).value_or("json");
  make_encoder(format, *context.schema);
  return std::make_unique<ImmediateSink<PrintWriter>>(format, context.schema);
}

std::unique_ptr<Sink> make_discard_sink(const ConnectorUri& uri, const ConnectorContext& context) {
  const Parameters parameters(uri, context.settings, {});
  refuse_place(uri, parameters);
  return std::make_unique<ImmediateSink<DiscardWriter>>();
}

}  // namespace weir
