#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include <catch2/catch.hpp>

#include <weir/checkpoint/manifest.hpp>
#include <weir/core/error.hpp>

#include "manifest_example.hpp"
#include "project_directory.hpp"

namespace weir {

namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const FailJob& error) {
    if (error.code() != ExitCode::kStateUnusable) return "the wrong exit code";
    return error.what();
  }
  return "";
}

std::string refusal(std::string_view bytes) {
  return message_of([&] { decode_manifest(bytes, "manifest 42"); });
}

void require_same(const PartitionProgress& a, const PartitionProgress& b) {
  CHECK(a.source == b.source);
  CHECK(a.partition == b.partition);
  CHECK(a.begin == b.begin);
  CHECK(a.end == b.end);
  CHECK(a.watermark == b.watermark);
  CHECK(a.ended == b.ended);
}

void require_same_state(const Manifest& a, const Manifest& b) {
  REQUIRE(a.shards.size() == b.shards.size());
  for (std::size_t i = 0; i < a.shards.size(); ++i) {
    CHECK(a.shards[i].worker == b.shards[i].worker);
    CHECK(a.shards[i].key_groups == b.shards[i].key_groups);
    CHECK(a.shards[i].files == b.shards[i].files);
  }
  REQUIRE(a.operator_states.size() == b.operator_states.size());
  for (std::size_t i = 0; i < a.operator_states.size(); ++i) {
    CHECK(a.operator_states[i].operator_name == b.operator_states[i].operator_name);
    CHECK(a.operator_states[i].worker == b.operator_states[i].worker);
    CHECK(a.operator_states[i].bytes == b.operator_states[i].bytes);
  }
  REQUIRE(a.schemas.size() == b.schemas.size());
  for (std::size_t i = 0; i < a.schemas.size(); ++i) {
    CHECK(a.schemas[i].operator_name == b.schemas[i].operator_name);
    CHECK(a.schemas[i].state.name == b.schemas[i].state.name);
    CHECK(a.schemas[i].state.key_type == b.schemas[i].state.key_type);
    CHECK(a.schemas[i].state.value_type == b.schemas[i].state.value_type);
  }
}

void require_same_ledger(const Manifest& a, const Manifest& b) {
  REQUIRE(a.sinks.size() == b.sinks.size());
  for (std::size_t i = 0; i < a.sinks.size(); ++i) {
    CHECK(a.sinks[i].sink == b.sinks[i].sink);
    REQUIRE(a.sinks[i].parts.size() == b.sinks[i].parts.size());
    for (std::size_t part = 0; part < a.sinks[i].parts.size(); ++part) {
      CHECK(a.sinks[i].parts[part].worker == b.sinks[i].parts[part].worker);
      CHECK(a.sinks[i].parts[part].payload == b.sinks[i].parts[part].payload);
      CHECK(a.sinks[i].parts[part].written == b.sinks[i].parts[part].written);
    }
  }
  REQUIRE(a.edges.size() == b.edges.size());
  for (std::size_t i = 0; i < a.edges.size(); ++i) {
    CHECK(a.edges[i].edge == b.edges[i].edge);
    CHECK(a.edges[i].sent == b.edges[i].sent);
    CHECK(a.edges[i].received == b.edges[i].received);
  }
}

void require_same(const Manifest& a, const Manifest& b) {
  CHECK(a.job == b.job);
  CHECK(a.instance == b.instance);
  CHECK(a.fingerprint == b.fingerprint);
  CHECK(a.epoch == b.epoch);
  CHECK(a.predecessor == b.predecessor);
  CHECK(a.predecessor_checksum == b.predecessor_checksum);
  CHECK(a.max_parallelism == b.max_parallelism);
  CHECK(a.parallelism == b.parallelism);
  CHECK(a.created_millis == b.created_millis);
  CHECK(a.final == b.final);
  REQUIRE(a.sources.size() == b.sources.size());
  for (std::size_t i = 0; i < a.sources.size(); ++i) require_same(a.sources[i], b.sources[i]);
  require_same_state(a, b);
  require_same_ledger(a, b);
}

std::string golden(const std::string& name) {
  std::ifstream in(testing::project_directory() / "tests/checkpoint/golden" / name, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The bytes with another version, and a checksum that agrees.
std::string with_version(std::string bytes, std::uint32_t version) {
  bytes.resize(bytes.size() - 16);
  std::memcpy(bytes.data() + 8, &version, sizeof version);
  const Checksum sum = checksum(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum.low), 8)
      .append(reinterpret_cast<const char*>(&sum.high), 8);
  return bytes;
}

}  // namespace

TEST_CASE("A manifest comes back as it was written") {
  const Manifest manifest = example_manifest();
  require_same(decode_manifest(encode(manifest), "manifest 42"), manifest);
}

TEST_CASE("The first manifest ever written can still be read") {
  require_same(decode_manifest(golden("manifest-v1.bin"), "golden"), example_manifest());
}

