#include "kafka_address.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>

#include "choices.hpp"

namespace weir::kafka {

namespace {

using Texts = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

// Properties that are weir's own: changed, exactly-once or the reader's bookkeeping would break.
const Values& refused() {
  static const std::string positions = "weir keeps the positions itself, in checkpoints";
  static const std::string identity =
      "weir names its producer by job and instance, so that a restart fences its predecessor";
  static const std::string once = "exactly-once needs weir's own value";
  static const std::string assigned = "weir assigns partitions itself, without a group's protocol";
  static const std::string used = "weir uses it itself";
  static const Values reasons = {
      {"enable.auto.commit", positions},
      {"auto.commit.enable", positions},
      {"auto.commit.interval.ms", positions},
      {"enable.auto.offset.store", positions},
      {"offset.store.method", positions},
      {"offset.store.path", positions},
      {"auto.offset.reset",
       "where to begin is the job's option, and a lost position must not be reset silently"},
      {"isolation.level", "sources read committed records only"},
      {"enable.partition.eof", used},
      {"group.id", "use the parameter group"},
      {"group.instance.id", assigned},
      {"group.protocol.type", assigned},
      {"partition.assignment.strategy", assigned},
      {"session.timeout.ms", assigned},
      {"heartbeat.interval.ms", assigned},
      {"max.poll.interval.ms", assigned},
      {"transactional.id", identity},
      {"enable.idempotence", once},
      {"enable.gapless.guarantee", once},
      {"acks", once},
      {"request.required.acks", once},
      {"max.in.flight", once},
      {"max.in.flight.requests.per.connection", once},
      {"retries", once},
      {"message.send.max.retries", once},
      {"queuing.strategy", once},
      {"delivery.report.only.error", "weir counts every delivery report"},
      {"metadata.broker.list", "use brokers"},
      {"allow.auto.create.topics", "use the parameter create"},
      {"log.queue", used},
      {"log_cb", used},
      {"opaque", used},
  };
  return reasons;
}

bool is_flag(std::string_view value) { return value == "true" || value == "false"; }

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One spelling for one cluster, so that two sinks are seen to share it.
std::string normalised(std::string_view brokers) {
  std::set<std::string> hosts;
  while (!brokers.empty()) {
    const auto comma = brokers.find(',');
    std::string host(brokers.substr(0, comma));
    std::erase(host, ' ');
    std::transform(host.begin(), host.end(), host.begin(),
                   [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    if (!host.empty()) {
      if (host.find(':') == host.npos) host += ":9092";
      hosts.insert(host);
    }
    if (comma == brokers.npos) break;
    brokers.remove_prefix(comma + 1);
  }
  return fmt::format("{}", fmt::join(hosts, ","));
}

std::string take(Values& values, const std::string& key, std::string otherwise) {
  auto node = values.extract(key);
  return node ? std::move(node.mapped()) : std::move(otherwise);
}

/// Of both sides: what is no parameter of a source may be one of a sink.
Texts known_names() {
  Texts names = {"brokers", "format",     "group",      "commit.topic", "key",  "timestamp",
                 "create",  "partitions", "tombstones", "deleted",      "rate", "on_error"};
  const Conf conf(rd_kafka_conf_new());
  std::size_t count = 0;
  const char** entries = rd_kafka_conf_dump(conf.get(), &count);
  for (std::size_t i = 0; i + 1 < count; i += 2)
    if (!refused().contains(entries[i])) names.emplace_back(entries[i]);
  rd_kafka_conf_dump_free(entries, count);
  return names;
}

// Tries each property on its own, so that all mistakes come out together. The value of a secret stays out of
// the text.
void check_properties(const Values& properties, Texts& wrong) {
  const Conf scratch(rd_kafka_conf_new());
  for (const auto& [key, value] : properties) {
    if (const auto own = refused().find(key); own != refused().end()) {
      wrong.push_back(fmt::format("`{}` cannot be set: {}", key, own->second));
      continue;
    }
    char reason[512];
    const auto result = rd_kafka_conf_set(scratch.get(), key.c_str(), value.c_str(), reason, sizeof reason);
    if (result == RD_KAFKA_CONF_UNKNOWN)
      wrong.push_back(fmt::format("`{}` is neither a parameter of weir nor a property of librdkafka{}", key,
                                  did_you_mean(key, known_names())));
    else if (result != RD_KAFKA_CONF_OK)
      wrong.push_back(is_secret(key) ? fmt::format("`{}` has a value that librdkafka does not take", key)
                                     : fmt::format("`{}`: {}", key, reason));
  }
}

void read_sink_parameters(Values& values, const ConnectorContext& context, Address& address, Texts& wrong) {
  if (const std::string key = take(values, "key", ""); !key.empty()) address.key = key;
  if (address.key && context.schema) {
    const Field* field = context.schema->find(*address.key);
    if (!field || field->type == FieldType::kStruct) {
      Texts names;
      for (const Field& f : context.schema->fields)
        if (f.type != FieldType::kStruct) names.emplace_back(f.name);
      wrong.push_back(fmt::format("`key` names no plain field of {}: `{}`; there are {}",
                                  context.schema->name, *address.key, fmt::join(names, ", ")));
    }
  }
  const std::string timestamp = take(values, "timestamp", "event");
  if (timestamp != "event" && timestamp != "clock")
    wrong.push_back(fmt::format("`timestamp` is event or clock, not `{}`", timestamp));
  address.event_time = timestamp == "event";
  const std::string create = take(values, "create", "false");
  if (!is_flag(create)) wrong.push_back(fmt::format("`create` is true or false, not `{}`", create));
  address.create = create == "true";
  if (const std::string count = take(values, "partitions", ""); !count.empty()) {
    address.partitions = whole_number(count).value_or(0);
    if (address.partitions < 1)
      wrong.push_back(fmt::format("`partitions` is a whole number of at least 1, not `{}`", count));
  }
}

/// The field that parameter `name` names, when it suits; otherwise says what would.
std::optional<std::string> field_parameter(Values& values, const std::string& name, bool suits(const Field&),
                                           const ConnectorContext& context, Texts& wrong) {
  const std::string field_name = take(values, name, "");
  if (!context.schema) return field_name;
  const Field* field = context.schema->find(field_name);
  if (field && suits(*field)) return field_name;
  Texts names;
  for (const Field& f : context.schema->fields)
    if (suits(f)) names.emplace_back(f.name);
  wrong.push_back(fmt::format(
      "`tombstones=row` wants in `{}` one of these fields of {}: {}; not `{}`", name, context.schema->name,
      names.empty() ? "(there is none)" : fmt::format("{}", fmt::join(names, ", ")), field_name));
  return std::nullopt;
}

void read_source_parameters(Values& values, const ConnectorContext& context, Address& address, Texts& wrong) {
  const std::string missing = take(values, "missing", "fail");
  if (missing != "fail" && missing != "ignore")
    wrong.push_back(fmt::format("`missing` is fail or ignore, not `{}`", missing));
  address.ignore_missing = missing == "ignore";
  const std::string tombstones = take(values, "tombstones", "reject");
  if (tombstones == "skip") address.tombstones = Tombstones::kSkip;
  else if (tombstones == "row") address.tombstones = Tombstones::kRow;
  else if (tombstones != "reject")
    wrong.push_back(fmt::format("`tombstones` is reject, skip or row, not `{}`", tombstones));
  if (address.tombstones != Tombstones::kRow) return;
  const std::string format = take(values, "key_format", "");
  if (format == "json") address.key_format = KeyFormat::kJson;
  else if (format == "text") address.key_format = KeyFormat::kText;
  else if (!format.empty()) wrong.push_back(fmt::format("`key_format` is text or json, not `{}`", format));
  address.key = field_parameter(values, "key", TombstoneRows::suits_key, context, wrong);
  address.deleted = field_parameter(values, "deleted", TombstoneRows::suits_deleted, context, wrong);
}

}  // namespace

Address parse_address(const ConnectorUri& uri, const ConnectorContext& context, Side side) {
  Address address;
  Texts wrong;
  Values values = context.settings;
  for (const auto& [key, value] : uri.parameters) values.insert_or_assign(key, value);

  const std::string bootstrap = take(values, "bootstrap.servers", "");
  const std::string brokers = take(values, "brokers", bootstrap);
  const std::string& named = uri.authority.empty() ? brokers : uri.authority;
  // As part of a host's name it would be asked for in the DNS, and stand in librdkafka's messages.
  if (named.find('@') != named.npos)
    throw FailJob(
        fmt::format("{}: {}: no user and password stand in front of a broker; they are the settings "
                    "sasl.username and sasl.password",
                    context.name, uri.redacted()),
        ExitCode::kUsage);
  address.brokers = normalised(named);
  if (address.brokers.empty())
    wrong.push_back("no broker is named: use kafka://host:port/topic, or the setting brokers");
  address.topic = uri.path;
  if (!is_topic_name(address.topic))
    wrong.push_back(fmt::format("`{}` is no topic name: 1 to 249 of a-z A-Z 0-9 . _ -", address.topic));

  address.format = take(values, "format", "json");
  if (address.format != "json" && address.format != "raw")
    wrong.push_back(fmt::format("`format` is json or raw, not `{}`", address.format));
  const std::string own_name = "weir-" + context.job;
  address.group = take(values, "group", own_name);
  address.commit_topic = take(values, "commit.topic", own_name + "-commits");
  if (side == Side::kSink) {
    read_sink_parameters(values, context, address, wrong);
    if (!is_topic_name(address.commit_topic))
      wrong.push_back(fmt::format("`commit.topic`: `{}` is no topic name: 1 to 249 of a-z A-Z 0-9 . _ -",
                                  address.commit_topic));
  }
  if (side == Side::kSource) read_source_parameters(values, context, address, wrong);
  check_properties(values, wrong);
  address.properties = std::move(values);
  if (!wrong.empty())
    throw FailJob(fmt::format("{}: {}: {}", context.name, uri.redacted(), fmt::join(wrong, "; ")),
                  ExitCode::kUsage);
  return address;
}

Conf make_conf(const Address& address, const Values& defaults, const Values& fixed) {
  Conf conf(rd_kafka_conf_new());
  char reason[512];
  const auto set = [&](const std::string& key, const std::string& value) {
    const auto result = rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), reason, sizeof reason);
    WEIR_ASSERT(result == RD_KAFKA_CONF_OK, "librdkafka takes a property that was checked before");
  };
  // librdkafka's own ten seconds would be added to every outage that lasts longer than that.
  set("reconnect.backoff.max.ms", "1000");
  for (const auto& [key, value] : defaults) set(key, value);
  for (const auto& [key, value] : address.properties) set(key, value);
  for (const auto& [key, value] : fixed) set(key, value);
  set("bootstrap.servers", address.brokers);
  return conf;
}

}  // namespace weir::kafka
