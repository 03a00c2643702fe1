#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/core/batch.hpp>

namespace weir {

namespace {

/// Counts how many of it there are.
struct Counted {
  static inline int alive = 0;
  std::string text;
  Counted() { ++alive; }
  explicit Counted(std::string t) : text(std::move(t)) { ++alive; }
  Counted(const Counted& other) : text(other.text) { ++alive; }
  Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
};

struct Large {
  char bytes[64 * 1024];
};
struct alignas(64) Aligned {
  char byte;
};
struct Hashed {
  std::uint64_t hash;
};
std::uint64_t ledger_hash(const Hashed& row) { return row.hash; }

}  // namespace

TEST_CASE("A batch destroys its rows when it drops, clears or ends") {
  {
    RowBatch<Counted> batch(8);
    for (int n = 0; n < 8; ++n) batch.append(Counted(std::string(50, 'x')), EventTime{n});
    CHECK(Counted::alive == 8);
    CHECK(batch.full());
    CHECK(batch.room() == 0);
    batch.drop_last();
    CHECK(Counted::alive == 7);
    CHECK(batch.time(6) == EventTime{6});
    static_cast<Counted*>(batch.append_default())->text = "last";
    CHECK(batch.time(7) == EventTime::min());
    CHECK(batch[7].text == "last");
    CHECK(static_cast<const Counted*>(batch.row(7)) == &batch[7]);
    batch.clear();
    CHECK(Counted::alive == 0);
    CHECK(batch.empty());
    batch.append(Counted("again"), EventTime{1});
  }
  CHECK(Counted::alive == 0);
}

TEST_CASE("A batch holds about a thousand rows, fewer where they are large") {
  CHECK(RowBatch<int>().capacity() == 1024);
  CHECK(RowBatch<char[200]>::kCapacity == 655);
  CHECK(RowBatch<Large>().capacity() == 64);
  RowBatch<Aligned> aligned;
  CHECK(reinterpret_cast<std::uintptr_t>(aligned.data()) % 64 == 0);
}

TEST_CASE("Rows copied into another batch keep their text alive by sharing its arena") {
  RowBatch<std::string_view> last(64);
  {
    RowBatch<std::string_view> middle(64);
    {
      RowBatch<std::string_view> first(64);
      for (int n = 0; n < 64; ++n)
        first.append(first.arena().copy("text number " + std::to_string(n)), EventTime{n});
      middle.share_arenas(first);
      for (int n = 0; n < 64; n += 2)
        middle.append(first[static_cast<std::size_t>(n)], first.time(static_cast<std::size_t>(n)));
      first.clear();  // must not reuse what the other batch points to
      first.append(first.arena().copy("overwritten, were it the same memory"), EventTime{0});
    }
    middle.append(middle.arena().copy("its own"), EventTime{99});
    last.share_arenas(middle);
    last.share_arenas(middle);
    for (const std::string_view text : middle.rows()) last.append(text, EventTime{0});
  }
  for (std::size_t i = 0; i < 32; ++i) CHECK(last[i] == "text number " + std::to_string(2 * i));
  CHECK(last[32] == "its own");
}

TEST_CASE("A cleared batch lets go of shared arenas and uses its own again") {
  ArenaRef shared = ArenaRef::make();
  RowBatch<std::string_view> batch(64);
  batch.share(shared);
  batch.share(shared);
  CHECK_FALSE(shared.is_unique());
  const Arena* own = &batch.arena();
  batch.arena().copy("text");
  batch.clear();
  CHECK(shared.is_unique());
  CHECK(&batch.arena() == own);
  RowBatch<std::string_view> other(64);
  other.share_arenas(batch);
  batch.clear();
  CHECK(&batch.arena() != own);
}

TEST_CASE("A digest does not depend on order, and tells one lost, doubled or changed row") {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> hashes(1 + random() % 100);
    for (auto& hash : hashes) hash = random() % 3 == 0 ? random() % 8 : random();
    const auto digest_of = [](const std::vector<std::uint64_t>& of) {
      Digest digest;
      for (const std::uint64_t hash : of) digest.add(hash);
      return digest;
    };
    const Digest digest = digest_of(hashes);
    std::shuffle(hashes.begin(), hashes.end(), random);
    REQUIRE(digest_of(hashes) == digest);
    Digest left, right;
    for (std::size_t i = 0; i < hashes.size(); ++i) (i % 3 ? left : right).add(hashes[i]);
    left.add(right);
    REQUIRE(left == digest);
    auto changed = hashes;
    changed[random() % changed.size()] ^= std::uint64_t{1} << random() % 64;
    REQUIRE(digest_of(changed) != digest);
    auto lost = hashes;
    lost.pop_back();
    REQUIRE(digest_of(lost) != digest);
    auto doubled = hashes;
    doubled.back() = doubled.front();
    REQUIRE((digest_of(doubled) != digest || hashes.back() == hashes.front()));
  }
}

TEST_CASE("The digest of a batch covers rows that carry a hash, and their times") {
  RowBatch<Hashed> a(4), b(4), c(4), d(4);
  a.append(Hashed{1}, EventTime{5});
  a.append(Hashed{2}, EventTime{6});
  b.append(Hashed{2}, EventTime{6});
  b.append(Hashed{1}, EventTime{5});
  c.append(Hashed{1}, EventTime{6});
  c.append(Hashed{2}, EventTime{5});
  d.append(Hashed{1}, EventTime{5});
  d.append(Hashed{3}, EventTime{6});
  CHECK(a.digest() == b.digest());
  CHECK(a.digest() != c.digest());
  CHECK(a.digest() != d.digest());
  CHECK(a.digest().count == 2);
}

}  // namespace weir
