// Two processes for one job: the first is stopped at a point, anywhere; a second one takes over, commits and is quiet; then the first goes on, and a third starts. Here
// processes are threads with a store object each, so that every point is tried in a moment; tests/kill does some of it with processes and a broker.
#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <weir/checkpoint/commit_protocol.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "store_scratch.hpp"

namespace weir {

namespace {

/// What a log keeps, and who may write it.
struct SharedLog {
  std::mutex mutex;
  std::uint64_t holder = 0;
  std::optional<std::string> record;
};

class FencingLog final : public CommitLog {
 public:
  explicit FencingLog(SharedLog& shared) : shared_(shared) {}
  std::optional<std::string> look() override { return last_record(); }
  void fence() override {
    const std::lock_guard lock(shared_.mutex);
    holder_ = ++shared_.holder;
  }
  std::optional<std::string> last_record() override {
    const std::lock_guard lock(shared_.mutex);
    return shared_.record;
  }
  void claim(const std::string& record) override { write(record); }
  void commit(Epoch, const std::string& record) override {
    write(record);
    kill_point("after_commit");
  }

 private:
  void write(const std::string& record) {
    const std::lock_guard lock(shared_.mutex);
    if (holder_ != shared_.holder) throw Fenced("fenced");
    shared_.record = record;
  }
  SharedLog& shared_;
  std::uint64_t holder_ = 0;
};

/// Stops one thread the n-th time that it comes to some point, until it is told to go on.
class Stop {
 public:
  static constexpr int kNever = 1 << 30;

  explicit Stop(int nth) : left_(nth) {
    running = this;
    detail::kill_hook = [](const char* point) { running->pass(point); };
  }
  ~Stop() { detail::kill_hook = nullptr; }
  void watch(std::thread::id thread) {
    const std::lock_guard lock(mutex_);
    thread_ = thread;
  }
  /// Waits until the thread stands, or has ended. The point at which it stands; empty: it has come to its end.
  std::string await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return standing_ || ended_; });
    return point_;
  }
  void go_on() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  std::vector<std::string> passed() {
    const std::lock_guard lock(mutex_);
    return passed_;
  }

 private:
  void pass(const char* point) {
    std::unique_lock lock(mutex_);
    if (std::this_thread::get_id() != thread_) return;
    passed_.push_back(point);
    if (left_-- != 1) return;
    point_ = point;
    standing_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_; });
  }

  static inline Stop* running = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread::id thread_;
  int left_;
  bool standing_ = false, released_ = false, ended_ = false;
  std::string point_;
  std::vector<std::string> passed_;
};

/// The state of the job at an epoch: some files that stay, some that change, some whose content comes back.
std::vector<SnapshotFile> files_at(Epoch epoch) {
  std::vector<SnapshotFile> files;
  files.push_back({"always", "", "the same in each epoch", false});
  files.push_back({"now and then", "", fmt::format("one of three: {}", epoch % 3), false});
  files.push_back({"new", "", fmt::format("of epoch {}", epoch), false});
  return files;
}

/// A place of checkpoints that several processes open.
struct Place {
  StoreScratch scratch;
  std::string address = (scratch / "store").string();
  SharedLog log;
  bool remote = false;

  std::unique_ptr<CheckpointStore> open() const {
    return remote ? make_s3_store(address, StoreClaim::kLater)
                  : make_directory_store(address, StoreClaim::kLater);
  }
};

class JobProcess {
 public:
  explicit JobProcess(Place& place)
      : store_(place.open()),
        log_(place.log),
        protocol_(*store_, &log_, {}, [this](const std::string& trouble) { troubles.push_back(trouble); }) {}

  void start() {
    const RecoveryPoint point = protocol_.recover({"job", "0", kNoEpoch, false});
    restored = point.manifest ? point.manifest->epoch : kNoEpoch;
    next_ = point.next_epoch;
    if (point.manifest) check_files(*point.manifest);
  }
  void commit(int times) {
    for (int n = 0; n < times; ++n) {
      Manifest manifest = manifest_of(next_, {});
      manifest.instance = "0";
      for (const SnapshotFile& file : files_at(next_))
        manifest.shards.at(0).files.push_back(store_->put(file));
      protocol_.commit(manifest);
      committed = next_++;
    }
  }
  void check_files(const Manifest& manifest) {
    std::vector<std::string> expected, found;
    for (const SnapshotFile& file : files_at(manifest.epoch)) expected.push_back(file.bytes);
    for (const StoredFile& file : manifest.shards.at(0).files) found.push_back(store_->get(file, "").bytes);
    CHECK(found == expected);
  }

