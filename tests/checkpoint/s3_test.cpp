#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <weir/checkpoint/store.hpp>

#include "s3_client.hpp"
#include "s3_xml.hpp"
#include "store_scratch.hpp"

namespace weir {

namespace {

std::string refusal(const std::string& address) {
  return failure_of([&] { S3Address::parse(address); }, ExitCode::kUsage);
}

/// A place of this test's own on the server that WEIR_S3_TEST names.
std::string address_on(const char* server, const std::string& name) {
  return fmt::format("s3://weir-test/s3-{}/{}?endpoint={}&part_bytes=5242880&lease_seconds=1", ::getpid(),
                     name, server);
}

}  // namespace

// Source: AWS, "Authenticating Requests: Using the Authorization Header", the examples of GET Object and of listing.
TEST_CASE("Requests are signed as the examples of Signature Version 4 are") {
  S3Address address;
  address.host = "examplebucket.s3.amazonaws.com";
  address.port = "443";
  address.region = "us-east-1";
  const S3Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  S3Request get{"GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, ""};
  sign(get, address, credentials, "20130524T000000Z");
  CHECK(get.headers["authorization"] ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  S3Request list{"GET", "/", {{"max-keys", "2"}, {"prefix", "J"}}, {}, ""};
  sign(list, address, credentials, "20130524T000000Z");
  CHECK_THAT(list.headers["authorization"],
             Catch::EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_CASE("Paths and queries are encoded byte by byte") {
  const S3Request request{"GET", "/b/a b/ü~(1)", {{"prefix", "x/y z"}, {"uploads", ""}}, {}, ""};
  CHECK(request.target() == "/b/a%20b/%C3%BC~%281%29?prefix=x%2Fy%20z&uploads=");
}

TEST_CASE("An S3 address says bucket, prefix and where the server is") {
  const S3Address own = S3Address::parse("s3://bucket/a/b/?endpoint=http://127.0.0.1:5000");
  CHECK(own.bucket == "bucket");
  CHECK(own.prefix == "a/b/");
  CHECK_FALSE(own.tls);
  CHECK(own.authority() == "127.0.0.1:5000");
  CHECK(own.shown("files/1") == "s3://bucket/a/b/files/1");
  const S3Address amazon = S3Address::parse("s3://bucket?region=eu-central-1");
  CHECK(amazon.prefix.empty());
  CHECK(amazon.tls);
  CHECK(amazon.authority() == "s3.eu-central-1.amazonaws.com");
  CHECK(S3Address::parse("s3://b/p?endpoint=https://[::1]:9000").authority() == "[::1]:9000");
  CHECK_THAT(refusal("s3:///prefix?region=x"), Catch::Contains("the bucket is missing"));
  CHECK_THAT(refusal("s3://b/p?endpoint=127.0.0.1:1"), Catch::Contains("is not http:// or https://"));
  CHECK_THAT(refusal("s3://b/p?region=x&part_bytes=100"),
             Catch::Contains("part_bytes=100 is not a whole number, 5242880 to"));
  CHECK_THAT(refusal("s3://b/p?regoin=x"),
             Catch::Contains("there is no parameter regoin; did you mean region?"));
  for (const char* secret :
       {"s3://AKIA:hunter2/x@b/p?region=x", "s3://b/p?region=x&endpoint=http://me:hunter2@h",
        "s3://b/p?region=x&endpoint=ftp://me:hunter2@h", "s3://b/p?region=x&secret=hunter2"}) {
    INFO(secret);
    CHECK_FALSE(refusal(secret).empty());
    CHECK_THAT(refusal(secret), !Catch::Contains("hunter2"));
  }
  CHECK_THAT(refusal("s3://b/p?endpoint=http://h:99999"), Catch::Contains("port"));
}

TEST_CASE("Elements of an S3 answer are found, entities resolved") {
  const std::string answer =
      "<R "
      "xmlns=\"x\"><Contents><Key>a&amp;b</Key><Size>1</Size></Contents><Contents><Key>c</Key></"
      "Contents><KeyCount>2</KeyCount></R>";
  CHECK(xml_elements(answer, "Contents").size() == 2);
  CHECK(xml_text(answer, "Key") == "a&b");
  CHECK(xml_text(answer, "KeyCount") == "2");
  CHECK(xml_text(answer, "None").empty());
  CHECK(xml_elements("<Key>half", "Key").empty());
}

TEST_CASE("A large file goes to S3 in parts and comes back whole", "[s3]") {
  const char* server = std::getenv("WEIR_S3_TEST");
  if (!server) return;
  const StoreScratch scratch;
  std::string large(12'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7919 >> 8);
  const auto store = make_s3_store(address_on(server, "large"));
  const StoredFile stored = store->put(scratch.file("000001.sst", large, true));
  CHECK(stored == StoredFile{"000001.sst", large.size(), checksum(large), 1});
  CHECK(store->get(stored, "").bytes == large);
  CHECK(content_of_file(store->get(stored, (scratch / "staging").string()).path) == large);
}

TEST_CASE("Any damage of an object on S3 is found", "[s3]") {
  const char* server = std::getenv("WEIR_S3_TEST");
  if (!server) return;
  const std::string address = address_on(server, "damage");
  const auto store = make_s3_store(address);
  const StoredFile stored = store->put({"entries", "", "content", false});
  S3Client client(S3Address::parse(address), S3Credentials::of_environment());
  const std::string key = "files/" + stored.stored_name();
  const auto refused = [&] { return failure_of([&] { store->get(stored, ""); }); };
  client.put(key, "c0ntent");
  CHECK_THAT(refused(),
             Catch::Contains(key) && Catch::Contains("'entries'") && Catch::Contains("is damaged"));
  client.put(key, "conten");
  CHECK_THAT(refused(), Catch::Contains("wrong size: 7 bytes expected, 6 found"));
  client.remove(key);
  CHECK_THAT(refused(), Catch::Contains("is missing"));
  store->publish(1, encode(manifest_of(1, {})));
  client.put("manifests/00000000000000000001", "WEIRMAN1");
  CHECK_THAT(failure_of([&] { store->load(1); }), Catch::Contains("manifest 1"));
}

TEST_CASE("Uploads that were begun and never completed are ended by the next claim", "[s3]") {
  const char* server = std::getenv("WEIR_S3_TEST");
  if (!server) return;
  const std::string address = address_on(server, "uploads");
  S3Client client(S3Address::parse(address), S3Credentials::of_environment());
  S3Http http(client.address().host, client.address().port, client.address().tls, std::chrono::seconds(10));
  const auto ask = [&](const std::string& method, const std::string& path,
                       const std::map<std::string, std::string>& query) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      try {
        S3Request request{method, path, query, {}, ""};
        sign(request, client.address(), S3Credentials::of_environment(), "20260101T000000Z");
        const S3Response response = http.exchange(request);
        if (response.status == 200) return response.body;
      } catch (const NoAnswer&) {  // through a network that loses some
      }
    }
    throw std::runtime_error("the server does not answer");
  };
  const auto uploads = [&] {
    return xml_elements(ask("GET", "/weir-test", {{"uploads", ""}, {"prefix", client.address().prefix}}),
                        "Upload")
        .size();
  };
  ask("POST", "/weir-test/" + client.address().prefix + "files/abc", {{"uploads", ""}});
  REQUIRE(uploads() >= 1);
  make_s3_store(address);
  CHECK(uploads() == 0);
}

TEST_CASE("A bucket that is not there is named, and no empty one is taken for it", "[s3]") {
  const char* server = std::getenv("WEIR_S3_TEST");
  if (!server) return;
  const auto store = make_s3_store(fmt::format("s3://nowhere/p?endpoint={}", server), StoreClaim::kLater);
  CHECK_THAT(failure_of([&] { store->claim(); }, ExitCode::kUsage), Catch::Contains("nowhere"));
  CHECK_THAT(failure_of([&] { store->epochs(); }, ExitCode::kUsage), Catch::Contains("nowhere"));
}

TEST_CASE("A server that does not answer is a reason to restart, not to fail") {
  ::setenv("AWS_ACCESS_KEY_ID", "test", 0);
  ::setenv("AWS_SECRET_ACCESS_KEY", "testing-secret", 0);
  const auto store = make_s3_store("s3://b/p?endpoint=http://127.0.0.1:1", StoreClaim::kLater);
  CHECK_THROWS_AS(store->epochs(), RestartJob);
}

}  // namespace weir
