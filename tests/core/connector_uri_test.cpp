#include <catch2/catch.hpp>

#include <weir/core/connector.hpp>
#include <weir/core/error.hpp>
#include <weir/core/redaction.hpp>

using weir::ConnectorUri;

namespace {

std::string complaint_about(const std::string& text) {
  try {
    ConnectorUri::parse(text);
  } catch (const weir::FailJob& failure) {
    CHECK(failure.code() == weir::ExitCode::kUsage);
    return failure.what();
  }
  return "";
}

}  // namespace

TEST_CASE("ConnectorUri reads relative, absolute and pattern paths") {
  CHECK(ConnectorUri::parse("file:data/flights.csv").path == "data/flights.csv");
  CHECK(ConnectorUri::parse("file:DIR/*.csv").path == "DIR/*.csv");
  CHECK(ConnectorUri::parse("file:/abs/x.csv").path == "/abs/x.csv");
  CHECK(ConnectorUri::parse("file:///abs/x.csv").path == "/abs/x.csv");
  CHECK(ConnectorUri::parse("file:a%3Fb").path == "a%3Fb");

  const ConnectorUri out = ConnectorUri::parse("file:out/?format=jsonl");
  CHECK(out.scheme == "file");
  CHECK(out.path == "out/");
  CHECK(out.parameters.at("format") == "jsonl");
}

TEST_CASE("ConnectorUri separates an authority from its path") {
  const ConnectorUri uri = ConnectorUri::parse("kafka://127.0.0.1:19092,127.0.0.1:19093/flights?format=json");
  CHECK(uri.scheme == "kafka");
  CHECK(uri.authority == "127.0.0.1:19092,127.0.0.1:19093");
  CHECK(uri.path == "flights");
  CHECK(uri.parameters == std::map<std::string, std::string>{{"format", "json"}});
  CHECK(ConnectorUri::parse("kafka://host").path.empty());
  CHECK(ConnectorUri::parse("kafka:flights").path == "flights");
  CHECK(ConnectorUri::parse("print:").path.empty());
}

TEST_CASE("ConnectorUri reads parameters and undoes percent-encoding in their values only") {
  const ConnectorUri uri =
      ConnectorUri::parse("generator:?events=10&seed=7&rate=2.5&x=a%20b%26c%3dd&empty=&eq=a=b");
  CHECK(uri.parameters.at("events") == "10");
  CHECK(uri.parameters.at("seed") == "7");
  CHECK(uri.parameters.at("rate") == "2.5");
  CHECK(uri.parameters.at("x") == "a b&c=d");
  CHECK(uri.parameters.at("empty").empty());
  CHECK(uri.parameters.at("eq") == "a=b");
}

TEST_CASE("ConnectorUri refuses what is no address and says why") {
  CHECK_THAT(complaint_about("flights.csv"),
             Catch::Contains("`flights.csv`") && Catch::Contains("scheme:path"));
  CHECK_THAT(complaint_about(":x"), Catch::Contains("scheme:path"));
  CHECK_THAT(complaint_about("C:\\x"), Catch::Contains("scheme:path"));
  CHECK_THAT(complaint_about("file:x?format"), Catch::Contains("key=value"));
  CHECK_THAT(complaint_about("file:x?=csv"), Catch::Contains("key=value"));
  CHECK_THAT(complaint_about("file:x?a=1&a=2"), Catch::Contains("`a` is given twice"));
  for (const char* bad : {"file:x?a=%", "file:x?a=%1", "file:x?a=%zz"})
    CHECK_THAT(complaint_about(bad), Catch::Contains("%25"));
  CHECK(complaint_about("file:x?a=%25").empty());
}

TEST_CASE("ConnectorUri hides secrets wherever an address is shown") {
  const ConnectorUri uri = ConnectorUri::parse("kafka://host/t?format=json&sasl.password=hunter2&acks=all");
  CHECK(uri.redacted() == "kafka://host/t?format=json&sasl.password=***&acks=all");
  CHECK(uri.parameters.at("sasl.password") == "hunter2");
  CHECK(ConnectorUri::parse("kafka://me:hunter2@host/t").redacted() == "kafka://me:***@host/t");
  CHECK(ConnectorUri::parse("kafka://host:9092/t@x").redacted() == "kafka://host:9092/t@x");
  CHECK_THAT(complaint_about("kafka://host/t?sasl.password=hunter2&oops"), !Catch::Contains("hunter2"));
  CHECK_THAT(complaint_about("kafka://host/t?sasl.password=hunter%2"), !Catch::Contains("hunter"));
}

TEST_CASE("user and password are hidden in addresses of every form") {
  const std::pair<const char*, const char*> cases[] = {
      {"s3://AKIA:wJalr/XUt+nFE@bucket/p?region=eu", "s3://AKIA:***@bucket/p?region=eu"},
      {"s3://AKIA:what?now@bucket/p", "s3://AKIA:***@bucket/p"},
      {"https://ghp_token@host/x", "https://***@host/x"},
      {"s3://b/p?endpoint=http://ann:pw9@127.0.0.1:9000&region=eu",
       "s3://b/p?endpoint=http://ann:***@127.0.0.1:9000&region=eu"},
      {"s3://b?endpoint=http%3A%2F%2Fann%3Apw9%40host", "s3://b?endpoint=http://ann:***@host"},
      {"kafka:t?brokers=ann:pw9@h:9092&x=a@b", "kafka:t?brokers=ann:***@h:9092&x=a@b"},
      {"s3://b/p?secret_access_key=x1&region=eu", "s3://b/p?secret_access_key=***&region=eu"},
      {"https://h/x?X-Amz-Signature=abc&X-Amz-Credential=def",
       "https://h/x?X-Amz-Signature=***&X-Amz-Credential=***"},
      {"savepoint:s3://u:pw9@b/p", "savepoint:s3://u:***@b/p"},
      {"kafka://a:9092,b:9093/t@x", "kafka://a:9092,b:9093/t@x"},
      {"http://[::1]:80/a@b", "http://[::1]:80/a@b"},
      {"file:out/a@b.csv?x=http://h/p", "file:out/a@b.csv?x=http://h/p"},
      {"http://h:80/p?mail=a@b", "http://h:80/p?mail=a@b"}};
  for (const auto& [given, shown] : cases) CHECK(weir::redacted_address(given) == shown);
  std::vector<std::string> hidden;
  weir::redacted_address("x://u:a%40b@h?token=c%2Bd&endpoint=http://v:e@h", &hidden);
  CHECK(hidden == std::vector<std::string>{"a%40b", "a@b", "c%2Bd", "c+d", "e", "e"});
}

TEST_CASE("is_secret knows the names that secrets have") {
  for (const char* key : {"sasl.password",         "PASSWORD",        "ssl.key.pem",   "ssl.key.password",
                          "ssl_keystore_password", "client-secret",   "oauth.token",   "sasl.jaas.config",
                          "credentials",           "private_key",     "privateKey",    "secret_access_key",
                          "aws-access-key-id",     "X-Amz-Signature", "pwd",           "Authorization",
                          "sasl.pasword",          "sasl.passwrod",   "client_secert", "ssl.key.passwort"})
    CHECK(weir::is_secret(key));
  for (const char* key : {"format", "key", "keys", "sasl.username", "ssl.ca.location", "partition.key",
                          "acks", "passengers", "author", "signal"})
    CHECK_FALSE(weir::is_secret(key));
}
