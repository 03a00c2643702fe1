#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/core/metrics.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/sink.hpp>
#include <weir/core/source.hpp>

namespace weir {

/// A connector's address: `scheme:path?key=value&…` or `scheme://authority/path?key=value&…`. Percent-encoding is undone in the
/// values of parameters; paths are taken as they are.
struct ConnectorUri {
  std::string text;  ///< as it was given
  std::string scheme;
  std::string authority;  ///< "127.0.0.1:19092,127.0.0.1:19093"
  std::string path;       ///< "flights", "data/flights.csv"; with an authority, without the leading slash
  std::map<std::string, std::string> parameters;

  /// Throws FailJob(kUsage) with the text and what is wrong with it.
  static ConnectorUri parse(std::string_view text);
  /// The text with the values of secret parameters replaced by ***.
  std::string redacted() const;
};

/// True for keys whose values must never be shown: passwords, secrets, tokens, private keys, JAAS configurations.
bool is_secret(std::string_view key);

/// What a connector is given besides its address.
struct ConnectorContext {
  std::string job;       ///< name of the job; part of transactional ids and group names
  std::string instance;  ///< "0" for a single instance
  std::string name;      ///< of the source or sink vertex
  const RowSchema* schema = nullptr;
  Environment* environment = nullptr;
  MetricRegistry* metrics = nullptr;
  /// Settings that hold for every address of this scheme, from `connectors.<scheme>` of the configuration.
  std::map<std::string, std::string> settings;
  /// Takes what the operator of the job should know of; may be empty. Any thread, while the attempt lives.
  std::function<void(const std::string& line)> warn = {};
  /// Whether the job was asked to stop; may be empty. Who waits for the outside gives up within seconds then, by RestartJob. Any
  /// thread.
  std::function<bool()> stopping = {};
  /// What the source or sink may hold in queues of its own, all partitions and workers together; 0: as much as it likes.
  std::size_t memory_bytes = 0;
};

/// One attempt's connectors: opens sources and sinks by address, sharing what must be shared between them (one
/// transactional producer an instance and cluster). Destroyed, and made anew, with each attempt.
class Connectors {
 public:
  virtual ~Connectors() = default;
  /// Opens without reading yet. Throws FailJob(kUsage) for a wrong address or parameter, naming it and what is allowed.
  virtual std::unique_ptr<Source> source(const ConnectorUri&, const ConnectorContext&,
                                         const SourceOptions&) = 0;
  virtual std::unique_ptr<Sink> sink(const ConnectorUri&, const ConnectorContext&) = 0;
};

using ConnectorsFactory = std::function<std::unique_ptr<Connectors>()>;

}  // namespace weir
