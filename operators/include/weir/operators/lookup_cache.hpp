#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/operators/async_options.hpp>
#include <weir/operators/async_result.hpp>

namespace weir::detail {

/// What one worker's lookup knows: answers by key, the least recently used forgotten first, and who waits for which key. Keys
/// and answers are bytes. Asked by its worker, answered by any thread; goes on living while requests are under way.
class LookupCache {
 public:
  /// `request_limit`: a request that is older is not waited for by further rows.
  LookupCache(const LookupSettings& settings, Duration request_limit, const OperatorContext& context);

  /// Answers `ticket` from the cache, or lets it wait for an answer that is under way. Otherwise gives the number of the request
  /// that the caller is to make.
  std::optional<std::uint64_t> ask(const std::string& key, std::shared_ptr<AsyncTicket> ticket,
                                   EventTime now);
  /// The answer to a request, as the tickets want it. Any thread.
  void answer(const std::string& key, std::uint64_t request, AsyncAnswer::Kind kind, const std::string& bytes,
              bool missing);

 private:
  struct Known {
    std::string key;
    std::string bytes;
    EventTime expires;
  };
  using Recent = std::list<Known>;
  struct Asked {
    std::uint64_t request;
    EventTime since;
    std::vector<std::shared_ptr<AsyncTicket>> waiting;
  };

  bool known(const std::string& key, EventTime now, std::string& bytes);
  void remember(const std::string& key, const std::string& bytes, EventTime expires);

  const LookupSettings settings_;
  const Duration request_limit_;
  Counter& hits_;
  Counter& joined_;
  Counter& misses_;
  std::mutex mutex_;  // guards the rest
  Recent recent_;     ///< the most recently used first
  std::unordered_map<std::string_view, Recent::iterator> index_;
  std::unordered_map<std::string, Asked> asked_;
  std::uint64_t requests_ = 0;
};

/// One request of a cache: answered once, failed when it is let go.
class LookupTicket {
 public:
  LookupTicket(std::shared_ptr<LookupCache> cache, std::string key, std::uint64_t request,
               Environment& environment)
      : cache_(std::move(cache)), key_(std::move(key)), request_(request), environment_(environment) {}
  ~LookupTicket();
  LookupTicket(const LookupTicket&) = delete;
  LookupTicket& operator=(const LookupTicket&) = delete;

  void answer(AsyncAnswer::Kind kind, const std::string& bytes, bool missing = false);
  Environment& environment() const { return environment_; }

 private:
  const std::shared_ptr<LookupCache> cache_;
  const std::string key_;
  const std::uint64_t request_;
  Environment& environment_;
  std::atomic<bool> answered_{false};
};

}  // namespace weir::detail
