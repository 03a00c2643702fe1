#include <weir/connectors/connectors.hpp>

#include <vector>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "choices.hpp"
#include "file_connector.hpp"
#include "kafka_connector.hpp"
#include "stream_sinks.hpp"

namespace weir {

namespace {

[[noreturn]] void refuse(const ConnectorUri& uri, std::string_view why) {
  throw FailJob(fmt::format("address `{}`: {}", uri.redacted(), why), ExitCode::kUsage);
}

[[noreturn]] void unknown_scheme(const ConnectorUri& uri) {
  const std::string hint = did_you_mean(uri.scheme, {"file", "kafka", "print", "discard", "generator"});
  refuse(uri, fmt::format("no connector is called `{}`{} (there are {})", uri.scheme, hint, known_schemes()));
}

class AllConnectors final : public Connectors {
 public:
  std::unique_ptr<Source> source(const ConnectorUri& uri, const ConnectorContext& context,
                                 const SourceOptions& options) override {
    if (uri.scheme == "file") return make_file_source(uri, context);
    if (uri.scheme == "kafka") return kafka().source(uri, context, options);
    if (uri.scheme == "print" || uri.scheme == "discard")
      refuse(uri, fmt::format("`{}` is a sink; nothing can be read from it", uri.scheme));
    if (uri.scheme == "generator")
      refuse(uri, "this source has no generator; a pipeline gives one to the source that it is for");
    unknown_scheme(uri);
  }

  std::unique_ptr<Sink> sink(const ConnectorUri& uri, const ConnectorContext& context) override {
    if (uri.scheme == "file") return make_file_sink(uri, context);
    if (uri.scheme == "kafka") return kafka().sink(uri, context);
    if (uri.scheme == "print") return make_print_sink(uri, context);
    if (uri.scheme == "discard") return make_discard_sink(uri, context);
    if (uri.scheme == "generator") refuse(uri, "`generator` is a source; nothing can be written to it");
    unknown_scheme(uri);
  }

 private:
  KafkaConnector& kafka() {
    if (!kafka_) kafka_ = make_kafka_connector();
    return *kafka_;
  }

  std::unique_ptr<KafkaConnector> kafka_;  ///< made when first asked for: most tests and file jobs need none
};

}  // namespace

ConnectorsFactory make_connectors() {
  return [] { return std::make_unique<AllConnectors>(); };
}

std::string known_schemes() { return "file, kafka, print, discard, generator"; }

}  // namespace weir