  Epoch restored = kNoEpoch, committed = kNoEpoch;
  std::vector<std::string> troubles;

 private:
  std::unique_ptr<CheckpointStore> store_;
  FencingLog log_;
  CommitProtocol protocol_;
  Epoch next_ = 1;
};

constexpr int kCommits = 4;

/// Something to clean up.
void earlier_lives(Place& place) {
  JobProcess earlier(place);
  earlier.start();
  earlier.commit(3);
}

/// Runs the first process until it stands at its n-th point. Returns the point; empty when it has come to its end before.
std::string take_over_at(Place& place, int nth, bool crowded) {
  if (crowded) earlier_lives(place);
  Stop stop(nth);
  std::string failure;
  std::thread first([&] {
    stop.watch(std::this_thread::get_id());
    try {
      JobProcess process(place);
      process.start();
      process.commit(kCommits);
    } catch (const Fenced&) {
    } catch (const RestartJob&) {  // it tries once more, and is told then
    } catch (const std::exception& unexpected) {
      failure = unexpected.what();
    }
    stop.end();
  });
  const std::string point = stop.await();
  INFO("stopped at " << point << ", the " << nth << ". in all");
  Epoch committed = kNoEpoch;
  {
    JobProcess second(place);
    REQUIRE_NOTHROW(second.start());
    REQUIRE_NOTHROW(second.commit(3));
    CHECK(second.troubles.empty());
    committed = second.committed;
    stop.go_on();
    first.join();
    CHECK(failure.empty());
    // Quiet, or not: what it relies on is still there.
    if (nth % 2 == 0) {
      REQUIRE_NOTHROW(second.commit(2));
      committed = second.committed;
    }
  }
  JobProcess third(place);
  REQUIRE_NOTHROW(third.start());
  CHECK(third.restored == committed);
  REQUIRE_NOTHROW(third.commit(2));
  CHECK(third.troubles.empty());
  return point;
}

/// Of each point the last occurrence: with a server, all would take minutes.
std::vector<int> last_of_each_point(Place& place) {
  earlier_lives(place);
  Stop stop(Stop::kNever);
  stop.watch(std::this_thread::get_id());
  JobProcess process(place);
  process.start();
  process.commit(kCommits);
  const std::vector<std::string> passed = stop.passed();
  std::map<std::string, int> last;
  for (std::size_t n = 0; n < passed.size(); ++n) last[passed[n]] = static_cast<int>(n) + 1;
  std::vector<int> places;
  for (const auto& [point, nth] : last) places.push_back(nth);
  return places;
}

}  // namespace

TEST_CASE("A process that wakes up when it has a successor does that one no harm, wherever it stood",
          "[takeover]") {
  const bool crowded = GENERATE(false, true);
  std::set<std::string> seen;
  for (int nth = 1;; ++nth) {
    Place place;
    const std::string point = take_over_at(place, nth, crowded);
    if (point.empty()) break;
    seen.insert(point);
  }
  for (const char* point :
       {"after_fence_before_read", "before_log_claim", "claim_before_owner", "claim_before_check",
        "claim_before_earlier", "after_claim", "before_manifest_rename", "after_manifest_durable",
        "after_commit", "before_note_committed", "before_retain", "retain_before_manifest",
        "retain_before_file"}) {
    if (!crowded && std::string(point) == "claim_before_earlier") continue;
    INFO(point);
    CHECK(seen.contains(point));
  }
}

TEST_CASE("A process that wakes up when it has a successor does that one no harm on S3", "[takeover]") {
  const char* server = std::getenv("WEIR_S3_TEST");
  if (!server) return;
  const auto address = [&](int n) {
    return fmt::format("s3://weir-test/takeover-{}-{}?endpoint={}", ::getpid(), n, server);
  };
  Place first;
  first.remote = true;
  first.address = address(0);
  for (const int nth : last_of_each_point(first)) {
    Place place;
    place.remote = true;
    place.address = address(nth);
    take_over_at(place, nth, true);
  }
}

}  // namespace weir
