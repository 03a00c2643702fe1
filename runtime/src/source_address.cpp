#include "source_address.hpp"

#include <charconv>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/nearest_word.hpp>
#include <weir/core/redaction.hpp>

namespace weir {

namespace {

template <class Number>
Number parse_number(const std::string& text, const std::string& key, const std::string& address) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < Number{})
    throw FailJob(fmt::format("parameter '{}' of '{}' must be a number, not '{}'", key,
                              redacted_address(address), text),
                  ExitCode::kUsage);
  return number;
}

[[noreturn]] void refuse_parameter(const ConnectorUri& uri, const std::string& key) {
  const auto near = nearest_word(key, {"events", "seed", "rate", "partitions"});
  throw FailJob(
      fmt::format("'{}' has an unknown parameter '{}'{}; a generator takes events, seed, rate and partitions",
                  uri.redacted(), key, near ? fmt::format("; did you mean '{}'?", *near) : ""),
      ExitCode::kUsage);
}

}  // namespace

SourceAddress SourceAddress::parse(const std::string& source, const std::string& text) {
  if (text.empty())
    throw FailJob(fmt::format("source '{0}' is bound to nothing: give --source {0}=ADDRESS", source),
                  ExitCode::kUsage);
  SourceAddress address{ConnectorUri::parse(text), std::nullopt};
  if (const auto rate = address.uri.parameters.find("rate"); rate != address.uri.parameters.end()) {
    address.rate = parse_number<double>(rate->second, "rate", text);
    address.uri.parameters.erase(rate);
  }
  return address;
}

GeneratorOptions SourceAddress::generator() const {
  GeneratorOptions options;
  for (const auto& [key, value] : uri.parameters) {
    if (key == "events") options.events = parse_number<std::uint64_t>(value, key, uri.text);
    else if (key == "seed") options.seed = parse_number<std::uint64_t>(value, key, uri.text);
    else if (key == "partitions")
      options.partitions = std::max(1u, parse_number<std::uint32_t>(value, key, uri.text));
    else refuse_parameter(uri, key);
  }
  return options;
}

}  // namespace weir
