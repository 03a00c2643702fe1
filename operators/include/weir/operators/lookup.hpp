#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/async.hpp>
#include <weir/operators/lookup_cache.hpp>

namespace weir {

/// Where the answer to a lookup's request goes. Like AsyncResult: any thread, the first call counts, safe when all else is gone.
template <class Value>
class LookupResult {
 public:
  using ValueType = Value;
  explicit LookupResult(std::shared_ptr<detail::LookupTicket> ticket) : ticket_(std::move(ticket)) {}

  /// What the service knows of the key; copied, with its text, before this returns.
  void found(const Value& value) const {
    ticket_->answer(detail::AsyncAnswer::Kind::kRows, encoded(std::optional<Value>(value)));
  }
  /// There is no such key. Remembered, too.
  void missing() const { ticket_->answer(detail::AsyncAnswer::Kind::kRows, encoded(std::nullopt), true); }
  /// The request failed, and may be made again as the options say.
  void fail(const std::string& reason) const { ticket_->answer(detail::AsyncAnswer::Kind::kFailed, reason); }
  /// The request failed, and making it again would not help.
  void refuse(const std::string& reason) const {
    ticket_->answer(detail::AsyncAnswer::Kind::kRefused, reason);
  }
  /// As AsyncResult::environment().
  Environment& environment() const { return ticket_->environment(); }

 private:
  static std::string encoded(const std::optional<Value>& value) {
    std::string bytes;
    detail::append_result(bytes, value);
    return bytes;
  }

  std::shared_ptr<detail::LookupTicket> ticket_;
};

namespace detail {

template <class T>
struct ValueOfResult;
template <class Value>
struct ValueOfResult<LookupResult<Value>> {
  using Type = Value;
};

/// What a fetch brings: its `Value`, or what its second parameter says, which is no secret unless it is a generic lambda.
template <class Fetch>
struct FetchedBy : FetchedBy<decltype(&Fetch::operator())> {};
template <class Fetch>
requires requires { typename Fetch::Value; }
struct FetchedBy<Fetch> {
  using Value = typename Fetch::Value;
};
template <class Class, class Key, class Result>
struct FetchedBy<void (Class::*)(Key, Result) const> {
  using Value = typename ValueOfResult<std::remove_cvref_t<Result>>::Type;
};
template <class Class, class Key, class Result>
struct FetchedBy<void (Class::*)(Key, Result)> : FetchedBy<void (Class::*)(Key, Result) const> {};
template <class Key, class Result>
struct FetchedBy<void (*)(Key, Result)> {
  using Value = typename ValueOfResult<std::remove_cvref_t<Result>>::Type;
};

/// The start of the AsyncOperator under a lookup: asks the cache first.
template <class Row, class Out, class KeyOf, class Fetch, class Join>
class LookupStart {
 public:
  using Fetched = typename FetchedBy<Fetch>::Value;
  using Value = std::optional<Fetched>;
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const Row&>>;

  LookupStart(std::shared_ptr<LookupCache> cache, KeyOf key_of, Fetch fetch, Join join)
      : cache_(std::move(cache)),
        key_of_(std::move(key_of)),
        fetch_(std::move(fetch)),
        join_(std::move(join)) {}

  void operator()(const Row& row, AsyncResult<Value> result, EventTime now) {
    const Key key = std::invoke(key_of_, row);
    std::string bytes;
    StateCodec<Key>::encode(bytes, key);
    Environment& environment = result.environment();
    const auto request = cache_->ask(bytes, result.ticket(), now);
    if (!request) return;
    fetch_(key, LookupResult<Fetched>(
                    std::make_shared<LookupTicket>(cache_, std::move(bytes), *request, environment)));
  }
  Out finish(const Row& row, const Value& value, Arena& arena) {
    const Fetched* fetched = value ? &*value : nullptr;
    if constexpr (std::invocable<Join&, const Row&, const Fetched*, Arena&>)
      return join_(row, fetched, arena);
    else return join_(row, fetched);
  }

 private:
  std::shared_ptr<LookupCache> cache_;
  KeyOf key_of_;
  Fetch fetch_;
  Join join_;
};

}  // namespace detail

/// Under the hood an AsyncOperator, whose rules hold here too. In front of the service stands a cache for each worker, which is
/// no state: it starts cold after a restart, and its answers may be as old as LookupOptions::ttl(). Rows that want a key for
/// which a request is under way wait for that one.
template <class Row, class From, class Chain>
template <class Out, class KeyOf, class Fetch, class Join, class OnFailure>
AsyncStream<Out, detail::AsyncFailed<OnFailure, Row>> Stream<Row, From, Chain>::lookup(
    const std::string& name, KeyOf key_of, Fetch fetch, Join join, LookupOptions<OnFailure> options) const {
  static_assert(
      std::invocable<const KeyOf&, const Row&>,
      "weir: lookup() takes a member of this stream's row type, or a function of (const Row&), for the key");
  using Start = detail::LookupStart<Row, Out, KeyOf, Fetch, Join>;
  static_assert(
      std::is_invocable_r_v<Out, Join&, const Row&, const typename Start::Fetched*>,
      "weir: lookup<Out>() takes a function of (const Row&, const Value*) that returns Out, for the join");
  const AsyncSettings& requests = options.async().settings();
  return detail::add_async<Row, Out, Start>(
      *this, name, requests.ordered ? "lookup, ordered" : "lookup, unordered",
      [key_of, fetch, join, cache = options.settings(),
       limit = requests.attempt_timeout.value_or(requests.timeout)](const OperatorContext& context) {
        return Start(std::make_shared<detail::LookupCache>(cache, limit, context), key_of, fetch, join);
      },
      options.async());
}

}  // namespace weir
