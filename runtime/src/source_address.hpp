#pragma once

#include <optional>
#include <string>

#include <weir/core/connector.hpp>
#include <weir/core/source.hpp>

namespace weir {

/// A source's address with what the runtime itself takes from it: `rate=ROWS_A_SECOND`, over all partitions.
struct SourceAddress {
  ConnectorUri uri;  ///< without the runtime's own parameters
  std::optional<double> rate;

  /// Throws FailJob(kUsage) naming the source.
  static SourceAddress parse(const std::string& source, const std::string& text);
  /// The address as `generator:?events=N&seed=S&partitions=P`. Throws FailJob(kUsage) for anything else in it.
  GeneratorOptions generator() const;
};

}  // namespace weir
