#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "json_format.hpp"
#include "plain_json.hpp"
#include "rows.hpp"

namespace {

struct Leaf {
  std::int64_t n = 0;
  std::string_view n1;  // begins as the field before
};
BOOST_DESCRIBE_STRUCT(Leaf, (), (n, n1))
struct Branch {
  std::optional<Leaf> leaf;
  weir::EventTime at;
  std::optional<weir::EventTime> until;
};
BOOST_DESCRIBE_STRUCT(Branch, (), (leaf, at, until))
/// As an event that is one of several kinds.
struct Tree {
  std::int32_t kind = 0;
  std::optional<Branch> left = Branch{};
  std::optional<Branch> right;
  Leaf leaf;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (kind, left, right, leaf))

struct Optionals {
  std::optional<bool> on = true;
  std::optional<double> d = 1;
  std::optional<float> f;
  std::optional<std::uint64_t> u64;
  std::optional<std::string> owned = "default";
};
BOOST_DESCRIBE_STRUCT(Optionals, (), (on, d, f, u64, owned))

/// Documents of a schema: most of them good, as programs write them; some odd in one way or another.
class Documents {
 public:
  explicit Documents(std::uint64_t seed) : random_(seed) {}

  /// With `odd` 0 all of it is written plainly; else one thing of `odd` is not.
  std::string make(const weir::RowSchema& schema, std::size_t odd) {
    odd_ = odd;
    blank_ = below(4) == 0 ? " " : "";
    std::string out;
    append(schema, out);
    return out;
  }

  std::string damaged(std::string document) {
    static const std::string kBytes =
        "{}[]\",:\\ \n\t\r\0"
        "0123456789-+.eEtfn\xC3\xA9\xFF\x80\xED\x1f\x7f";
    switch (below(6)) {
      case 0:
        document.resize(below(document.size()));
        break;
      case 1:
        document.erase(below(document.size()), 1 + below(3));
        break;
      case 2:
        document.insert(below(document.size() + 1), 1, kBytes[below(kBytes.size())]);
        break;
      case 3: {
        const std::size_t from = below(document.size());
        document += document.substr(from, below(20));
        break;
      }
      default:
        document[below(document.size())] =
            below(3) == 0 ? static_cast<char>(random_()) : kBytes[below(kBytes.size())];
    }
    return document;
  }

  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  bool odd() { return odd_ > 0 && below(odd_) == 0; }

