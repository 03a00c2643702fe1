#pragma once

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "compressor.hpp"
#include "failure_of.hpp"
#include "file_connector.hpp"
#include "rows.hpp"
#include "temp_dir.hpp"

/// Files of flights, read through a source.
namespace file_rows {

using rows::Collected;
using rows::Flight;
using weir::ConnectorUri;
using weir::ExitCode;
using weir::ReadStatus;

/// What sources have warned of since the test has begun.
inline std::vector<std::string>& warnings() {
  static std::vector<std::string> lines;
  return lines;
}

template <class Row = Flight>
std::unique_ptr<weir::Source> open_source(const std::string& address) {
  weir::ConnectorContext context;
  context.name = "flights";
  context.schema = &weir::row_schema<Row>();
  context.warn = [](const std::string& line) { warnings().push_back(line); };
  return weir::make_file_source(ConnectorUri::parse(address), context);
}

template <class Row = Flight>
std::vector<std::string> read_source(const std::string& address, Collected<Row>& into) {
  auto source = open_source<Row>(address);
  std::vector<std::string> lines;
  for (const std::string& partition : source->partitions())
    for (std::string& line : rows::read_all(*source->open(partition, std::nullopt, {}), into))
      lines.push_back(std::move(line));
  return lines;
}

template <class Row = Flight>
std::vector<std::string> read_source(const std::string& address) {
  Collected<Row> into;
  auto lines = read_source<Row>(address, into);
  CHECK(into.rejected.empty());
  return lines;
}

inline std::string usage_failure(const std::string& address) {
  return failure_of(ExitCode::kUsage, [&] { read_source(address); });
}

inline std::string flight(std::string_view origin, int at, std::string_view delay) {
  return "{\"origin\":\"" + std::string(origin) + "\",\"at\":" + std::to_string(at) +
         ",\"delay\":" + std::string(delay) + "}";
}

inline std::string compressed(const std::string& content, const std::string& ending) {
  auto compressor = weir::make_compressor(weir::compression_of("x" + ending));
  std::string out;
  compressor->add(content, out);
  compressor->finish(out);
  return out;
}

}  // namespace file_rows
