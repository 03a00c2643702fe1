#include <weir/operators/lookup_cache.hpp>

namespace weir::detail {

namespace {

Counter& lookups_counter(const OperatorContext& context, const char* result) {
  return context.metrics->counter("weir_lookups_total", "Lookups, by where their answer came from.",
                                  {{"operator", std::string(context.name)},
                                   {"worker", std::to_string(context.worker)},
                                   {"result", result}});
}

}  // namespace

LookupCache::LookupCache(const LookupSettings& settings, Duration request_limit,
                         const OperatorContext& context)
    : settings_(settings),
      request_limit_(request_limit),
      hits_(lookups_counter(context, "cached")),
      joined_(lookups_counter(context, "joined")),
      misses_(lookups_counter(context, "requested")) {}

std::optional<std::uint64_t> LookupCache::ask(const std::string& key, std::shared_ptr<AsyncTicket> ticket,
                                              EventTime now) {
  std::string bytes;
  {
    const std::lock_guard lock(mutex_);
    if (!known(key, now, bytes)) {
      Asked& asked = asked_[key];
      const bool under_way = !asked.waiting.empty() && now < saturating_add(asked.since, request_limit_);
      asked.waiting.push_back(std::move(ticket));
      if (under_way) {
        joined_.add(1);
        return std::nullopt;
      }
      misses_.add(1);
      asked.request = ++requests_;
      asked.since = now;
      return asked.request;
    }
  }
  hits_.add(1);
  ticket->answer(AsyncAnswer::Kind::kRows, std::move(bytes));
  return std::nullopt;
}

void LookupCache::answer(const std::string& key, std::uint64_t request, AsyncAnswer::Kind kind,
                         const std::string& bytes, bool missing) {
  std::vector<std::shared_ptr<AsyncTicket>> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto asked = asked_.find(key);
    if (asked == asked_.end() || asked->second.request != request) return;
    waiting = std::move(asked->second.waiting);
    if (kind == AsyncAnswer::Kind::kRows) {
      const Duration ttl = missing ? settings_.missing_ttl.value_or(settings_.ttl) : settings_.ttl;
      if (ttl.count() > 0) remember(key, bytes, saturating_add(asked->second.since, ttl));
    }
    asked_.erase(asked);
  }
  for (const auto& ticket : waiting) ticket->answer(kind, bytes);
}

bool LookupCache::known(const std::string& key, EventTime now, std::string& bytes) {
  const auto found = index_.find(key);
  if (found == index_.end()) return false;
  const Recent::iterator entry = found->second;
  if (entry->expires <= now) {
    index_.erase(found);
    recent_.erase(entry);
    return false;
  }
  recent_.splice(recent_.begin(), recent_, entry);
  bytes = entry->bytes;
  return true;
}

void LookupCache::remember(const std::string& key, const std::string& bytes, EventTime expires) {
  if (settings_.cache_entries == 0) return;
  if (const auto found = index_.find(key); found != index_.end()) {
    const Recent::iterator old = found->second;
    index_.erase(found);
    recent_.erase(old);
  }
  recent_.push_front({key, bytes, expires});
  index_.emplace(recent_.front().key, recent_.begin());
  if (recent_.size() <= settings_.cache_entries) return;
  index_.erase(recent_.back().key);
  recent_.pop_back();
}

LookupTicket::~LookupTicket() {
  if (!answered_.load(std::memory_order_acquire))
    answer(AsyncAnswer::Kind::kFailed, "the request was let go without an answer");
}

void LookupTicket::answer(AsyncAnswer::Kind kind, const std::string& bytes, bool missing) {
  if (answered_.exchange(true, std::memory_order_acq_rel)) return;
  cache_->answer(key_, request_, kind, bytes, missing);
}

}  // namespace weir::detail
