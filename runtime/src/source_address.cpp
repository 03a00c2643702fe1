#include "source_address.hpp"

#include <charconv>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

template <class Number>
Number parse_number(const std::string& text, const std::string& key, const std::string& address) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < Number{})
    throw FailJob(fmt::format("parameter '{}' of '{}' must be a number, not '{}'", key, address, text),
                  ExitCode::kUsage);
  return number;
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
    else
      throw FailJob(
          fmt::format(
              "'{}' has an unknown parameter '{}'; a generator takes events, seed, rate and partitions",
              uri.text, key),
          ExitCode::kUsage);
  }
  return options;
}

}  // namespace weir