TEST_CASE("The first commit record ever written can still be read") {
  const CommitRecord record = decode_commit_record(golden("commit-record-v1.bin"));
  const CommitRecord expected = example_commit_record();
  CHECK(record.job == expected.job);
  CHECK(record.instance == expected.instance);
  CHECK(record.epoch == expected.epoch);
  CHECK(record.manifest == expected.manifest);
  REQUIRE(record.sources.size() == expected.sources.size());
  for (std::size_t i = 0; i < record.sources.size(); ++i)
    require_same(record.sources[i], expected.sources[i]);
}

TEST_CASE("Every flipped bit of a manifest is refused by a message that names it") {
  std::string bytes = encode(example_manifest());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] ^= static_cast<char>(1 << bit);
      const std::string message = refusal(bytes);
      if (message.find("manifest 42") != 0) FAIL("byte " << i << " bit " << bit << ": " << message);
      bytes[i] ^= static_cast<char>(1 << bit);
    }
  }
  CHECK(refusal(bytes).empty());
}

TEST_CASE("Every truncation of a manifest is refused with what was expected and what was found") {
  const std::string bytes = encode(example_manifest());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string message = refusal(bytes.substr(0, n));
    if (message.find("manifest 42 is truncated: ") != 0) FAIL(n << " bytes: " << message);
  }
  CHECK_THAT(refusal(bytes + "x"), Catch::Contains("manifest 42 is too long"));
}

TEST_CASE("Every flipped bit and every truncation of a commit record is refused") {
  std::string bytes = encode(example_commit_record());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK_FALSE(message_of([&] { decode_commit_record(std::string_view(bytes).substr(0, i)); }).empty());
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] ^= static_cast<char>(1 << bit);
      if (message_of([&] { decode_commit_record(bytes); }).find("commit record") != 0)
        FAIL("byte " << i << " bit " << bit);
      bytes[i] ^= static_cast<char>(1 << bit);
    }
  }
}

TEST_CASE("A manifest of a newer format is refused by saying so") {
  const std::string message = refusal(with_version(encode(example_manifest()), 2));
  CHECK_THAT(message, Catch::Contains("newer") && Catch::Contains("version 2") && Catch::Contains("up to 1"));
  CHECK_THAT(refusal(with_version(encode(example_manifest()), 0)), Catch::Contains("version 0"));
  CHECK(refusal(with_version(encode(example_manifest()), 1)).empty());
}

TEST_CASE("A commit record is not taken for a manifest") {
  CHECK_THAT(refusal(encode(example_commit_record())), Catch::Contains("does not begin with WEIRMAN1"));
}

TEST_CASE("A manifest that contradicts itself is refused") {
  const auto refused = [](const std::function<void(Manifest&)>& change) {
    Manifest manifest = example_manifest();
    change(manifest);
    return refusal(encode(manifest));
  };
  CHECK_THAT(refused([](Manifest& m) { m.job = ""; }), Catch::Contains("names no job"));
  CHECK_THAT(refused([](Manifest& m) { m.epoch = 0; }), Catch::Contains("has no epoch"));
  CHECK_THAT(refused([](Manifest& m) { m.predecessor = 42; }), Catch::Contains("follows epoch 42"));
  CHECK_THAT(refused([](Manifest& m) { m.max_parallelism = 65537; }),
             Catch::Contains("max parallelism of 65537"));
  CHECK_THAT(refused([](Manifest& m) { m.parallelism = 0; }), Catch::Contains("0 workers"));
  CHECK_THAT(refused([](Manifest& m) { m.parallelism = 129; }), Catch::Contains("129 workers"));
  CHECK_THAT(refused([](Manifest& m) { m.shards[1].worker = 2; }),
             Catch::Contains("state shard of worker 2 of 2"));
  CHECK_THAT(refused([](Manifest& m) {
               m.shards[1].key_groups = {64, 129};
             }),
             Catch::Contains("64 to 129 of 128"));
  CHECK_THAT(refused([](Manifest& m) { m.shards[1].key_groups = {80, 70}; }), Catch::Contains("80 to 70"));
  CHECK_THAT(refused([](Manifest& m) {
               m.shards[1].key_groups = {63, 128};
             }),
             Catch::Contains("key group 63 to two"));
  CHECK_THAT(refused([](Manifest& m) { m.shards[0].files[0].name = "../CURRENT"; }),
             Catch::Contains("../CURRENT"));
  CHECK_THAT(refused([](Manifest& m) { m.shards[0].files[0].name = "CURRENT"; }), Catch::Contains("twice"));
  CHECK_THAT(refused([](Manifest& m) { m.operator_states[0].worker = 9; }), Catch::Contains("hourly-delay"));
  CHECK_THAT(refused([](Manifest& m) { m.sinks[0].parts[0].worker = 9; }), Catch::Contains("delays"));
}

TEST_CASE("Checksum is XXH3 of 128 bits, for ever") {
  CHECK(checksum("").hex() == "99aa06d3014798d86001c324468d497f");
  CHECK(checksum("abc").hex() == "06b05ab6733a618578af5f94892f3950");
}

}  // namespace weir
