#include "kafka_fingerprint.hpp"

#include <charconv>

#include <fmt/format.h>

#include <weir/core/hash.hpp>

namespace weir::kafka {

namespace {

std::uint64_t hash_of(const void* at, std::size_t length) {
  // A missing key or value is not an empty one.
  return at ? hash_bytes({static_cast<const char*>(at), length}) : 0;
}

template <class Number>
bool take(std::string_view& text, std::string_view name, Number& number, int base = 10) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

}  // namespace

Fingerprint Fingerprint::of(const rd_kafka_message_t& message) {
  return {
      message.offset, rd_kafka_message_timestamp(&message, nullptr),
      hash_of(message.payload, message.len) + weir::detail::hash_u64(hash_of(message.key, message.key_len))};
}

std::optional<Fingerprint> Fingerprint::parse(std::string_view text) {
  Fingerprint found;
  const bool whole = take(text, "record=", found.offset) && take(text, " timestamp=", found.timestamp) &&
                     take(text, " hash=", found.hash, 16) && text.empty();
  return whole ? std::optional(found) : std::nullopt;
}

std::string Fingerprint::text() const {
  return fmt::format("record={} timestamp={} hash={:016x}", offset, timestamp, hash);
}

}  // namespace weir::kafka
