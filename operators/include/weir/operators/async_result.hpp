#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace detail {

/// What came of one request for one row. Rows travel as bytes, so that no answer depends on anyone's memory.
struct AsyncAnswer {
  enum class Kind : std::uint8_t {
    kRows,     ///< `bytes` holds the results, each after its length (4)
    kFailed,   ///< `bytes` says why; may be repeated
    kRefused,  ///< `bytes` says why; to repeat it is of no use
  };
  std::uint64_t row = 0;
  std::uint32_t attempt = 0;
  Kind kind = Kind::kFailed;
  std::string bytes;
};

/// Where answers of all threads meet their operator.
class AsyncInbox {
 public:
  AsyncInbox(std::function<void()> wake, Environment& environment)
      : wake_(std::move(wake)), environment_(environment) {}

  /// Any thread. Does nothing after close().
  void put(AsyncAnswer answer);
  /// The operator goes: from now on nobody is woken.
  void close();
  bool empty() const { return !filled_.load(std::memory_order_acquire); }
  /// All answers, in the order they came.
  std::vector<AsyncAnswer> take();
  Environment& environment() const { return environment_; }

 private:
  std::atomic<bool> filled_{false};
  std::mutex mutex_;
  std::function<void()> wake_;  ///< empty: closed
  std::vector<AsyncAnswer> answers_;
  Environment& environment_;
};

/// One request for one row: answered once. Whoever lets go of it without an answer has failed it.
class AsyncTicket {
 public:
  AsyncTicket(std::shared_ptr<AsyncInbox> inbox, std::uint64_t row, std::uint32_t attempt)
      : inbox_(std::move(inbox)), row_(row), attempt_(attempt) {}
  ~AsyncTicket();
  AsyncTicket(const AsyncTicket&) = delete;
  AsyncTicket& operator=(const AsyncTicket&) = delete;

  /// Any thread; the first call counts, later ones do nothing.
  void answer(AsyncAnswer::Kind kind, std::string bytes);
  Environment& environment() const { return inbox_->environment(); }

 private:
  const std::shared_ptr<AsyncInbox> inbox_;
  const std::uint64_t row_;
  const std::uint32_t attempt_;
  std::atomic<bool> answered_{false};
};

template <class Out>
void append_result(std::string& bytes, const Out& out) {
  const std::size_t begin = bytes.size();
  append_number(bytes, std::uint32_t{0});
  StateCodec<Out>::encode(bytes, out);
  const auto length = static_cast<std::uint32_t>(bytes.size() - begin - sizeof(std::uint32_t));
  std::memcpy(bytes.data() + begin, &length, sizeof length);
}

}  // namespace detail

/// Where the answer to a request goes. Copies stand for the same request. Everything may be called from any thread, also
/// inside the function that was given it, and also when the operator, the attempt or the job are gone: then it does nothing.
/// The first call counts, later ones do nothing. When all copies go without a call the request has failed.
template <class Out>
class AsyncResult {
 public:
  explicit AsyncResult(std::shared_ptr<detail::AsyncTicket> ticket) : ticket_(std::move(ticket)) {}

  /// The result; copied, with its text, before this returns.
  void complete(const Out& row) const {
    std::string bytes;
    detail::append_result(bytes, row);
    ticket_->answer(detail::AsyncAnswer::Kind::kRows, std::move(bytes));
  }
  /// Any number of results, also none.
  void complete(const std::vector<Out>& rows) const {
    std::string bytes;
    for (const Out& row : rows) detail::append_result(bytes, row);
    ticket_->answer(detail::AsyncAnswer::Kind::kRows, std::move(bytes));
  }
  /// The request failed, and may be made again as the options say. `reason` is for people.
  void fail(std::string reason) const {
    ticket_->answer(detail::AsyncAnswer::Kind::kFailed, std::move(reason));
  }
  /// The request failed, and making it again would not help.
  void refuse(std::string reason) const {
    ticket_->answer(detail::AsyncAnswer::Kind::kRefused, std::move(reason));
  }

  /// Of the job: its clocks, and run_blocking() for clients that can only block. Requires: the job has not ended.
  Environment& environment() const { return ticket_->environment(); }
  const std::shared_ptr<detail::AsyncTicket>& ticket() const { return ticket_; }

 private:
  std::shared_ptr<detail::AsyncTicket> ticket_;
};

}  // namespace weir