  std::string pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void append(const weir::RowSchema& schema, std::string& out) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < schema.fields.size(); ++i)
      if (!schema.fields[i].optional || below(3) > 0) order.push_back(i);
    if (order.empty()) order.push_back(0);
    if (below(16) == 0) std::shuffle(order.begin(), order.end(), random_);
    if (odd()) order.push_back(order.front());
    if (odd()) order.pop_back();
    out += '{';
    for (std::size_t i = 0; i < order.size(); ++i) {
      const weir::Field& field = schema.fields[order[i]];
      if (i > 0) out += odd() ? ", \n" : "," + blank_;
      if (odd()) out += R"("other":{"n":[1,"}"]},)";
      out += odd() ? fmt::format("\"\\u{:04x}{}\"", field.name[0], field.name.substr(1))
                   : fmt::format("\"{}\"", field.name);
      out += odd() ? " : " : ":" + blank_;
      append(field, out);
    }
    out += odd() ? " }" : "}";
  }

  void append(const weir::Field& field, std::string& out) {
    if (odd()) {
      out += pick({"null", "true", "false", "\"\"", "{}", "[]", "1", "nul", "truex", "-", "", "1e400", "-1e2",
                   "{", "\"2\""});
      return;
    }
    if (field.optional && below(4) == 0) {
      out += "null";
      return;
    }
    switch (field.type) {
      case weir::FieldType::kBool:
        out += below(2) == 0 ? "true" : "false";
        return;
      case weir::FieldType::kFloat:
      case weir::FieldType::kDouble:
        return append_real(out);
      case weir::FieldType::kText:
      case weir::FieldType::kOwnedText:
        return append_text(out);
      case weir::FieldType::kEventTime:
        return append_time(out);
      case weir::FieldType::kStruct:
        return append(*field.nested, out);
      default:
        return append_integer(field.type, out);
    }
  }

  void append_integer(weir::FieldType type, std::string& out) {
    if (odd()) {
      out += pick({"-0",
                   "01",
                   "-01",
                   "00",
                   "1.0",
                   "1e3",
                   "1E+2",
                   "+1",
                   "127",
                   "128",
                   "-128",
                   "-129",
                   "255",
                   "256",
                   "32767",
                   "32768",
                   "65536",
                   "2147483648",
                   "4294967296",
                   "9223372036854775807",
                   "9223372036854775808",
                   "-9223372036854775808",
                   "-9223372036854775809",
                   "18446744073709551615",
                   "18446744073709551616",
                   "999999999999999999",
                   "1000000000000000000",
                   "000000000000000000001",
                   "1.",
                   "1_0",
                   "0x1"});
      return;
    }
    const bool is_signed = type <= weir::FieldType::kInt64;
    if (is_signed && below(4) == 0) out += '-';
    const std::size_t most =
        type == weir::FieldType::kInt64 || type == weir::FieldType::kUInt64 ? 1'000'000'000'000'000 : 100;
    out += std::to_string(below(below(2) == 0 ? 10 : most) + 1);
  }
  void append_real(std::string& out) {
    if (odd()) {
      out += pick({"-0",
                   "-0.0",
                   "0e0",
                   "1.",
                   ".5",
                   "01.5",
                   "1e5",
                   "1e-320",
                   "4.9406564584124654e-324",
                   "1e-400",
                   "3.5e38",
                   "-1e39",
                   "1.7976931348623157e308",
                   "1.7976931348623159e308",
                   "0.1e",
                   "1e+",
                   "nan",
                   "inf",
                   "-",
                   "--1",
                   "340282350000000000000000000000000000000",
                   "123456789012345678901234567890.5",
                   "0.30000000000000004441",
                   "9007199254740993",
                   "1.00000000000000011102230246251565404236316680908203125"});
      return;
    }
    if (below(3) == 0) out += '-';
    out += std::to_string(below(100'000));
    if (below(2) == 0) out += fmt::format(".{}", below(below(2) == 0 ? 1000 : 10'000'000'000'000'000));
  }
  void append_time(std::string& out) {
    if (below(2) == 0) return append_integer(weir::FieldType::kInt64, out);
    out += odd() ? pick({"\"2013-02-30\"", "\"\"", "\"2013-01-01T10:00:00\\u005a\"",
                         "\"2013-01-01T10:00:00+2\"", "\"13\""})
                 : fmt::format("\"20{:02}-0{}-1{}T1{}:0{}:00.{}Z\"", below(100), 1 + below(9), below(10),
                               below(10), below(10), below(1000));
  }
  void append_text(std::string& out) {
    out += '"';
    for (std::size_t n = below(4); n > 0; --n) {
      if (odd())
        out += pick({"\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\x", "\t",
                     std::string("\0", 1), "\xFF", "\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80",
                     "\x80"});
      else if (below(8) == 0) out += pick({"Zürich", "日本", "\xF0\x9F\x98\x80", "\x7f", "{}[],:", "null"});
      else out += std::string(below(below(8) == 0 ? 60 : 12), static_cast<char>('a' + below(26)));
    }
    out += '"';
  }

  std::mt19937_64 random_;
  std::size_t odd_ = 0;
  std::string blank_;
};

/// What a decoder made of a record, as text.
template <class Row>
class Outcome {
 public:
  std::string of(weir::RowDecoder& decoder, const std::string& document) {
    batch_.clear();
    std::string reason;
    bool good = false;
    {
      // A block of exactly that size, gone when the row is looked at: reads past its end and rows that point into it show.
      const std::unique_ptr<char[]> exact(new char[document.size()]);
      std::copy(document.begin(), document.end(), exact.get());
      good = decoder.decode({exact.get(), document.size()}, batch_, reason);
    }
    if (!good) return "refused: " + reason + (batch_.empty() ? "" : ", but a row is there");
    std::string out;
    encoder_->encode(batch_.row(0), out);
    return out;
  }

 private:
  weir::RowBatch<Row> batch_;
  std::unique_ptr<weir::RowEncoder> encoder_ = weir::make_json_encoder(weir::row_schema<Row>());
};

template <class Row>
void compare_decoders(std::size_t documents) {
  const weir::RowSchema& schema = weir::row_schema<Row>();
  const std::uint64_t seed = 20'260 + schema.fields.size();
  Documents random(seed);
  const auto decoder = weir::make_json_decoder(schema), general = weir::make_general_json_decoder(schema);
  Outcome<Row> outcome;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < documents; ++i) {
    // Plain ones in between: after many others, the short way is not tried.
    std::string document = random.make(schema, i % 2 == 0 ? 0 : 30);
    if (i % 4 > 1) document = random.damaged(document);
    const std::string expected = outcome.of(*general, document), got = outcome.of(*decoder, document);
    if (got != expected)
      FAIL("seed " << seed << ", document " << i << ": " << document << "\n" << got << "\n" << expected);
    refused += expected.starts_with("refused") ? 1 : 0;
  }
  CHECK(refused > documents / 10);
  CHECK(refused < documents * 3 / 4);
}

/// How many of the documents the short way takes.
template <class Row>
std::size_t taken(std::size_t documents, std::size_t odd) {
  const weir::RowSchema& schema = weir::row_schema<Row>();
  Documents random(7);
  weir::PlainJson plain(schema);
  weir::RowBatch<Row> batch;
  std::size_t count = 0;
  for (std::size_t i = 0; i < documents; ++i) {
    count += plain.decode(random.make(schema, odd), batch, batch.append_default()) ? 1 : 0;
    batch.clear();
  }
  return count;
}

}  // namespace

TEST_CASE("Records give the same rows and complaints with the short way as without") {
  compare_decoders<rows::Everything>(60'000);
  compare_decoders<Tree>(40'000);
  compare_decoders<Optionals>(40'000);
  compare_decoders<rows::Flight>(30'000);
  compare_decoders<rows::Line>(20'000);
}

TEST_CASE("PlainJson takes every record that is written plainly") {
  CHECK(taken<rows::Everything>(1000, 0) == 1000);
  CHECK(taken<Tree>(1000, 0) == 1000);
  CHECK(taken<Optionals>(1000, 0) == 1000);
  CHECK(taken<rows::Line>(1000, 0) == 1000);
}

TEST_CASE("PlainJson stops looking at a stream of other records, and comes back when they are plain again") {
  weir::PlainJson plain(weir::row_schema<rows::Line>());
  weir::RowBatch<rows::Line> batch;
  const auto takes = [&](std::string_view record) {
    batch.clear();
    return plain.decode(record, batch, batch.append_default());
  };
  const std::string_view good = R"({"text":"a"})", other = R"({"text":"a","more":1})";
  CHECK(takes(good));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(takes(other));
  CHECK_FALSE(takes(good));
  int waited = 1;
  while (!takes(good)) ++waited;
  CHECK(waited < 64);
  CHECK(takes(good));
}
